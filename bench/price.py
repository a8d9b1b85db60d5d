#!/usr/bin/env python3
"""What safety costs: the services, and the same program with its safeties switched off.

R6  the whole pipeline, safe ÷ unsafe: cases/s from registration to the referral seen, and the 99th
    percentile of the time from a registration's call until then, at 500 cases/s
R4  events/s of one consumer, with its checks ÷ without them: eligibility drains a topic of intake's
    events, then referral one of intake's and one of eligibility's. Each topic was filled before;
    who wrote it is not there

Both sides are one build with the switches compiled in (preset `faults`), each with databases,
topics and processes of its own on one PostgreSQL and one broker, and take turns. Off in R4: the
numbers of applied events are not read, compared or kept, nothing waits for what it requires, and
nothing missing is looked for. Off in R6, besides: acks=0 and no idempotence; no request ids; no
audit; no order of commits; no lock of rows or of the policies; the topic is not compared with the
database. Left on: one transaction a batch, on the disk before it is answered; the position in that
of the effect; the version of a case; unique entries; sealing.

At the end the safe side must have registered, screened, referred and shown each case exactly once,
and the switches must show in the other's tables; else the figures are void and this exits 1. What
the unsafe side lost or doubled is printed, and is in no rate or time.

With --off only those safeties are off in R6, R4 is left out, and the figures are void: for what one
of them costs.

Usage: price.py --build build/faults [--rounds N] [--off NAME,...]
"""

import argparse
import contextlib
import pathlib
import statistics
import sys
import tempfile
import time

from _cluster import SERVICES, Cluster, Deployment, wait_until
from _pipeline import Agency, Pipeline, events_of, history, history_faults, quantile, waiting
from _report import Report, machine

_RUN_MS = 4000
_STEADY_RATE = 500
_STEADY_MS = 8000
_ANSWERED_SHARE = 0.95
_DRAINED_MS = 6000  # Of registrations: the events of R4.
_IN_FLIGHT = 256
_LOOK_SECONDS = 0.2
_SETTLE_SECONDS = 300

_UNCHECKED = ("no_number_checks",)
_UNSAFE = (
    *_UNCHECKED,
    "acks_0",
    "no_audit",
    "no_request_ids",
    "no_tail_check",
    "postgres.no_commit_order_lock",
    "postgres.no_rules_lock",
    "postgres.no_row_locks",
)
# What leaves no rows there.
_TABLES = {
    "no_audit": ("intake", "audit"),
    "no_request_ids": ("intake", "requests"),
    "no_number_checks": ("referral", "applied"),
}
# Service, and whose topic it drains. Referral follows intake before eligibility has an event that
# needs it.
_DRAINS = (("referral", "intake"), ("eligibility", "intake"), ("referral", "eligibility"))


def switches(mutants):
    """Environment. Without numbers everything would look missing, and be applied again."""
    variables = {"PATHWAYS_MUTANT": ",".join(mutants)} if mutants else {}
    return variables | ({"PATHWAYS_REPAIR": "off"} if "no_number_checks" in mutants else {})


class Figures:
    """Values of both sides, by what was measured."""

    def __init__(self):
        self.values = {}

    def add(self, key, side, value):
        self.values.setdefault(key, {"safe": [], "unsafe": []})[side].append(value)

    def tell(self, report, key, unit, meaning):
        for side, values in self.values[key].items():
            report.figure(f"{key}.{side}", values, unit, f"{meaning}, {side}")

    def ratio(self, report, id_, over, under, goal, meaning):
        """Median over the rounds of one side ÷ the other, each (key, side)."""
        pairs = zip(*(self.values[key][side] for key, side in (over, under)))
        report.ratio(id_, statistics.median(a / b for a, b in pairs), goal, meaning)


def measure_rate(sides, figures, rounds):
    for number in range(rounds + 1):  # The first is the warm-up.
        for name, side in sides.items():
            cpu, start = side.cpu(), time.monotonic()
            _, cases = side.load(run_ms=_RUN_MS, seed=1000 + number)
            side.settle()
            seen = side.seen_at(cases)
            if number == 0:
                continue
            figures.add("R6.rate", name, len(seen) / (max(seen.values()) / 1e6 - start))
            used = {part: after - cpu[part] for part, after in side.cpu().items()}
            services = sum(used[service] for service in SERVICES)
            for part, seconds in (
                ("services", services),
                ("postgres", used["postgres"]),
                ("kafka", used["kafka"]),
            ):
                figures.add(f"R6.cpu.{part}", name, seconds * 1e6 / len(cases))


def measure_steady(sides, figures, report, rounds):
    for number in range(rounds + 1):  # The first is the warm-up, behind the full load.
        for name, side in sides.items():
            result, cases = side.load(run_ms=_STEADY_MS, rate=_STEADY_RATE, seed=2000 + number)
            side.settle()
            if number == 0:
                continue
            waits = [
                (at - result["called"][case]) / 1000 for case, at in side.seen_at(cases).items()
            ]
            figures.add("R6.p99", name, quantile(waits, 0.99))
            figures.add("R6.p50", name, quantile(waits, 0.5))
            if result["ok"] < _ANSWERED_SHARE * _STEADY_RATE * _STEADY_MS / 1000:
                report.void(f"R6: only {result['ok']} calls of the {name} side were answered")


def switch_faults(sides, mutants):
    """Whether the switches show in the tables."""
    faults = []
    for mutant, (service, table) in _TABLES.items():
        rows = {
            name: side.deployment.number(service, f"SELECT count(*) FROM {table}")
            for name, side in sides.items()
        }
        if not rows["safe"] or bool(rows["unsafe"]) == (mutant in mutants):
            faults.append(f"R6: {mutant} does not show in the rows of {table}: {rows}")
    return faults


def check_pipeline(sides, mutants, report):
    """Tells what the unsafe side lost; the faults of the safe one, and of the switches."""
    stages = {
        "intake.v1.CaseRegistered": "registered",
        "eligibility.v1.CaseScreened": "screened",
        "referral.v1.ReferralSubmitted": "referred",
        "seen by the agency": "seen",
    }
    total = len(sides["unsafe"].answered)
    for stage, lost, too_many in history(sides["unsafe"]):
        meaning = f"unsafe: cases of {total:,} answered OK that were not {stages[stage]}"
        report.figure(f"R6.lost.{stages[stage]}", [lost], "", meaning)
        meaning = f"unsafe: times too many that one was {stages[stage]}"
        report.figure(f"R6.doubled.{stages[stage]}", [too_many], "", meaning)
    faults = [f"R6: {fault}" for fault in history_faults(sides["safe"])]
    return faults + switch_faults(sides, mutants)


def measure_pipeline(cluster, report, rounds, mutants):
    """R6. Returns the faults."""
    figures, sides = Figures(), {}
    with contextlib.ExitStack() as stack:
        for name, off in (("safe", ()), ("unsafe", mutants)):
            deployment = stack.enter_context(Deployment(cluster, name, switches(off)))
            for service in SERVICES:
                deployment.start(service)
            agency = stack.enter_context(Agency(cluster, deployment))
            sides[name] = Pipeline(cluster, deployment, agency, may_lose=name == "unsafe")
        measure_rate(sides, figures, rounds)
        measure_steady(sides, figures, report, rounds)
        faults = check_pipeline(sides, mutants, report)
    figures.tell(report, "R6.rate", "1/s", "cases from registration to referral seen")
    for part in ("services", "postgres", "kafka"):
        figures.tell(report, f"R6.cpu.{part}", "us", f"processor time of {part} per case")
    at = f"from call to referral seen, at {_STEADY_RATE} cases/s"
    figures.tell(report, "R6.p99", "ms", f"99th percentile {at}")
    figures.tell(report, "R6.p50", "ms", f"median {at}")
    safe, unsafe = ("R6.rate", "safe"), ("R6.rate", "unsafe")
    figures.ratio(report, "R6", safe, unsafe, 0.7, "cases/s, safe ÷ unsafe")
    safe, unsafe = ("R6.p99", "safe"), ("R6.p99", "unsafe")
    figures.ratio(report, "R6.p99", unsafe, safe, 0.7, "99th percentile, unsafe ÷ safe")
    return faults


class Drained:
    """A deployment whose services run one at a time, each on a full topic."""

    def __init__(self, cluster, name, mutants, source):
        self._cluster = cluster
        self.deployment = Deployment(cluster, name, switches(mutants))
        cluster.measure(
            "relay_sides",
            mode="produce",
            database=source.database("intake"),
            kafka=cluster.kafka.bootstrap,
            topic=f"{self.deployment.prefix}pathways.intake.events.v1",
        )

    def drain(self, service, upstream, events):
        """Events/s, and processor time of service and PostgreSQL per event, in microseconds."""
        progress = "SELECT extract(epoch FROM clock_timestamp()), coalesce(sum(position), 0) "
        progress += f"FROM positions WHERE upstream LIKE '{upstream}/%'"
        samples = []
        with self.deployment as deployment:
            postgres = self._cluster.postgres.cpu_seconds()
            process = deployment.start(service)

            def drained():
                at, position = map(float, deployment.query(service, progress)[0])
                if 0 < position < events:
                    samples.append((at, position))
                time.sleep(_LOOK_SECONDS)
                return position >= events

            wait_until(f"{service} drains {upstream}", drained, _SETTLE_SECONDS)
            own = process.cpu_seconds()
            postgres = self._cluster.postgres.cpu_seconds() - postgres
            wait_until(service, lambda: deployment.relayed(service), _SETTLE_SECONDS)
            deployment.stop(service)
        (begin, first), (end, last) = samples[0], samples[-1]
        return {
            "rate": (last - first) / (end - begin),
            "cpu.service": own * 1e6 / events,
            "cpu.postgres": postgres * 1e6 / events,
        }

    def faults(self, cases):
        """What was lost or doubled of so many cases."""
        faults = []
        for service, kind in (
            ("eligibility", "eligibility.v1.CaseScreened"),
            ("referral", "referral.v1.ReferralSubmitted"),
        ):
            found = events_of(self.deployment, service, kind)
            if len(found) != cases or found.total() != cases:
                faults.append(f"{found.total()} {kind} of {len(found)} cases, not {cases}")
            rows = waiting(self.deployment, service)
            faults += [f"{table} at {service}: {count}" for table, count in rows if count]
        return faults

    def numbers_kept(self):
        return self.deployment.number("referral", "SELECT count(*) FROM applied")


def drain_all(cluster, number, source, cases, figures):
    """One round. Both sides."""
    sides = {
        name: Drained(cluster, f"{name}{number}", mutants, source)
        for name, mutants in (("safe", ()), ("unsafe", _UNCHECKED))
    }
    for service, upstream in _DRAINS:
        for name, side in sides.items():
            events = cases
            if upstream == "eligibility":
                events = side.deployment.number("eligibility", "SELECT count(*) FROM events")
            for what, value in side.drain(service, upstream, events).items():
                figures.add(f"R4.{service}.{upstream}.{what}", name, value)
    for name in sides:
        rates = [figures.values[f"R4.{who}.{whose}.rate"][name][-1] for who, whose in _DRAINS]
        figures.add("R4.three", name, sum(1e6 / rate for rate in rates))
    return sides


def measure_drain(cluster, report, rounds):
    """R4. Returns the faults."""
    with Deployment(cluster, "source") as source:
        source.start("intake")
        _, registered = cluster.load(
            source.address("intake"),
            one_referral="true",
            in_flight=_IN_FLIGHT,
            run_ms=_DRAINED_MS,
            seed=3000,
        )
    cases, figures, faults, wrong = len(registered), Figures(), [], []
    for number in range(rounds + 1):
        # The first is the warm-up.
        sides = drain_all(cluster, number, source, cases, figures if number else Figures())
        faults += [f"R4: {fault}" for fault in sides["safe"].faults(cases)]
        wrong += sides["unsafe"].faults(cases)
        if sides["unsafe"].numbers_kept() or not sides["safe"].numbers_kept():
            faults.append("R4: the switches do not show in the tables")
    for fault in wrong:
        print(f"R4, unsafe: {fault}")
    report.figure("R4.events", [cases], "", "in each topic that is drained, one for each case")
    for service, upstream in _DRAINS:
        key, what = f"R4.{service}.{upstream}", f"{service} drains {upstream}'s topic"
        figures.tell(report, f"{key}.rate", "1/s", f"events, {what}")
        for part in ("service", "postgres"):
            figures.tell(report, f"{key}.cpu.{part}", "us", f"processor time of {part} per event")
        rates = (f"{key}.rate", "safe"), (f"{key}.rate", "unsafe")
        figures.ratio(report, key, *rates, 0.9, f"events/s, with checks ÷ without, {what}")
    figures.tell(report, "R4.three", "us", "for one event of each of the three topics")
    without, with_checks = ("R4.three", "unsafe"), ("R4.three", "safe")
    figures.ratio(
        report, "R4", without, with_checks, 0.9, "events/s, with checks ÷ without, all three"
    )
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--off", help="for R6 alone: what the unsafe side leaves out, not all")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("price", machine(folder))
        with Cluster(build, folder) as cluster:
            mutants = arguments.off.split(",") if arguments.off else _UNSAFE
            faults = measure_pipeline(cluster, report, arguments.rounds, mutants)
            if not arguments.off:
                faults += measure_drain(cluster, report, arguments.rounds)
    for fault in faults:
        report.void(fault)
    if arguments.off:
        report.void(f"R6: only without {arguments.off}")
    report.finish()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
