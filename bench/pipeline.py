#!/usr/bin/env python3
"""The whole pipeline: three services on PostgreSQL and Kafka, watched as an agency sees it.

D1  cases/s from registration to the referral visible at the agency, and what one case costs: its
    commands, rows and records, and the limit that these imply
D2  time from OK to the referral visible, at 500 cases/s
D3  anonymous resident memory of each service when idle
D4  start of each service to SERVING
D5  catch-up rate after an outage of the broker ÷ the live rate, which goes on meanwhile; void
    when registrations were not answered at that rate all the time
D6  processor time and wake-ups of each service when nothing happens

Every case qualifies for exactly one pathway. The agency holds one WatchReferrals stream all the
time; times are of one monotonic clock. The limit is 1/(1/echo + the sum over the services of
1/append + 1/produce): gRPC alone, PostgreSQL writing each row once, librdkafka alone, each with the
machine to itself. At the end every case answered OK must have been registered, screened, referred
and seen exactly once; else the figures are void and this exits 1. A part that fails is void and
leaves the others' figures; then this exits 1 too. R6 is in price.py.

Usage: pipeline.py --build build/release [--rounds N] [--outage SECONDS]
"""

import argparse
import bisect
import collections
import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from _cluster import SERVICES, Cluster, Deployment, Process
from _embedded_server import environment, read_line
from _pipeline import Agency, Pipeline, history_faults, quantile
from _report import Report, machine

_IN_FLIGHT = 256
_RUN_MS = 4000
_STEADY_RATE = 500
_STEADY_MS = 10_000
_ANSWERED_SHARE = 0.95  # Of the calls that a steady load plans: with fewer it was no such load.
_LIVE_RATE = 500  # Of D5.
_AFTER_OUTAGE_SECONDS = 30
_BACKLOG_SECONDS = 0.2  # D5 has caught up when less than this share of a second's cases is missing.
_STARTS = 5
_IDLE_SECONDS = 10
_IDLE_ROUNDS = 3
_LIMIT_ROUNDS = 3
_OUTAGE_SECONDS = 60
_GRPC = {service: f"pathways.{service}.v1.{service.capitalize()}Service" for service in SERVICES}


def measure_start(cluster, deployment, report):
    """D3 and D4, on empty stores."""
    for service in SERVICES:
        took, anonymous = [], []
        for _ in range(_STARTS + 1):
            with subprocess.Popen(
                cluster.program("await_serving"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=environment(),
            ) as watch:
                read_line(watch.stdout, 30, "await_serving")
                start = time.monotonic()
                process = deployment.start(service)
                watch.stdin.write(f"{deployment.address(service)} {_GRPC[service]}\n".encode())
                watch.stdin.flush()
                read_line(watch.stdout, 60, "await_serving")
                took.append((time.monotonic() - start) * 1000)
            process.wait_idle(seconds=1)
            anonymous.append(process.memory_mib("RssAnon"))
            deployment.stop(service)
        report.figure(f"D4.{service}", took[1:], "ms", f"{service}: start to SERVING", "< 250")
        report.figure(
            f"D3.{service}", anonymous[1:], "MiB", f"{service}: RssAnon, idle, just started", "<= 20"
        )


def measure_rate(pipeline, report, rounds):
    """D1. The rates, and the events that each service appended for a case in one transaction."""
    rates, cpus, ok_rates = [], collections.defaultdict(list), []
    transactions = {}
    for number in range(rounds + 1):  # The first is the warm-up.
        before = {
            service: pipeline.deployment.number(service, "SELECT max(position) FROM events")
            for service in SERVICES
        }
        cpu = pipeline.cpu()
        start = time.monotonic()
        result, cases = pipeline.load(run_ms=_RUN_MS, seed=1000 + number)
        pipeline.settle()
        last = max(pipeline.seen_at(cases).values()) / 1e6
        rates.append(len(cases) / (last - start))
        ok_rates.append(result["ok"] / result["seconds"])
        for name, after in pipeline.cpu().items():
            cpus[name].append((after - cpu[name]) * 1e6 / len(cases))
        for service in SERVICES:
            sql = "SELECT count(DISTINCT stream) / count(DISTINCT xmin::text)::float FROM events "
            sql += f"WHERE position > {before[service]}"
            transactions[service] = max(1, float(pipeline.deployment.query(service, sql)[0][0]))
    report.figure("D1", rates[1:], "1/s", "cases from registration to referral seen", ">= 1,500")
    report.figure("D1.ok_rate", ok_rates[1:], "1/s", "registrations answered OK meanwhile")
    for name, values in cpus.items():
        report.figure(f"D1.cpu.{name}", values[1:], "us", f"processor time of {name} per case")
    return rates[1:], transactions


def measure_steady(pipeline, report, rounds):
    """D2."""
    halves, tails, from_call = [], [], []
    for number in range(rounds):
        result, cases = pipeline.load(run_ms=_STEADY_MS, rate=_STEADY_RATE, seed=2000 + number)
        pipeline.settle()
        seen = pipeline.seen_at(cases)
        waits = [(seen[case] - at) / 1000 for case, at in cases.items()]
        halves.append(quantile(waits, 0.5))
        tails.append(quantile(waits, 0.99))
        from_call.append(result["p99_ms"])
        if result["ok"] < _ANSWERED_SHARE * _STEADY_RATE * _STEADY_MS / 1000:
            report.void(f"D2: only {result['ok']} of the calls were answered")
    at = f"at {_STEADY_RATE} cases/s"
    report.figure("D2", tails, "ms", f"99th percentile from OK to referral seen, {at}", "<= 100")
    report.figure("D2.p50", halves, "ms", f"median from OK to referral seen, {at}")
    report.figure("D2.ok_p99", from_call, "ms", f"99th percentile from call to OK, {at}")


def measure_idle(pipeline, report, rounds):
    """D6, and D3 after the load."""
    running = pipeline.deployment.running
    shares, wakes = collections.defaultdict(list), collections.defaultdict(list)
    time.sleep(_IDLE_SECONDS)  # What the load left to be done is done.
    for _ in range(rounds):
        before = {service: process.work() for service, process in running.items()}
        shared = pipeline.cpu()
        start = time.monotonic()
        time.sleep(_IDLE_SECONDS)
        took = time.monotonic() - start
        for service, process in running.items():
            for values, was, now in zip((shares, wakes), before[service], process.work()):
                values[service].append((now - was) / took)
        for name in ("kafka", "postgres"):
            shares[name].append((pipeline.cpu()[name] - shared[name]) / took)
    for service, process in running.items():
        meaning = f"{service}, idle: share of a processor"
        report.figure(f"D6.{service}", [s * 100 for s in shares[service]], "%", meaning, "< 0.5")
        meaning = f"{service}, idle: wake-ups of its threads"
        report.figure(f"D6.{service}.wakes", wakes[service], "1/s", meaning)
        meaning = f"{service}: RssAnon, idle after the load"
        report.figure(f"D3.{service}.worked", [process.memory_mib("RssAnon")], "MiB", meaning)
    for name in ("kafka", "postgres"):
        meaning = f"{name}, services idle: share of a processor"
        report.figure(f"D6.{name}", [s * 100 for s in shares[name]], "%", meaning)


def catch_up(answered, seen, up):
    """Rate from the moment the broker answers until nothing is missing; none if it never is."""
    answered, seen = sorted(answered), sorted(seen)
    first = bisect.bisect_right(seen, up)
    for index in range(first, len(seen)):
        missing = bisect.bisect_right(answered, seen[index]) - (index + 1)
        if missing <= _LIVE_RATE * _BACKLOG_SECONDS:
            seconds = (seen[index] - up) / 1e6
            return (index - first) / seconds, seconds
    return None


def check_answered(report, answered, down, up, seconds):
    """The live load of D5 must have gone on, while the broker was down and over all."""
    meanwhile = [at for at in answered if down <= at < up]
    for name, found, when, took in (
        ("down", meanwhile, "while the broker was down", (up - down) / 1e6),
        ("all", answered, "over all", seconds),
    ):
        planned = _LIVE_RATE * took
        meaning = f"registrations answered OK {when}, of {planned:,.0f} planned"
        report.figure(f"D5.ok.{name}", [len(found)], "", meaning)
        if len(found) < _ANSWERED_SHARE * planned:
            report.void(f"D5: only {len(found):,} of {planned:,.0f} answered OK {when}")


def measure_outage(pipeline, report, outage):
    """D5."""
    kafka = pipeline.cluster.kafka
    answered = pipeline.cluster.folder / "answered"
    load_seconds = outage + _AFTER_OUTAGE_SECONDS
    command = pipeline.cluster.program(
        "load_registrations",
        address=pipeline.deployment.address("intake"),
        token=pipeline.cluster.token("staff/desk"),
        answered=answered,
        in_flight=_IN_FLIGHT,
        one_referral="true",
        rate=_LIVE_RATE,
        run_ms=load_seconds * 1000,
        seed=3000,
    )
    load = Process("load", command, pipeline.cluster.folder)
    time.sleep(1)  # Live before the broker goes.
    kafka.stop()
    down = time.monotonic() * 1e6
    time.sleep(outage)
    kafka.start()
    up = time.monotonic() * 1e6
    load.read_line(outage + 120)
    load.stop()
    cases = {}
    for line in answered.read_text().splitlines():
        name, at, _ = line.split()
        cases[name.removeprefix("cases/")] = int(at)
    check_answered(report, cases.values(), down, up, load_seconds)
    pipeline.answered += cases
    pipeline.settle()
    caught = catch_up(cases.values(), pipeline.seen_at(cases).values(), up)
    if caught is None:
        report.void("D5: the backlog was never gone")
        return
    rate, seconds = caught
    meaning = f"cases seen until {outage} s of outage were caught up, the live load going on"
    report.figure("D5.catch_up", [rate], "1/s", meaning)
    report.figure("D5.seconds", [seconds], "s", "from the broker's first answer until then")
    report.ratio("D5", rate / _LIVE_RATE, 3, f"catch-up rate ÷ live rate of {_LIVE_RATE}/s")


def measure_limit(pipeline, report, rates, transactions):
    """The limit that rows and records of one case imply, one part after the other."""
    cluster, deployment = pipeline.cluster, pipeline.deployment
    for service in SERVICES:
        deployment.stop(service)
    echo = Process("echo", cluster.program("echo_server"), cluster.folder, stdin=subprocess.PIPE)
    address = f"127.0.0.1:{echo.read_line()}"
    parts, rows, records = collections.defaultdict(list), {}, {}
    total = len(pipeline.answered)
    for number in range(_LIMIT_ROUNDS):
        target = Deployment(cluster, f"limit{number}")
        result, _ = cluster.load(
            address, one_referral="true", in_flight=_IN_FLIGHT, run_ms=_RUN_MS, seed=4000 + number
        )
        parts["echo"].append(result["ok"] / result["seconds"])
        for service in SERVICES:
            result = cluster.measure(
                "append_cases",
                **{"from": deployment.database(service), "to": target.database(service)},
                batch=round(transactions[service]),
                run_ms=_RUN_MS,
            )
            parts[f"append.{service}"].append(result["cases"] / result["seconds"])
            rows[service] = result["rows"]
            produced = cluster.measure(
                "relay_sides",
                mode="produce",
                service=service,
                database=deployment.database(service),
                kafka=cluster.kafka.bootstrap,
                topic=f"{target.prefix}pathways.{service}.events.v1",
            )
            parts[f"produce.{service}"].append(total / produced["seconds"])
            records[service] = produced["events"] / total
    echo.stop()
    for service in SERVICES:
        listed = ", ".join(f"{count:g} {table}" for table, count in rows[service].items())
        meaning = f"{service}, per case: {listed}"
        report.figure(f"D1.rows.{service}", [sum(rows[service].values())], "rows", meaning)
        meaning = f"{service}, per case"
        report.figure(f"D1.records.{service}", [records[service]], "records", meaning)
    for name, rounds in parts.items():
        report.figure(f"D1.{name}", rounds, "1/s", "cases, with the machine to itself")
    commands = 1 + 1 + sum(
        deployment.number(service, "SELECT count(*) FROM events") for service in SERVICES[:2]
    ) / total
    meaning = "registration; intake's events at eligibility; intake's and eligibility's at referral"
    report.figure("D1.commands", [commands], "commands", f"per case: {meaning}")
    limits = [1 / sum(1 / rate for rate in rounds) for rounds in zip(*parts.values())]
    report.figure("D1.limit", limits, "1/s", "cases, all parts one after the other")
    meaning = "cases/s ÷ the limit that its rows and records imply"
    share = statistics.median(rates) / statistics.median(limits)
    report.ratio("D1.of_limit", share, 0.7, meaning)


def measure(cluster, report, arguments):
    """Returns the faults of the history."""
    with contextlib.ExitStack() as stack:
        deployment = stack.enter_context(Deployment(cluster, "pipeline"))
        with report.part("D3, D4"):
            measure_start(cluster, deployment, report)
        for service in SERVICES:
            if service not in deployment.running:
                deployment.start(service)
        agency = stack.enter_context(Agency(cluster, deployment))
        pipeline = Pipeline(cluster, deployment, agency)
        limits = None
        with report.part("D1"):
            limits = measure_rate(pipeline, report, arguments.rounds)
        with report.part("D2"):
            measure_steady(pipeline, report, arguments.rounds)
        with report.part("D6"):
            measure_idle(pipeline, report, _IDLE_ROUNDS)
        with report.part("D5"):
            measure_outage(pipeline, report, arguments.outage)
        faults = history_faults(pipeline)
        if limits is not None:
            with report.part("D1.limit"):
                measure_limit(pipeline, report, *limits)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5, help="rounds after the warm-up")
    parser.add_argument("--outage", type=int, default=_OUTAGE_SECONDS, help="of the broker, D5")
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    # In the build folder: /tmp may lie in memory, where an fsync costs nothing.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build) as folder:
        report = Report("pipeline", machine(folder))
        faults = []
        with report.part("pipeline"), Cluster(build, folder) as cluster:
            faults = measure(cluster, report, arguments)
    for fault in faults:
        report.void(fault)
    print("R6: ./dev bench price")
    report.finish()
    return 1 if faults or report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
