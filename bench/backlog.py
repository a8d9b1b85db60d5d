#!/usr/bin/env python3
"""A service that comes up with a million events to publish, while registrations go on.

B1       rate at which the backlog is published ÷ the live rate, which goes on meanwhile
B2       anonymous memory of the service meanwhile: median, least and most. Whether it grows with the
         backlog is seen by two runs with another --rows: the most should be the same. Every ten
         seconds the service compares its topic with its table, and reads ahead for that
B3       size of the relay's own table afterwards: its one row is written anew for each batch

The backlog are events of real registrations, copied under new ids into the table of events alone,
for the relay reads no other. At the end the topic must hold every event once, in order within each
case; else the figures are void and this exits 1.

Usage: backlog.py --build build/release [--rows N]
"""

import argparse
import pathlib
import sys
import tempfile
import threading
import time

from _cluster import Cluster, Deployment, wait_until
from _report import Report, machine

_LIVE_RATE = 500
_LIVE_MS = 3000  # Of one run of the load; the next one follows at once.
_IN_FLIGHT = 256
_BATCH = 1000
_LOOK_SECONDS = 0.1
_SETTLE_SECONDS = 600
_CHECK_SECONDS = 600
_RELAYED = "SELECT coalesce(max(watermark), 0) FROM relay"


def fill(cluster, deployment, rows):
    """Position of the last event of the backlog."""
    with Deployment(cluster, "source") as source:
        source.start("intake")
        cluster.load(source.address("intake"), in_flight=_IN_FLIGHT, run_ms=500)
        cluster.measure(
            "append_cases",
            timeout=_SETTLE_SECONDS,
            **{"from": source.database("intake"), "to": deployment.database("intake")},
            only="events",
            batch=_BATCH,
            cases=rows,
        )
    cluster.postgres.query(deployment.database_name("intake"), "VACUUM ANALYZE")
    return deployment.number("intake", "SELECT max(position) FROM events")


class Live(threading.Thread):
    """Registrations at the live rate, until `end` is set."""

    def __init__(self, cluster, deployment):
        super().__init__()
        self._cluster, self._address = cluster, deployment.address("intake")
        self.end = threading.Event()
        self.answered = 0
        self.failed = None

    def run(self):
        seed = 7000
        try:
            while not self.end.is_set():
                flags = {"in_flight": _IN_FLIGHT, "rate": _LIVE_RATE, "run_ms": _LIVE_MS}
                _, cases = self._cluster.load(self._address, seed=seed, **flags)
                self.answered += len(cases)
                seed += 1
        except Exception as error:  # pylint: disable=broad-except
            self.failed = error


def drain(deployment, process, last):
    """(seconds since now, watermark, MiB) until the watermark has passed the position."""
    start, samples = time.monotonic(), []
    while not samples or samples[-1][1] < last:
        took = time.monotonic() - start
        if took > _SETTLE_SECONDS:
            raise RuntimeError(f"not published within {_SETTLE_SECONDS} s")
        samples.append((took, deployment.number("intake", _RELAYED), process.memory_mib("RssAnon")))
        time.sleep(_LOOK_SECONDS)
    return samples


def measure(cluster, deployment, report, rows):
    last = fill(cluster, deployment, rows)
    process = deployment.start("intake")
    live = Live(cluster, deployment)
    live.start()
    samples = drain(deployment, process, last)
    live.end.set()
    live.join()
    if live.failed:
        raise live.failed
    (begin, before, _), (end, after, _) = samples[0], samples[-1]
    rate = (after - before) / (end - begin)
    report.figure("B1.rate", [rate], "1/s", f"events of {rows:,} published while live ones come")
    report.figure("B1.live", [live.answered], "", "registrations answered OK meanwhile and after")
    report.ratio("B1", rate / _LIVE_RATE, 3, f"that rate ÷ the {_LIVE_RATE}/s that go on")
    memory = [mib for _, _, mib in samples]
    report.figure("B2", memory, "MiB", "RssAnon of the service meanwhile, by samples")
    wait_until("relay", lambda: deployment.relayed("intake"), _SETTLE_SECONDS)
    size = deployment.number("intake", "SELECT pg_total_relation_size('relay')")
    report.figure("B3", [size / 1024], "KiB", "the relay's own table afterwards")


def check(cluster, deployment, report):
    """Whether the figures hold."""
    checked = cluster.measure(
        "relay_sides",
        timeout=_CHECK_SECONDS,
        mode="check",
        database=deployment.database("intake"),
        kafka=cluster.kafka.bootstrap,
        topic=f"{deployment.prefix}pathways.intake.events.v1",
        times=1,
    )
    faults = [what for what in ("lost", "doubled", "foreign", "disordered") if checked[what]]
    for what in faults:
        report.void(f"records {what}: {checked[what]}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rows", type=int, default=1_000_000, help="events in the backlog")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("backlog", machine(folder))
        with Cluster(build, folder) as cluster, Deployment(cluster, "backlog") as deployment:
            measure(cluster, deployment, report, arguments.rows)
            deployment.stop("intake")
            faults = check(cluster, deployment, report)
    report.finish()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
