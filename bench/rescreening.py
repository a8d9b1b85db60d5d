#!/usr/bin/env python3
"""The caseload screened again under new policies, on PostgreSQL and Kafka.

S3   registrations/s while stored cases are screened again ÷ without that, in turn: 256 calls in
     flight at intake, the three services at work
R9   cost of a case screened again at --cases stored ÷ at 10,000: processor time of eligibility and
     PostgreSQL until it is published, and time. Eligibility has the machine to itself
rescreening.rate
     cases/s from ConfirmPolicy until the version before is that of no case, alone; the same within a
     window of live load: 500 registrations/s, and 256 calls in flight

The policies are policies/current and policies/2023-07-28 in turn, each time under a new version; a
round is there and back. rescreen-per-second is 0, the default: only live work at eligibility holds
the pass back. Cases are real ones of a few seconds, copied under new ids. The stores of R9 hold
those of eligibility alone; that of S3 those of all three, and everybody follows what changes; what
is registered in a round is stored in the next. Copies are not published: who follows has applied
them. By default R9 compares 100,000 cases, to be quick; the goal is for --cases 1000000.

At the end every case must be screened by the last version, with its events without holes and none
twice for one cause, and referral must have followed to the last one; else the figures are void and
this exits 1.

Usage: rescreening.py --build build/release [--rounds N] [--cases N] [--live-cases N]
"""

import argparse
import collections
import contextlib
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from _cluster import SERVICES, Cluster, Deployment, Process, wait_until
from _report import ROOT, Report, machine

_SMALL = 10_000
_PACKS = ("current", "2023-07-28")  # In turn. A store begins with the second.
_SEED_MS = 2000
_BATCH = 256
_IN_FLIGHT = 256
_LIVE_RATE = 500
_RUN_MS = 3000
_LOOK_SECONDS = 0.02
_SETTLE_SECONDS = 600
_FILL_SECONDS = 3600
_SWEEP_SECONDS = 7200
# No pass over all cases within a round but the one that is measured.
_FLAGS = ("--sweep-seconds", "86400")
_PUBLISHED = """INSERT INTO relay SELECT 0, max(position), 1 FROM events
ON CONFLICT (id) DO UPDATE SET watermark = excluded.watermark"""
_DOUBLED = """SELECT count(*) FROM (SELECT FROM events
WHERE type = 'pathways.eligibility.v1.CaseScreened'
GROUP BY stream, cause HAVING count(*) > 1) AS doubled"""
_LEDGER = "'service/policy-ledger'"
_MARKS = "FROM applied WHERE upstream = 'policy' AND number"

Sweep = collections.namedtuple("Sweep", "seconds eligibility_us postgres_us")


class Store:
    """A deployment whose `services` hold copies of the source's cases. Use as `with`."""

    def __init__(self, cluster, source, services, cases):
        self.cluster, self.services = cluster, services
        self.deployment = Deployment(cluster, f"of_{'_'.join(services)}_{cases}")
        self._switches = 0
        with self.deployment:
            self.deployment.start("eligibility")  # Begins the policy ledger.
            wait_until("ledger", lambda: self.version() > 0, _SETTLE_SECONDS)
            wait_until("relay", lambda: self.deployment.relayed("eligibility"), _SETTLE_SECONDS)
        for service in services:
            cluster.measure(
                "append_cases",
                timeout=_FILL_SECONDS,
                **{"from": source.database(service), "to": self.deployment.database(service)},
                batch=_BATCH,
                cases=cases,
                seed=1,
            )
            self.deployment.query(service, _PUBLISHED)
            cluster.postgres.query(self.deployment.database_name(service), "VACUUM ANALYZE")
        self.cases = self.stored()
        self.last = self.deployment.query(
            "eligibility", f"SELECT id FROM streams WHERE id < {_LEDGER} ORDER BY id DESC LIMIT 1"
        )[0][0]

    def __enter__(self):
        for service in self.services:
            self.deployment.start(service, *_FLAGS)
        self.settle()
        return self

    def __exit__(self, *_):
        self.deployment.__exit__()

    def stored(self):
        sql = f"SELECT count(*) FROM streams WHERE id < {_LEDGER}"
        return self.deployment.number("eligibility", sql)

    def settle(self):
        """Waits until nothing is left to publish or to follow."""
        for service in self.services:
            wait_until(service, lambda s=service: self.deployment.relayed(s), _SETTLE_SECONDS)
        for service in self.services:
            self.deployment.running[service].wait_idle(at_most=_SETTLE_SECONDS)

    def version(self):
        sql = f"SELECT version FROM streams WHERE id = {_LEDGER}"
        return self.deployment.number("eligibility", sql)

    def left(self):
        """Cases that an older version screened last."""
        return self.deployment.number("eligibility", f"SELECT count(*) {_MARKS} < {self.version()}")

    def switch(self):
        """Applies the next policies; returns when they are in force."""
        pack = _PACKS[self._switches % len(_PACKS)]
        self._switches += 1
        version = f"bench-{self._switches}"
        folder = self.cluster.folder / "policies"
        if not folder.exists():
            shutil.copytree(ROOT / "policies", folder)
        copied = folder / version
        if not copied.exists():
            shutil.copytree(folder / pack, copied)
            path = copied / "pack.textproto"
            path.write_text(path.read_text().replace(f'version: "{pack}"', f'version: "{version}"'))
        proposal = json.loads(
            self._policy("policy", "propose", copied, "--reason", "BENCHMARK", "--output", "json")
        )
        self._policy("policy-2", "confirm", proposal["digest"])

    def _policy(self, officer, *arguments):
        """Runs a command on the policies as one of two officers, and returns what it prints."""
        return self.cluster.pathways(
            *("policy", *arguments),
            *("--address", self.deployment.address("eligibility")),
            *("--token-file", self.cluster.folder / f"{officer}-token"),
        )

    def wait_screened(self):
        """Until no case is left. The pass goes by id, so the last one tells when to count."""
        database = self.deployment.database("eligibility")
        psql = ["psql", "-qtAX", database]  # One session: a new one costs as much as some cases.
        session = Process("psql", psql, self.cluster.folder, stdin=subprocess.PIPE)
        version = self.version()
        ask = f"SELECT count(*) {_MARKS} = {version} AND stream = '{self.last}';"

        def is_last_screened():
            session.say(ask)
            return session.read_line() == "1"

        deadline = time.monotonic() + _SWEEP_SECONDS
        while not is_last_screened():
            if time.monotonic() > deadline:
                raise RuntimeError("the cases were not screened again in time")
            time.sleep(_LOOK_SECONDS)
        session.finish()
        wait_until("rest", lambda: self.left() == 0, _SETTLE_SECONDS)

    def _cpu(self):
        process = self.deployment.running["eligibility"]
        return process.cpu_seconds(), self.cluster.postgres.cpu_seconds()

    def sweep(self):
        """Time and processor time per case of one pass."""
        cases, before = self.stored(), self._cpu()
        self.switch()
        start = time.monotonic()
        self.wait_screened()
        seconds = time.monotonic() - start
        self.settle()
        cpu = [(now - then) * 1e6 / cases for now, then in zip(self._cpu(), before)]
        return Sweep(seconds / cases, *cpu)

    def load(self, seed, rate=0):
        result, _ = self.cluster.load(
            self.deployment.address("intake"),
            in_flight=_IN_FLIGHT,
            run_ms=_RUN_MS,
            seed=seed,
            rate=rate,
        )
        return result

    def faults(self):
        """What was lost or doubled; empty when all is right."""
        found = []

        def expect(what, number, wanted):
            if number != wanted:
                found.append(f"{self.deployment.name}: {what}: {number}, not {wanted}")

        ask, version = self.deployment.number, self.version()
        cases = self.stored()
        expect("versions", version, 1 + self._switches)
        marked = ask("eligibility", f"SELECT count(*) {_MARKS} = {version}")
        expect("screened by the last version", marked, cases)
        expect("screened by an older one", self.left(), 0)
        expect("screened twice for one cause", ask("eligibility", _DOUBLED), 0)
        listed = ask("eligibility", "SELECT count(*) FROM list_index WHERE name = 'screenings'")
        expect("in the index of screenings", listed, cases)
        holes = "SELECT count(*) FROM (SELECT stream, max(number) AS last, count(*) AS events "
        holes += "FROM events GROUP BY stream) AS of_case JOIN streams ON id = stream "
        holes += "WHERE last <> events OR last <> version"
        heads = f"SELECT count(*), sum(version) FROM streams WHERE id < {_LEDGER}"
        for service in self.services:
            expect(f"cases with holes at {service}", ask(service, holes), 0)
            for table in ("parked", "behind"):
                expect(f"{table} at {service}", ask(service, f"SELECT count(*) FROM {table}"), 0)
        if "referral" in self.services:
            followed = "SELECT count(*), sum(number) FROM applied WHERE upstream = 'eligibility'"
            upstream = self.deployment.query("eligibility", heads)
            expect("followed by referral", self.deployment.query("referral", followed), upstream)
        return found


def measure_cost(cluster, source, report, arguments):
    """R9 and the rate alone. Returns the faults."""
    stores = [Store(cluster, source, ["eligibility"], n) for n in (_SMALL, arguments.cases)]
    with contextlib.ExitStack() as stack:
        for store in stores:
            stack.enter_context(store)
        rounds = []  # Of each round, of each store: the mean of there and back.
        for _ in range(arguments.rounds + 1):  # The first is the warm-up.
            passes = [[store.sweep() for store in stores] for _ in _PACKS]
            rounds.append(
                [Sweep(*map(statistics.mean, zip(*of_store))) for of_store in zip(*passes)]
            )
    for index, store in enumerate(stores):
        name, at = f"{store.cases}", f"{store.cases:,} stored"
        sweeps = [round_[index] for round_ in rounds[1:]]
        rates = [1 / sweep.seconds for sweep in sweeps]
        report.figure(f"rescreening.rate.{name}", rates, "1/s", f"cases screened again, {at}")
        for field, what in (("eligibility_us", "eligibility"), ("postgres_us", "PostgreSQL")):
            values = [getattr(sweep, field) for sweep in sweeps]
            meaning = f"processor time of {what} per case, {at}"
            report.figure(f"R9.rescreening.{what.lower()}.{name}", values, "us", meaning)

    def ratio(cost):
        return statistics.median(cost(large) / cost(small) for small, large in rounds[1:])

    sizes = f"{stores[1].cases:,} stored ÷ at {stores[0].cases:,}"
    cpu = ratio(lambda sweep: sweep.eligibility_us + sweep.postgres_us)
    report.ratio("R9.rescreening", cpu, 1.3, f"processor time per case at {sizes}; goal: at most")
    seconds = ratio(lambda sweep: sweep.seconds)
    report.ratio("R9.rescreening.time", seconds, 1.3, f"time per case at {sizes}; goal: at most")
    return [fault for store in stores for fault in store.faults()]


def measure_window(store, report, seed, rate=0):
    """Load while the cases are screened again: registrations and cases a second."""
    store.switch()
    start, before = time.monotonic(), store.left()
    result = store.load(seed, rate)
    left = store.left()
    screened = (before - left) / (time.monotonic() - start)
    if left == 0:
        report.void("the pass was over before the load: take more --live-cases")
    store.wait_screened()
    store.settle()
    return result["ok"] / result["seconds"], screened


def measure_live(cluster, source, report, arguments):
    """S3 and the rates under load. Returns the faults."""
    rounds = collections.defaultdict(list)  # Of each round: the mean of there and back.
    with Store(cluster, source, SERVICES, arguments.live_cases) as store:
        for number in range(arguments.rounds + 1):  # The first is the warm-up.
            rates = collections.defaultdict(list)
            for way in range(len(_PACKS)):
                seed = 100 * number + 10 * way
                result = store.load(seed + 1)
                rates["without"].append(result["ok"] / result["seconds"])
                store.settle()
                during, screened = measure_window(store, report, seed + 2)
                rates["during"].append(during)
                rates["closed"].append(screened)
            for way in range(len(_PACKS)):
                seed = 100 * number + 10 * way
                _, screened = measure_window(store, report, seed + 3, _LIVE_RATE)
                rates["at_500"].append(screened)
            for name, values in rates.items():
                rounds[name].append(statistics.mean(values))
    for id_, name, meaning in (
        ("S3.without", "without", "registrations answered OK, no pass"),
        ("S3.during", "during", f"the same while {store.cases:,} and more are screened again"),
        ("rescreening.rate.closed", "closed", f"cases, {_IN_FLIGHT} registrations in flight"),
        ("rescreening.rate.at_500", "at_500", f"cases, {_LIVE_RATE} registrations/s"),
    ):
        report.figure(id_, rounds[name][1:], "1/s", meaning)
    pairs = list(zip(rounds["during"], rounds["without"]))[1:]
    ratio = statistics.median(during / without for during, without in pairs)
    report.ratio("S3", ratio, 0.8, "registrations/s during ÷ without a pass")
    return store.faults()


def measure(cluster, report, arguments):
    """Returns the faults."""
    for officer in ("policy", "policy-2"):
        token = cluster.folder / f"{officer}-token"
        token.touch(mode=0o600)
        token.write_text(cluster.token(f"staff/{officer}"))
    with Deployment(cluster, "source") as source:
        for service in SERVICES:
            source.start(service)
        cluster.load(source.address("intake"), in_flight=_IN_FLIGHT, run_ms=_SEED_MS)
        for service in SERVICES:
            wait_until(service, lambda s=service: source.relayed(s), _SETTLE_SECONDS)
        for process in source.running.values():
            process.wait_idle(at_most=_SETTLE_SECONDS)
    faults = measure_cost(cluster, source, report, arguments)
    return faults + measure_live(cluster, source, report, arguments)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=2, help="rounds after the warm-up")
    parser.add_argument("--cases", type=int, default=100_000, help="in the larger store of R9")
    parser.add_argument("--live-cases", type=int, default=20_000, help="in the store of S3")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    print(f"R9 at {_SMALL:,} and {arguments.cases:,} stored cases; the goal's are --cases 1000000")
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("rescreening", machine(folder))
        with Cluster(build, folder) as cluster:
            faults = measure(cluster, report, arguments)
    for fault in faults:
        report.void(fault)
    report.finish()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
