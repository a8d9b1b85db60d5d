"""A `pathways serve` process with its data folder: start, stop, and what can be seen of it.

Every wait has a deadline. A server that does not stop in time is killed, and that is an error.
"""

import contextlib
import os
import pathlib
import re
import select
import sqlite3
import subprocess
import time

from _report import ROOT, wake_up_seconds

_START_SECONDS = 60
_STOP_SECONDS = 30
_SETTLE_SECONDS = 180
_LOOK_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")

# Service whose store holds the position, its name there, and the service that is followed.
_FOLLOWS = [
    ("eligibility", "intake", "intake"),
    ("referral", "intake", "intake"),
    ("referral", "eligibility", "eligibility"),
    ("intake", "status/eligibility", "eligibility"),
    ("intake", "status/referral", "referral"),
]
SERVICES = ("intake", "eligibility", "referral")


def environment():
    """The caller's, without settings of pathways."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PATHWAYS_")}


def run(command, timeout):
    """Runs to the end and returns what was printed; an error says what the program said."""
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment(), cwd=ROOT
    )
    if done.returncode != 0:
        raise RuntimeError(f"{command[:2]} exited {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def work_of(pid):
    """Seconds on the processors, exactly, and how often the threads went to sleep, so far.

    /proc/<pid>/stat counts in ticks, by who runs when one comes: a thread that a timer wakes is
    there each time, and an idle process seems to work.
    """
    seconds, sleeps = 0, 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):  # It has just ended.
            seconds += int((task / "schedstat").read_text().split()[0]) / 1e9
            status = dict(line.split(":\t", 1) for line in (task / "status").open())
            sleeps += int(status["voluntary_ctxt_switches"])
    return seconds, sleeps


def await_idle(pid, what, seconds=2, at_most=60):
    """Waits until a process took under 1 % of a processor for `seconds`, beside bare waking up."""
    deadline = time.monotonic() + at_most
    while time.monotonic() < deadline:
        worked, slept = work_of(pid)
        time.sleep(seconds)
        worked_since, slept_since = work_of(pid)
        waking = (slept_since - slept) * wake_up_seconds()
        if worked_since - worked - waking <= seconds / 100:
            return
    raise RuntimeError(f"{what}: not idle within {at_most} s")


def serve_arguments(data):
    """Flags that `serve` and `demo` have in common."""
    return [
        *("--data", data, "--policies", "policies/2023-07-28", "--facts", "policies/facts"),
        *("--agencies", "samples/agencies.textproto", "--listen", "127.0.0.1:0"),
        *("--metrics-listen", "127.0.0.1:0", "--log-level", "warning"),
    ]


def read_line(pipe, seconds, what):
    """One line of a pipe that nothing is buffered of."""
    deadline, line = time.monotonic() + seconds, b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            raise RuntimeError(f"{what} said nothing for {seconds} s")
        read = os.read(pipe.fileno(), 1)
        if not read:
            raise RuntimeError(f"{what} ended early")
        line += read
    return line.decode().strip()


class Store:
    """The databases of a data folder, read only; a process may be serving on them."""

    def __init__(self, data):
        self._connections = {}
        for service in SERVICES:
            path = pathlib.Path(data, f"{service}.db").resolve()
            self._connections[service] = sqlite3.connect(
                f"{path.as_uri()}?mode=ro", uri=True, timeout=10
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for connection in self._connections.values():
            connection.close()

    def column(self, service, sql, *values):
        return [row[0] for row in self._connections[service].execute(sql, values)]

    def _number(self, service, sql, *values):
        return (self.column(service, sql, *values) or [0])[0] or 0

    def count(self, service, table):
        return self._number(service, f"SELECT count(*) FROM {table}")

    def is_settled(self):
        """Whether every service has followed the others to their last event."""
        for service, name, upstream in _FOLLOWS:
            head = self._number(upstream, "SELECT max(position) FROM events")
            read = "SELECT position FROM positions WHERE upstream = ?"
            if self._number(service, read, name) < head:
                return False
        return all(self.count(service, "behind") == 0 for service in SERVICES)


class EmbeddedServer:
    """Use as `with`: on leaving, SIGTERM and the exit code is looked at."""

    def __init__(self, program, data, *flags):
        self.data = pathlib.Path(data)
        command = [program, "serve", *serve_arguments(data), *flags]
        self._errors = (self.data / "stderr").open("w+b")
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self._errors, env=environment(), cwd=ROOT
        )
        try:
            line = read_line(self._process.stdout, _START_SECONDS, "pathways serve")
            self.address = re.fullmatch(r"serving gRPC on (\S+), metrics on .*", line).group(1)
        except BaseException:
            self._process.kill()
            self._process.wait()
            self._errors.seek(0)
            print(self._errors.read().decode()[-2000:])
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            code = self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process.stdout.close()
            self._errors.close()
        if code != 0:
            raise RuntimeError(f"pathways serve exited {code}")

    def settle(self, at_most=_SETTLE_SECONDS):
        """Waits until every service has followed the others."""
        deadline = time.monotonic() + at_most
        with Store(self.data) as store:
            while not store.is_settled():
                if time.monotonic() > deadline:
                    raise RuntimeError(f"not settled within {at_most} s")
                time.sleep(_LOOK_SECONDS)

    def cpu_seconds(self):
        """Time on the processors so far, user and system."""
        stat = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text()
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory_mib(self, field):
        """A size of /proc/<pid>/status: RssAnon or VmRSS."""
        for line in pathlib.Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field}")

    def wait_idle(self):
        await_idle(self._process.pid, "pathways serve")
