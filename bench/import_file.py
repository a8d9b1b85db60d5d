#!/usr/bin/env python3
"""What the import of a large file takes: rows a second, and the memory of both sides.

F1  people/s of `pathways import`, from the start of the command to its end
F2  peak resident memory of the command
F3  peak resident memory of `pathways serve`, which registers, screens and refers meanwhile
F4  seconds after the import until everything that follows from it is done

Each round makes a file of synthetic people like those of the sample day, without faults, and imports
it into an empty store. Every household must be registered, and each screened exactly once; else the
figures are void and this exits 1.

Usage: import_file.py --build build/release [--people N] [--rounds N]
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from _embedded_server import EmbeddedServer, Store, environment, run
from _report import ROOT, Report, machine

sys.path.insert(0, str(ROOT / "samples"))  # Before this folder, which has a screening.py too.
import generate  # noqa: E402
import people  # noqa: E402

_IMPORT_SECONDS = 1800
_SETTLE_SECONDS = 1800
_REGISTERED = "pathways.intake.v1.CaseRegistered"
_SCREENED = "pathways.eligibility.v1.CaseScreened"


def write_file(path, total, seed):
    """Writes a CSV with so many people; returns the number of households."""
    draw = people.Draw(seed)
    households = generate.made_households(draw, total)
    generate.write_rows(draw, households)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(generate.COLUMNS) + "\n")
        for household in households:
            file.writelines(generate.csv_line(row) for row in household.rows)
    return len(households)


def run_import(command, token):
    """Runs the import; returns seconds and peak MiB."""
    start = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment(), "PATHWAYS_TOKEN": token},
        cwd=ROOT,
    )
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - start
    if process.returncode != 0:
        raise RuntimeError(f"import exited {process.returncode}")
    return took, usage.ru_maxrss / 1024


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
    rates, client, server_peak, settles, faults = [], [], [], [], []
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("import_file", machine(folder))
        with report.part("F"):
            for number in range(options.rounds):
                file = pathlib.Path(folder, f"people{number}.csv")
                households = write_file(file, options.people, seed=number + 1)
                data = pathlib.Path(folder, f"data{number}")
                run([pathways, "keys", "init", "--data", data], timeout=30)
                show = [pathways, "token", "show", "staff/desk", "--data", data]
                token = run(show, timeout=30).strip()
                with EmbeddedServer(pathways, data) as server:
                    command = [pathways, "import", file, "--address", server.address]
                    took, peak = run_import(command, token)
                    start = time.monotonic()
                    server.settle(_SETTLE_SECONDS)
                    settles.append(time.monotonic() - start)
                    server_peak.append(server.memory_mib("VmHWM"))
                rates.append(options.people / took)
                client.append(peak)
                faults += faults_of(data, households)
            people_ = f"{options.people:,} people"
            report.figure("F1", rates, "1/s", f"people imported a second, CSV of {people_}")
            report.figure("F2", client, "MiB", "peak resident memory of the import")
            report.figure("F3", server_peak, "MiB", "peak resident memory of pathways serve")
            report.figure("F4", settles, "s", "until the rest was screened and referred")
    for fault in faults:
        report.void(fault)
    report.finish()
    return 1 if faults or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
