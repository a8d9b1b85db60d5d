#!/usr/bin/env python3
"""Figures of `pathways serve`, the whole pathway in one process on SQLite.

E1  the sample day wholly processed, agencies' answers included
E2  start to SERVING on an existing store, by the health check of gRPC
E3  resident memory when idle
E4  registrations/s of the group commit ÷ the same build with one transaction per call

Each E4 round loads one server for a few seconds, waits until all that followed from it is done, and
then does the same with the other. At the end every case that was answered OK must be stored exactly
once and screened exactly once; else the figures of the file are void and this exits 1.

Usage: embedded.py --build build/release
"""

import argparse
import collections
import contextlib
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from _embedded_server import SERVICES, EmbeddedServer, Store, environment, read_line, run
from _embedded_server import serve_arguments
from _report import ROOT, Report, fsync_ms, machine

_ROUNDS = 5
_IN_FLIGHT = 256
_RUN_MS = 2000
_FSYNC_MS_MIN = 0.2  # Below it a commit costs next to nothing, and there is nothing to share.
_INTAKE = "pathways.intake.v1.IntakeService"
_REGISTERED = "pathways.intake.v1.CaseRegistered"
_SCREENED = "pathways.eligibility.v1.CaseScreened"


class Bench:
    def __init__(self, build, folder):
        self.folder = pathlib.Path(folder)
        self.pathways = build / "services/pathways/pathways"
        self.load = build / "bench/load_registrations"
        self.await_serving = build / "bench/await_serving"

    def data(self, name):
        """A new data folder with keys."""
        data = self.folder / name
        run([self.pathways, "keys", "init", "--data", data], timeout=30)
        return data

    def serve(self, data, *flags):
        return EmbeddedServer(self.pathways, data, *flags)


def differences(day, expected):
    """Names of the counts that are not as expected.json says."""
    wanted = {**expected, "refused_rows": len(expected["refused_rows"])}
    names = ["households", "registered_households", "registered_people", "refused_households"]
    names += ["refused_rows", "screened", "referral_states"]
    return [name for name in names if day[name] != wanted[name]]


def measure_day(bench, report):
    """E1. Returns the data folder of the last round."""
    sample = bench.folder / "sample"
    generate = [sys.executable, "-B", ROOT / "samples/generate.py"]
    run([*generate, "--day", "today", "--out", sample], timeout=60)
    expected = json.loads((sample / "expected.json").read_text())
    seconds = []
    for number in range(_ROUNDS + 1):  # The first is the warm-up.
        data = bench.data(f"day{number}")
        command = [bench.pathways, "demo", "--once", "--output", "json", *serve_arguments(data)]
        command += ["--file", sample / "tapachula-day.csv"]
        command += ["--answers", "samples/agency-answers.csv"]
        printed = run(command, timeout=120)  # A line with the addresses, then the figures.
        day = json.loads(printed[printed.index("{") :])
        seconds.append(day["seconds"])
        if wrong := differences(day, expected):
            report.void(f"E1: {', '.join(wrong)} differ from expected.json")
    report.figure("E1", seconds[1:], "s", "sample day of 1,500 people, wholly processed", "< 2")
    return data


def start_ms(bench, data):
    """Starts once; returns milliseconds to SERVING, and the server, which the caller leaves."""
    with subprocess.Popen(
        [bench.await_serving], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment()
    ) as watch:
        try:
            read_line(watch.stdout, 30, "await_serving")
            start = time.monotonic()
            server = bench.serve(data)
            watch.stdin.write(f"{server.address} {_INTAKE}\n".encode())
            watch.stdin.flush()
            read_line(watch.stdout, 60, "await_serving")
            return (time.monotonic() - start) * 1000, server
        except BaseException:
            watch.kill()
            raise


def measure_start(bench, report, data):
    """E2 and E3, on the store that the sample day left."""
    starts, anonymous, resident = [], [], []
    for _ in range(_ROUNDS + 1):
        took, server = start_ms(bench, data)
        with server:
            server.wait_idle()
            starts.append(took)
            anonymous.append(server.memory_mib("RssAnon"))
            resident.append(server.memory_mib("VmRSS"))
    report.figure("E2", starts[1:], "ms", "serve: start to SERVING, sample day's store", "< 100")
    report.figure("E3", anonymous[1:], "MiB", "serve: RssAnon when idle, just started", "<= 20")
    report.figure("E3.vmrss", resident[1:], "MiB", "serve: VmRSS, with the program's own pages")


Round = collections.namedtuple("Round", "rate p50_ms p99_ms cpu_us settle_seconds")


class Side:
    """One of the two servers that E4 compares, and what it answered."""

    def __init__(self, bench, name, *flags):
        self._bench, self.name = bench, name
        self.data = bench.data(name)
        self.token = run(
            [bench.pathways, "token", "show", "staff/desk", "--data", self.data], timeout=30
        ).strip()
        self.server = bench.serve(self.data, *flags)
        self.rounds, self.answered = [], []

    def load(self, seed):
        answered = self.data / "answered"
        command = [self._bench.load, f"--address={self.server.address}", f"--token={self.token}"]
        command += [f"--in_flight={_IN_FLIGHT}", f"--run_ms={_RUN_MS}", f"--seed={seed}"]
        cpu = self.server.cpu_seconds()
        result = json.loads(run([*command, f"--answered={answered}"], timeout=120))
        start = time.monotonic()
        self.server.settle()
        settle_seconds = time.monotonic() - start
        cpu = self.server.cpu_seconds() - cpu
        self.answered += [line.split()[0] for line in answered.read_text().splitlines()]
        self.rounds.append(
            Round(
                rate=result["ok"] / result["seconds"],
                p50_ms=result["p50_ms"],
                p99_ms=result["p99_ms"],
                cpu_us=cpu * 1e6 / result["ok"],
                settle_seconds=settle_seconds,
            )
        )

    def figures(self, report, side):
        for field, unit, meaning in [
            ("rate", "1/s", "registrations answered OK"),
            ("p50_ms", "ms", "median from call to answer"),
            ("p99_ms", "ms", "99th percentile from call to answer"),
            ("cpu_us", "us", "processor time per registration, screened and referred"),
            ("settle_seconds", "s", "until the rest of a round was screened and referred"),
        ]:
            values = [getattr(round_, field) for round_ in self.rounds[1:]]
            report.figure(f"E4.{self.name}.{field}", values, unit, f"{side}: {meaning}")


def history_faults(side):
    """What a server lost or doubled of what it answered; empty when all is right."""
    faults = []

    def expect(what, found, wanted):
        if found != wanted:
            faults.append(f"{side.name}: {what}: {found}, not {wanted}")

    answered = collections.Counter(name.removeprefix("cases/") for name in side.answered)
    with Store(side.data) as store:
        by_type = "SELECT stream FROM events WHERE type = ?"
        registered = collections.Counter(store.column("intake", by_type, _REGISTERED))
        screened = collections.Counter(store.column("eligibility", by_type, _SCREENED))
        expect("answered OK and not registered", (answered - registered).total(), 0)
        expect("registered and never answered", (registered - answered).total(), 0)
        expect("answered OK and not screened", (answered - screened).total(), 0)
        expect("screened too often", (screened - answered).total(), 0)
        expect("cases answered twice", answered.total() - len(answered), 0)
        expect("requests kept", store.count("intake", "requests"), len(answered))
        for service in SERVICES:
            expect(f"parked at {service}", store.count(service, "parked"), 0)
            expect(f"behind at {service}", store.count(service, "behind"), 0)
    return faults


def measure_group_commit(bench, report):
    """E4, and what a server that has worked looks like. Returns the faults of the history."""
    with contextlib.ExitStack() as stack:
        group = Side(bench, "group")
        stack.enter_context(group.server)
        single = Side(bench, "single", "--batch-max", "1")
        stack.enter_context(single.server)
        fsyncs = []
        for number in range(_ROUNDS + 1):
            fsyncs.append(fsync_ms(group.data))
            for side in (group, single):
                side.load(seed=number + 1)
        group.server.wait_idle()
        worked = group.server.memory_mib("RssAnon")
    group.figures(report, "group commit")
    single.figures(report, "one transaction per call")
    fsync = report.figure("E4.fsync", fsyncs[1:], "ms", "append and fsync of one page")
    report.figure("E3.worked", [worked], "MiB", "serve: RssAnon, idle after the load of E4")
    if fsync < _FSYNC_MS_MIN:
        report.void(f"E4: median fsync {fsync:.2f} ms is under {_FSYNC_MS_MIN} ms")
    pairs = zip(group.rounds[1:], single.rounds[1:])
    ratio = statistics.median(a.rate / b.rate for a, b in pairs)
    meaning = f"registrations/s ÷ one transaction per call, {_IN_FLIGHT} calls in flight"
    report.ratio("E4", ratio, 5, meaning)

    starts = []
    for _ in range(_ROUNDS):
        took, server = start_ms(bench, group.data)
        with server:
            starts.append(took)
    cases = f"{len(group.answered):,}"
    report.figure("E2.grown", starts, "ms", f"serve: start to SERVING, {cases} cases", "< 300")
    return history_faults(group) + history_faults(single)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    build = parser.parse_args().build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        bench = Bench(build, folder)
        report = Report("embedded", machine(folder))
        faults = []
        # A part that fails is void and leaves the others' figures.
        with report.part("E1, E2, E3"):
            measure_start(bench, report, measure_day(bench, report))
        with report.part("E4"):
            faults = measure_group_commit(bench, report)
    for fault in faults:
        report.void(f"E4: {fault}")
    report.finish()
    return 1 if faults or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
