#!/usr/bin/env python3
"""R1: durable intake on PostgreSQL against what gRPC and PostgreSQL allow.

echo     registrations a second that a server answers which only sends them back
append   cases a second that one connection writes to PostgreSQL: the rows of intake, in
         transactions as large as intake's were, and nothing else
group    registrations a second of `intake`: checked, sealed, decided, audited, committed; its relay
         publishes them meanwhile
quiet    the same while the broker is away, so that nothing is published until the round is over
single   the same program as group, with one transaction for each call

R1 is group ÷ 1/(1/echo + 1/append), R1.quiet the same of quiet, R1.single group ÷ single; each is
the median of the rounds' ratios. The sides take turns within a round, and the machine does nothing
else. At the end every case that was answered OK must be stored and published exactly once.

Usage: intake.py --build build/release [--rounds N]
"""

import argparse
import collections
import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile

from _cluster import Cluster, Deployment, Process, wait_until
from _report import Report, fsync_ms, machine

_IN_FLIGHT = 256
_RUN_MS = 3000
_SETTLE_SECONDS = 120

Round = collections.namedtuple("Round", "rate p50_ms p99_ms cpu_us batch")


class Side:
    """One `intake` and what it answered."""

    def __init__(self, cluster, name, *flags, kafka=None):
        self.cluster, self.name = cluster, name
        self.deployment = Deployment(cluster, name)
        self._flags, self._kafka = flags, kafka
        self.answered, self.rounds = [], []

    def __enter__(self):
        self.deployment.start("intake", *self._flags, kafka=self._kafka)
        return self

    def __exit__(self, *_):
        self.deployment.__exit__()

    def _position(self):
        return self.deployment.number("intake", "SELECT max(position) FROM events")

    def load(self, seed):
        process = self.deployment.running["intake"]
        before, cpu = self._position(), process.cpu_seconds()
        result, cases = self.cluster.load(
            self.deployment.address("intake"), in_flight=_IN_FLIGHT, run_ms=_RUN_MS, seed=seed
        )
        self.settle()
        cpu = process.cpu_seconds() - cpu
        self.answered += [case for case, _ in cases]
        sizes = "SELECT count(*) / count(DISTINCT xmin::text)::float FROM events "
        batch = float(self.deployment.query("intake", f"{sizes} WHERE position > {before}")[0][0])
        round_ = Round(
            rate=result["ok"] / result["seconds"],
            p50_ms=result["p50_ms"],
            p99_ms=result["p99_ms"],
            cpu_us=cpu * 1e6 / result["ok"],
            batch=batch,
        )
        self.rounds.append(round_)
        return round_

    def settle(self):
        wait_until("relay", lambda: self.deployment.relayed("intake"), _SETTLE_SECONDS)

    def figures(self, report, side):
        for field, unit, meaning in [
            ("rate", "1/s", "registrations answered OK"),
            ("p50_ms", "ms", "median from call to answer"),
            ("p99_ms", "ms", "99th percentile from call to answer"),
            ("cpu_us", "us", "processor time of intake per registration, published"),
            ("batch", "cases", "registrations in one transaction"),
        ]:
            values = [getattr(round_, field) for round_ in self.rounds[1:]]
            report.figure(f"R1.{self.name}.{field}", values, unit, f"{side}: {meaning}")

    def faults(self):
        """What was lost or doubled of what was answered; empty when all is right."""
        found = []

        def expect(what, number, wanted):
            if number != wanted:
                found.append(f"{self.name}: {what}: {number}, not {wanted}")

        rows = self.deployment.query(
            "intake", "SELECT encode(stream, 'escape') FROM events WHERE number = 1"
        )
        registered = collections.Counter(row[0] for row in rows)
        answered = collections.Counter(self.answered)
        expect("answered OK and not registered", (answered - registered).total(), 0)
        expect("registered and never answered", (registered - answered).total(), 0)
        requests = self.deployment.number("intake", "SELECT count(*) FROM requests")
        expect("requests kept", requests, len(self.answered))
        audited = self.deployment.number("intake", "SELECT count(*) FROM audit")
        expect("audit rows", audited, len(self.answered))
        checked = self.cluster.measure(
            "relay_sides",
            mode="check",
            database=self.deployment.database("intake"),
            kafka=self.cluster.kafka.bootstrap,
            topic=f"{self.deployment.prefix}pathways.intake.events.v1",
        )
        for what in ("lost", "doubled", "foreign", "disordered"):
            expect(f"records {what}", checked[what], 0)
        return found


class Limits:
    """The echo server and the database that is only appended to."""

    def __init__(self, cluster):
        self._cluster = cluster
        self._target = Deployment(cluster, "append")
        self._server = Process(
            "echo", cluster.program("echo_server"), cluster.folder, stdin=subprocess.PIPE
        )
        self._address = f"127.0.0.1:{self._server.read_line()}"
        self.echo, self.append = [], []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.stop()

    def measure_echo(self, seed):
        result, _ = self._cluster.load(
            self._address, in_flight=_IN_FLIGHT, run_ms=_RUN_MS, seed=seed
        )
        self.echo.append(result["ok"] / result["seconds"])

    def measure_append(self, source, batch):
        result = self._cluster.measure(
            "append_cases",
            **{"from": source, "to": self._target.database("intake")},
            batch=max(1, round(batch)),
            run_ms=_RUN_MS,
        )
        self.append.append(result["cases"] / result["seconds"])

    def combined(self):
        return [1 / (1 / a + 1 / b) for a, b in zip(self.echo, self.append)]


def measure(cluster, report, rounds):
    """Returns the faults of the history."""
    with contextlib.ExitStack() as stack:
        limits = stack.enter_context(Limits(cluster))
        group = stack.enter_context(Side(cluster, "group"))
        quiet = stack.enter_context(Side(cluster, "quiet", kafka="127.0.0.1:9"))
        single = stack.enter_context(Side(cluster, "single", "--batch-max", "1"))
        # Nothing is published by this one, so there is nothing to wait for.
        quiet.settle = lambda: None
        fsyncs = []
        for number in range(rounds + 1):  # The first is the warm-up.
            fsyncs.append(fsync_ms(cluster.folder))
            batch = group.load(seed=number + 1).batch
            limits.measure_echo(seed=number + 1)
            quiet.load(seed=number + 1)
            limits.measure_append(group.deployment.database("intake"), batch)
            single.load(seed=number + 1)
        quiet.deployment.stop("intake")
        quiet.deployment.start("intake")  # With the broker: what waited is published.
        Side.settle(quiet)
    report.figure("R1.fsync", fsyncs[1:], "ms", "append and fsync of one page")
    report.figure("R1.echo", limits.echo[1:], "1/s", "gRPC echo of the same messages")
    report.figure("R1.append", limits.append[1:], "1/s", "cases: the same rows, nothing else")
    combined = limits.combined()
    report.figure("R1.limit", combined[1:], "1/s", "1/(1/echo + 1/append)")
    group.figures(report, "intake")
    quiet.figures(report, "intake, broker away")
    single.figures(report, "one transaction per call")

    def ratio(sides, others):
        return statistics.median(a.rate / b for a, b in list(zip(sides, others))[1:])

    report.ratio("R1", ratio(group.rounds, combined), 0.75, "intake ÷ limit, relay at work")
    quiet_meaning = "intake ÷ limit up to the commit, nothing published meanwhile"
    report.ratio("R1.quiet", ratio(quiet.rounds, combined), 0.75, quiet_meaning)
    singles = [round_.rate for round_ in single.rounds]
    meaning = f"intake ÷ one transaction per call, {_IN_FLIGHT} calls in flight"
    report.ratio("R1.single", ratio(group.rounds, singles), 5, meaning)
    return [fault for side in (group, quiet, single) for fault in side.faults()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("intake", machine(folder))
        with Cluster(build, folder) as cluster:
            faults = measure(cluster, report, arguments.rounds)
    for fault in faults:
        report.void(f"R1: {fault}")
    report.finish()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
