#!/usr/bin/env python3
"""What the import of a large file takes: rows a second, and the memory of both sides.

F1  people/s of `pathways import` of a CSV, from the start of the command to its end
F2  peak resident memory of the command
F3  peak resident memory of `pathways serve`, which registers, screens and refers meanwhile
F4  seconds after the import until everything that follows from it is done
F5  people/s of `pathways import` of an xlsx with the same rows
F6  peak resident memory of the command
F7  people/s of `pathways import --dry-run` of the CSV: without a service, what the file takes
F8  people/s of `pathways import --dry-run` of the xlsx
F9  peak resident memory of the process that reads the xlsx

Each round makes a file of synthetic people like those of the sample day, without faults, and imports
it as each of the two into an empty store. Every household must be registered, and each screened exactly once; else the
figures are void and this exits 1.

Usage: import_file.py --build build/release [--people N] [--rounds N]
"""

import argparse
import csv
import datetime
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.sax.saxutils
import zipfile

from _embedded_server import EmbeddedServer, Store, environment, run
from _report import ROOT, Report, machine

sys.path.insert(0, str(ROOT / "samples"))  # Before this folder, which has a screening.py too.
import generate  # noqa: E402
import people  # noqa: E402

# Of the registrations: what is timed does not hang on it.
_DAY = datetime.date(2023, 8, 14)
_SETTLE_SECONDS = 1800
_LOOK_SECONDS = 0.02
_REGISTERED = "pathways.intake.v1.CaseRegistered"
_SCREENED = "pathways.eligibility.v1.CaseScreened"


def write_file(path, total, seed):
    """Writes a CSV with so many people; returns the number of households."""
    draw = people.Draw(seed)
    households = generate.made_households(draw, total, _DAY)
    generate.write_rows(draw, households, _DAY)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(generate.COLUMNS) + "\n")
        for household in households:
            file.writelines(generate.csv_line(row) for row in household.rows)
    return len(households)


_XLSX = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="xml" ContentType="application/xml"/></Types>',
    "_rels/.rels": "<Relationships xmlns="
    '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="'
    'http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": "<workbook xmlns="
    '"http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
    '<sheet name="Day" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": "<Relationships xmlns="
    '"http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="'
    'http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
    'Target="sheet.xml"/><Relationship Id="rId2" Type="'
    'http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" '
    'Target="strings.xml"/></Relationships>',
}


def write_xlsx(csv_path, path):
    """Writes the rows of a CSV as the first sheet of an xlsx, as Excel would: each text once."""
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    strings = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in _XLSX.items():
            archive.writestr(name, content)
        with archive.open("xl/sheet.xml", "w") as sheet, csv_path.open(newline="", encoding="utf-8") as file:
            sheet.write(f"<worksheet {main}><sheetData>".encode())
            for number, row in enumerate(csv.reader(file), 1):
                cells = "".join(
                    f'<c r="{chr(65 + column)}{number}" t="s"><v>{strings.setdefault(text, len(strings))}</v></c>'
                    for column, text in enumerate(row)
                    if text
                )
                sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")
        texts = "".join(f"<si><t>{xml.sax.saxutils.escape(text)}</t></si>" for text in strings)
        archive.writestr("xl/strings.xml", f"<sst {main}>{texts}</sst>")


def _peak_mib(process_id):
    """Peak resident memory of a process so far; 0 where it has ended."""
    try:
        status = pathlib.Path(f"/proc/{process_id}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0]) / 1024 if peaks else 0


def _children(process_id):
    try:
        return pathlib.Path(f"/proc/{process_id}/task/{process_id}/children").read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def run_import(command, token):
    """Runs the import; returns seconds, and peak MiB of the command and of its reader.

    The peaks are looked at while it runs: what wait4 tells has this program's own memory in it, as it
    was before the command took its place.
    """
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment(), "PATHWAYS_TOKEN": token},
        cwd=ROOT,
    )
    peak = reader_peak = 0
    try:
        while process.poll() is None:
            reader_peak = max([reader_peak, *(_peak_mib(child) for child in _children(process.pid))])
            peak = max(peak, _peak_mib(process.pid))
            time.sleep(_LOOK_SECONDS)
    except BaseException:
        process.kill()
        raise
    took = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"import exited {process.returncode}")
    return took, peak, reader_peak


def faults_of(data, households):
    with Store(data) as store:
        by_type = "SELECT stream FROM events WHERE type = ?"
        registered = store.column("intake", by_type, _REGISTERED)
        screened = store.column("eligibility", by_type, _SCREENED)
        found = {
            "households registered": len(registered),
            "cases screened": len(set(screened)),
            "screenings": len(screened),
        }
    return [f"{what}: {count}, not {households}" for what, count in found.items() if count != households]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    build = options.build.resolve()
    pathways = build / "services/pathways/pathways"
    figures = {name: [] for name in ("F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9")}
    faults = []
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("import_file", machine(folder))
        with report.part("F"):
            for number in range(options.rounds):
                sheet = pathlib.Path(folder, f"people{number}.xlsx")
                table = pathlib.Path(folder, f"people{number}.csv")
                households = write_file(table, options.people, seed=number + 1)
                write_xlsx(table, sheet)
                for file, rate, memory, check in ((table, "F1", "F2", "F7"), (sheet, "F5", "F6", "F8")):
                    dry = [pathways, "import", file, "--dry-run", "--facts", ROOT / "policies/facts"]
                    figures[check].append(options.people / run_import(dry, "")[0])
                    data = pathlib.Path(folder, f"data{number}{file.suffix}")
                    run([pathways, "keys", "init", "--data", data], timeout=30)
                    show = [pathways, "token", "show", "staff/desk", "--data", data]
                    token = run(show, timeout=30).strip()
                    with EmbeddedServer(pathways, data) as server:
                        command = [pathways, "import", file, "--address", server.address]
                        took, peak, reader_peak = run_import(command, token)
                        start = time.monotonic()
                        server.settle(_SETTLE_SECONDS)
                        if file is sheet:
                            figures["F9"].append(reader_peak)
                        else:
                            figures["F4"].append(time.monotonic() - start)
                            figures["F3"].append(server.memory_mib("VmHWM"))
                    figures[rate].append(options.people / took)
                    figures[memory].append(peak)
                    faults += faults_of(data, households)
            people_ = f"{options.people:,} people"
            for name, unit, what in (
                ("F1", "1/s", f"people imported a second, CSV of {people_}"),
                ("F2", "MiB", "peak resident memory of the import, CSV"),
                ("F3", "MiB", "peak resident memory of pathways serve"),
                ("F4", "s", "until the rest was screened and referred"),
                ("F5", "1/s", f"people imported a second, xlsx of {people_}"),
                ("F6", "MiB", "peak resident memory of the import, xlsx"),
                ("F7", "1/s", "people checked a second by a dry run, CSV"),
                ("F8", "1/s", "people checked a second by a dry run, xlsx"),
                ("F9", "MiB", "peak resident memory of the reader of the xlsx"),
            ):
                report.figure(name, figures[name], unit, what)
    for fault in faults:
        report.void(fault)
    report.finish()
    return 1 if faults or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
