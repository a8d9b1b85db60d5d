#!/usr/bin/env python3
"""Screening by the rules of `policies/current`, all pathways, for made-up cases.

R5       nanoseconds a case of C++ written by hand for the same rules ÷ ours, part by part in turn,
         both from the message of facts to one outcome per pathway and unit
R5.cel   nanoseconds of cel-go (one program per pathway, typed variables) ÷ ours
R5.opa   nanoseconds of OPA's prepared query, one for the whole case, ÷ ours

All engines must give the same answers to all cases; else the figures are void and this exits 1. The
peers need Go, which builds them from bench/peers/screening; without it only R5 is measured, and
this says so.

Usage: screening.py --build build/release [--cases N]
"""

import argparse
import filecmp
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from _embedded_server import run
from _report import ROOT, Report, machine

_PARTS = 10
_GO_MIN = (1, 26)  # Of go.mod.
_PEERS = {"cel": ("cel-go", 10), "opa": ("OPA", 30)}


def build_peers(folder):
    """The program with the other engines; a reason where it cannot be built."""
    if not shutil.which("go"):
        return None, "there is no Go on this machine"
    version = run(["go", "env", "GOVERSION"], timeout=60).strip().removeprefix("go")
    if tuple(int(part) for part in version.split(".")[:2]) < _GO_MIN:
        return None, f"Go is {version}, and they need {'.'.join(map(str, _GO_MIN))}"
    program = folder / "peers"
    built = subprocess.run(
        ["go", "build", "-o", program, "."],
        cwd=ROOT / "bench/peers/screening",
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode != 0:
        return None, f"Go could not build them: {built.stderr.strip().splitlines()[-1]}"
    return program, None


def measure_peer(program, name, folder, ours, arguments, report, our_ns):
    """One engine on the same cases. Whether its answers are ours."""
    outcomes = folder / f"outcomes.{name}"
    flags = [f"-engine={name}", f"-facts={folder / 'facts'}", f"-outcomes={outcomes}"]
    flags += [f"-part={arguments.cases // _PARTS}", f"-filing-from={ours['filing_from']}"]
    result = json.loads(run([program, *flags], timeout=3600))
    title, goal = _PEERS[name]
    theirs = report.figure(f"R5.{name}.ns", result["ns"], "ns", f"a case, {title}")
    meaning = f"{title} ÷ ours, the same answers"
    report.ratio(f"R5.{name}", theirs / our_ns, goal, meaning)
    return filecmp.cmp(folder / "outcomes", outcomes, shallow=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cases", type=int, default=100_000)
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as name:
        folder = pathlib.Path(name)
        report = Report("screening", machine(folder))
        sides = [build / "bench/screening_sides", f"--cases={arguments.cases}", f"--parts={_PARTS}"]
        sides += [f"--facts={folder / 'facts'}", f"--outcomes={folder / 'outcomes'}"]
        ours = json.loads(run(sides, timeout=3600))
        medians = {}
        for key, meaning in (
            ("hand", "a case, C++ written by hand for these rules"),
            ("ours", "a case, ours"),
            ("full", "a case, ours, with every criterion, what is missing and what would change it"),
        ):
            medians[key] = report.figure(f"R5.{key}.ns", ours[f"{key}_ns"], "ns", meaning)
        ratio = statistics.median(a / b for a, b in zip(ours["hand_ns"], ours["ours_ns"]))
        report.ratio("R5", ratio, 0.7, "by hand ÷ ours, the same answers")
        wrong = [f"{ours['differ']} cases are answered otherwise by hand"] if ours["differ"] else []
        program, reason = build_peers(folder)
        for peer in _PEERS if program else ():
            if not measure_peer(program, peer, folder, ours, arguments, report, medians["ours"]):
                wrong.append(f"{_PEERS[peer][0]} answers otherwise")
        for fault in wrong:
            report.void(fault)
        if reason:
            print(f"R5.cel, R5.opa: not measured: {reason}")
    report.finish()
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
