"""Three services under load, as an agency sees them, and the check of their history."""

import collections
import subprocess
import time

from _cluster import SERVICES, Process, wait_until

_IN_FLIGHT = 256
_SETTLE_SECONDS = 300
_QUIET_SECONDS = 3  # What is not seen then is lost.
_AGENCY = "comar"
_EVENTS = (
    ("intake", "intake.v1.CaseRegistered"),
    ("eligibility", "eligibility.v1.CaseScreened"),
    ("referral", "referral.v1.ReferralSubmitted"),
)


def quantile(values, share):
    ordered = sorted(values)
    return ordered[int(share * (len(ordered) - 1))]


class Agency:
    """What one agency has seen, and when. Use as `with`."""

    def __init__(self, cluster, deployment):
        self._path = cluster.folder / f"{deployment.name}-seen"
        command = cluster.program(
            "watch_referrals",
            address=deployment.address("referral"),
            token=cluster.token(f"agency/{_AGENCY}"),
            seen=self._path,
        )
        name = f"{deployment.name}-watch"
        self._process = Process(name, command, cluster.folder, stdin=subprocess.PIPE)
        self._process.read_line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.finish()

    def seen(self):
        """Time in microseconds of each referral, by name. A line that is being written is left."""
        lines = self._path.read_text().split("\n")[:-1]
        return {name: int(at) for name, at in (line.split() for line in lines)}

    def count(self):
        with self._path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


class Pipeline:
    """The deployment under load. One that `may_lose` is not waited for in vain."""

    def __init__(self, cluster, deployment, agency, may_lose=False):
        self.cluster, self.deployment, self.agency = cluster, deployment, agency
        self.answered = []
        self._may_lose = may_lose

    def load(self, **flags):
        """Registers cases; what the load said, and time of OK of each case."""
        result, cases = self.cluster.load(
            self.deployment.address("intake"), one_referral="true", in_flight=_IN_FLIGHT, **flags
        )
        self.answered += [case for case, _ in cases]
        return result, dict(cases)

    def settle(self):
        """Waits until every case is seen, and every service has published and followed."""
        if self._may_lose:
            self._wait_quiet()
        else:
            wait_until("referrals at the agency", self._all_seen, _SETTLE_SECONDS)
        for service in SERVICES:
            wait_until(service, lambda s=service: self.deployment.relayed(s), _SETTLE_SECONDS)
        # Intake writes two rows of status for a case only once it has read the others' events.
        if self._may_lose:
            self.deployment.running["intake"].wait_idle()
            return
        for service in SERVICES[1:]:
            wait_until(
                f"intake behind {service}", lambda s=service: self._shown(s), _SETTLE_SECONDS
            )

    def _shown(self, service):
        """Whether intake's status of a case counts all that a service has published."""
        read = f"SELECT sum(position) FROM positions WHERE upstream LIKE 'status/{service}/%'"
        events = self.deployment.number(service, "SELECT count(*) FROM events")
        return self.deployment.number("intake", read) >= events

    def _all_seen(self):
        return self.agency.count() >= len(self.answered)

    def _wait_quiet(self):
        """Until every case is seen, or none more comes."""
        last, since = self.agency.count(), time.monotonic()

        def quiet():
            nonlocal last, since
            now = self.agency.count()
            if now != last:
                last, since = now, time.monotonic()
            return now >= len(self.answered) or time.monotonic() - since > _QUIET_SECONDS

        wait_until("quiet at the agency", quiet, _SETTLE_SECONDS)

    def seen_at(self, cases):
        """When the referral of each of these cases was seen. What was not is left out."""
        seen = {name.split("/")[1]: at for name, at in self.agency.seen().items()}
        return {case: seen[case] for case in cases if case in seen}

    def cpu(self):
        used = {name: process.cpu_seconds() for name, process in self.deployment.running.items()}
        used["kafka"] = self.cluster.kafka.process.cpu_seconds()
        used["postgres"] = self.cluster.postgres.cpu_seconds()
        return used


def events_of(deployment, service, kind):
    """How often each case has an event of this type."""
    sql = f"SELECT encode(stream, 'escape') FROM events WHERE type = 'pathways.{kind}'"
    return collections.Counter(row[0] for row in deployment.query(service, sql))


def history(pipeline):
    """(stage, how many of the cases answered OK are not there, how many are too many)."""
    answered = collections.Counter(pipeline.answered)
    stages = [(kind, events_of(pipeline.deployment, service, kind)) for service, kind in _EVENTS]
    seen = collections.Counter(name.split("/")[1] for name in pipeline.agency.seen())
    return [
        (stage, (answered - found).total(), (found - answered).total())
        for stage, found in [*stages, ("seen by the agency", seen)]
    ]


def waiting(deployment, service):
    """(table, rows) of what stands still."""
    tables = ("parked", "behind")
    return [
        (table, deployment.number(service, f"SELECT count(*) FROM {table}")) for table in tables
    ]


def history_faults(pipeline):
    """What was lost or doubled; empty when all is right."""
    faults = []
    for stage, lost, too_many in history(pipeline):
        faults += [f"{stage}: lost: {lost}"] if lost else []
        faults += [f"{stage}: too many: {too_many}"] if too_many else []
    for service in SERVICES:
        for table, rows in waiting(pipeline.deployment, service):
            faults += [f"{table} at {service}: {rows}"] if rows else []
    return faults
