#!/usr/bin/env python3
"""The relay from the table of events to the topic, against what librdkafka and the table allow.

R2       events/s of the relay ÷ 1/(1/produce + 1/read), in the same rounds: `read` pages through
         the table, `produce` hands the same records, made before, to librdkafka for the same topic.
         acks=all and idempotence on both sides, one process each, events of real registrations
R2.lock  append rate of 1, 2 and 4 writers on one database, with the commit-order lock ÷ without it.
         Without: a function of the same name that does nothing, before PostgreSQL's own
R3       time from the event's own time (before its commit) to a consumer of the topic, at 500
         registrations/s and at half of what `intake` can take

At the end the topic must hold every event exactly as often as it was sent, in order within each
case; else the figures are void and this exits 1.

Usage: relay.py --build build/release [--rounds N] [--events N]
"""

import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

from _cluster import Cluster, Deployment, Process, wait_until
from _embedded_server import run
from _report import Report, machine

_SEED_MS = 3000
_IN_FLIGHT = 256
_LOCK_SECONDS = 3
_LOCK_BATCHES = (100, 300)
_WRITERS = (1, 2, 4)
_STEADY_RATE = 500
_STEADY_MS = 8000
_SETTLE_SECONDS = 120

# Found first by its name and exact type of argument; PostgreSQL's own takes a bigint.
_NO_LOCK = """CREATE SCHEMA unlocked;
CREATE FUNCTION unlocked.pg_advisory_xact_lock(integer) RETURNS void LANGUAGE sql AS 'SELECT';
ALTER DATABASE "{0}" SET search_path = unlocked, pg_catalog, public"""


def quantile(values, share):
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


class Sides:
    """The three sides on one table and one topic."""

    def __init__(self, cluster, events):
        self.cluster = cluster
        self.deployment = Deployment(cluster, "relay")
        self.passes = 0  # How often the topic was given the whole table.
        self._fill(events)

    def _fill(self, events):
        """Real registrations, copied under new ids until there are enough."""
        source = Deployment(self.cluster, "source")
        with source:
            source.start("intake")
            _, cases = self.cluster.load(
                source.address("intake"), in_flight=_IN_FLIGHT, run_ms=_SEED_MS
            )
            wait_until("relay", lambda: source.relayed("intake"), _SETTLE_SECONDS)
        self.peak = len(cases) * 1000 / _SEED_MS
        self.cluster.measure(
            "append_cases",
            **{"from": source.database("intake"), "to": self.deployment.database("intake")},
            batch=256,
            cases=events,
        )
        self.cluster.postgres.query(self.deployment.database_name("intake"), "VACUUM ANALYZE")

    def _run(self, mode, **flags):
        return self.cluster.measure(
            "relay_sides",
            mode=mode,
            database=self.deployment.database("intake"),
            kafka=self.cluster.kafka.bootstrap,
            topic=f"{self.deployment.prefix}pathways.intake.events.v1",
            **flags,
        )

    def side(self, mode):
        """Events a second, and processor time of one event: of this side, and of the broker."""
        if mode == "relay":
            self.deployment.query("intake", "UPDATE relay SET watermark = 0")
        self.passes += mode != "read"
        broker = self.cluster.kafka.process.cpu_seconds()
        result = self._run(mode)
        broker = self.cluster.kafka.process.cpu_seconds() - broker
        events = result["events"]
        return (
            events / result["seconds"],
            result["cpu_seconds"] * 1e6 / events,
            broker * 1e6 / events,
        )

    def faults(self):
        checked = self._run("check", times=self.passes)
        whats = ("lost", "doubled", "foreign", "disordered")
        return [f"records {what}: {checked[what]}" for what in whats if checked[what]]


def measure_relay(sides, report, rounds):
    """R2."""
    measured = {"read": [], "produce": [], "relay": []}
    for _ in range(rounds + 1):  # The first is the warm-up.
        for mode, values in measured.items():
            values.append(sides.side(mode))
    measured = {mode: values[1:] for mode, values in measured.items()}
    for mode, meaning in (
        ("read", "events read from the table"),
        ("produce", "records acknowledged to librdkafka"),
        ("relay", "events relayed"),
    ):
        rates, own, broker = zip(*measured[mode])
        report.figure(f"R2.{mode}", rates, "1/s", meaning)
        report.figure(f"R2.{mode}.cpu", own, "us", f"processor time of {mode}, per event")
        if mode != "read":
            report.figure(f"R2.{mode}.broker", broker, "us", "processor time of the broker")
    limits = [
        1 / (1 / read[0] + 1 / produce[0])
        for read, produce in zip(measured["read"], measured["produce"])
    ]
    report.figure("R2.limit", limits, "1/s", "1/(1/read + 1/produce)")
    ratio = statistics.median(relay[0] / limit for relay, limit in zip(measured["relay"], limits))
    report.ratio("R2", ratio, 0.9, "events relayed/s ÷ limit")


def measure_lock(cluster, report, rounds):
    """R2.lock."""
    for name in ("locked", "unlocked"):
        cluster.postgres.create(name)
    cluster.postgres.query("unlocked", _NO_LOCK.format("unlocked"))

    def append(name, batch, writers):
        database = cluster.postgres.database(name)
        printed = run(
            [cluster.build / "bench/bench_postgres_store", database, str(_LOCK_SECONDS)]
            + [str(batch), str(writers)],
            timeout=120,
        )
        return int(re.search(r": (\d+) commands/s", printed).group(1))

    for batch in _LOCK_BATCHES:
        for writers in _WRITERS:
            pairs = []
            for _ in range(rounds + 1):
                pairs.append([append(name, batch, writers) for name in ("locked", "unlocked")])
            case = f"{batch}x{writers}"
            with_lock, without = zip(*pairs[1:])
            what = f"commands, {writers} writers, batches of {batch}"
            report.figure(f"R2.locked.{case}", with_lock, "1/s", what)
            report.figure(f"R2.unlocked.{case}", without, "1/s", f"{what}, no order of commits")
            ratio = statistics.median(a / b for a, b in pairs[1:])
            report.ratio(f"R2.lock.{case}", ratio, 0.75, "with ÷ without the commit-order lock")


def measure_latency(cluster, report, rounds, peak):
    """R3: ours alone. Returns the faults."""
    faults = []
    with Deployment(cluster, "latency") as deployment:
        deployment.start("intake")
        seen_path = cluster.folder / "records"
        command = cluster.program(
            "relay_sides",
            mode="watch",
            kafka=cluster.kafka.bootstrap,
            topic=f"{deployment.prefix}pathways.intake.events.v1",
            seen=seen_path,
        )
        for name, rate in (("500", _STEADY_RATE), ("half", peak / 2)):
            tails, halves = [], []
            for number in range(rounds):
                watch = Process("watch", command, cluster.folder, stdin=subprocess.PIPE)
                watch.read_line()
                _, cases = cluster.load(
                    deployment.address("intake"),
                    in_flight=_IN_FLIGHT,
                    rate=rate,
                    run_ms=_STEADY_MS,
                    seed=5000 + number,
                )
                wait_until("relay", lambda: deployment.relayed("intake"), _SETTLE_SECONDS)
                time.sleep(1)  # The last records are on their way.
                watch.finish()
                rows = [line.split() for line in seen_path.read_text().splitlines()]
                if sorted(row[0] for row in rows) != sorted(case for case, _ in cases):
                    faults.append("R3: the records are not those of the cases answered OK")
                waits = [int(row[1]) / 1000 for row in rows]
                tails.append(quantile(waits, 0.99))
                halves.append(quantile(waits, 0.5))
            at = f"at {rate:,.0f} registrations/s"
            report.figure(f"R3.{name}", tails, "ms", f"99th percentile to a consumer, {at}")
            report.figure(f"R3.{name}.p50", halves, "ms", f"median to a consumer, {at}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--events", type=int, default=100_000, help="in the table of R2")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("relay", machine(folder))
        with Cluster(build, folder) as cluster:
            sides = Sides(cluster, arguments.events)
            measure_relay(sides, report, arguments.rounds)
            faults = sides.faults()
            faults += measure_latency(cluster, report, arguments.rounds, sides.peak)
            measure_lock(cluster, report, arguments.rounds)
    for fault in faults:
        report.void(fault)
    print("R4: ./dev bench price")
    report.finish()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
