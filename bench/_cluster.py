"""PostgreSQL, Kafka and the three services as processes that end with the benchmark.

Everything lies in one folder that the caller throws away; ports are free ones. Each process dies
with this one, however that ends. fsync and synchronous_commit are PostgreSQL's own defaults: on.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import uuid

from _embedded_server import await_idle, environment, read_line, run, work_of
from _report import ROOT

_POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
_START_SECONDS = 90
_STOP_SECONDS = 40
_OLD_WAL_FILES = 60  # Of 16 MiB: what min_wal_size keeps.
_LOOK_SECONDS = 0.05
_TICKS = os.sysconf("SC_CLK_TCK")
SERVICES = ("intake", "eligibility", "referral")

_LOG4J = """<Configuration status="WARN"><Appenders><Console name="out"/></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>
"""
# One broker: what is internal has one copy.
_KAFKA = """process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(what, holds, seconds):
    """Asks until it holds; an error after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(_LOOK_SECONDS)


def _cpu_seconds(pid, with_ended_children=False):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11 : 15 if with_ended_children else 13])) / _TICKS


class Process:
    """One process, killed when this one dies."""

    def __init__(self, name, command, folder, user=None, stdin=None, variables=None):
        self.name = name
        self._log = (folder / f"{name}.log").open("ab")
        dying = ["setpriv", "--pdeathsig", "KILL"]
        if user and os.geteuid() == 0:  # PostgreSQL refuses root.
            dying += [f"--reuid={user}", "--regid=nogroup", "--clear-groups"]
        self._process = subprocess.Popen(
            [*dying, "--", *command],
            stdin=stdin,
            stdout=subprocess.PIPE if stdin or not user else self._log,
            stderr=self._log,
            env=environment() | (variables or {}),
            cwd=ROOT,
        )
        self.pid = self._process.pid

    def read_line(self, seconds=_START_SECONDS):
        try:
            return read_line(self._process.stdout, seconds, self.name)
        except BaseException:
            self.stop(signal.SIGKILL)
            print(pathlib.Path(self._log.name).read_text()[-3000:])
            raise

    def say(self, line):
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def ended(self):
        return self._process.poll() is not None

    def finish(self, seconds=_STOP_SECONDS):
        """Ends its standard input and waits."""
        self._process.stdin.close()
        self._process.wait(seconds)
        self._close()

    def stop(self, how=signal.SIGTERM):
        """Ends it; one that does not obey is killed. Its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(how)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._close()
        return self._process.returncode

    def _close(self):
        for pipe in (self._process.stdin, self._process.stdout, self._log):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def cpu_seconds(self, with_ended_children=False):
        """Time on the processors so far, user and system."""
        return _cpu_seconds(self.pid, with_ended_children)

    def work(self):
        return work_of(self.pid)

    def memory_mib(self, field):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"no {field}")

    def wait_idle(self, **limits):
        await_idle(self.pid, self.name, **limits)


class Postgres:
    def __init__(self, folder):
        self._folder = folder / "postgres"
        self._port = free_port()
        self._folder.mkdir()
        if os.geteuid() == 0:
            folder.chmod(0o711)
            shutil.chown(self._folder, "nobody", "nogroup")
        data = self._folder / "data"
        initdb = [_POSTGRES / "initdb", "--pgdata", data, "--username", "pathways"]
        initdb += ["--auth", "trust", "--encoding", "UTF8", "--no-locale"]
        made = Process("initdb", initdb, folder, user="nobody")
        wait_until("initdb", made.ended, _START_SECONDS)
        made.stop()
        command = [_POSTGRES / "postgres", "-D", data, "-k", self._folder, "-p", str(self._port)]
        for setting in (
            "listen_addresses=",
            "max_connections=100",
            "shared_buffers=512MB",
            "max_wal_size=4GB",
            "min_wal_size=1GB",
        ):
            command += ["-c", setting]
        self.process = Process("postgres", command, folder, user="nobody")
        ready = [_POSTGRES / "pg_isready", "-q", "-h", self._folder, "-p", str(self._port)]
        wait_until(
            "PostgreSQL",
            lambda: subprocess.run(ready, check=False).returncode == 0,
            _START_SECONDS,
        )
        self._age()

    def _age(self):
        """Lets it have WAL files to use again, as after its first hours. A server without fills a
        new file of 16 MiB with zeros every few seconds of load, and every commit waits for that."""
        for _ in range(_OLD_WAL_FILES):
            self.query("postgres", "SELECT pg_logical_emit_message(false, 'bench', '')")
            self.query("postgres", "SELECT pg_switch_wal()")
        self.query("postgres", "CHECKPOINT")

    def database(self, name):
        """Connection string."""
        return f"host={self._folder} port={self._port} user=pathways dbname={name}"

    def create(self, name):
        self.query("postgres", f'CREATE DATABASE "{name}"')
        return self.database(name)

    def query(self, name, sql):
        """Rows as lists of texts."""
        command = ["psql", "-qtAX", "-v", "ON_ERROR_STOP=1", "-c", sql, self.database(name)]
        return [line.split("|") for line in run(command, timeout=300).splitlines() if line]

    def number(self, name, sql):
        rows = self.query(name, sql)
        return int(rows[0][0] or 0) if rows else 0

    def cpu_seconds(self):
        """Of the server and all its sessions, also those that have ended."""
        total = self.process.cpu_seconds(with_ended_children=True)
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for child in children.read_text().split():
            with contextlib.suppress(OSError):
                total += _cpu_seconds(child)
        return total

    def stop(self):
        self.process.stop(signal.SIGINT)  # A fast shutdown: sessions are ended.


class Kafka:
    def __init__(self, folder):
        self._folder = folder
        cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
        home = os.environ.get("KAFKA_HOME") or pathlib.Path(cache) / "pathways/kafka"
        port, controller = free_port(), free_port()
        self.bootstrap = f"127.0.0.1:{port}"
        log4j = folder / "log4j2.xml"
        log4j.write_text(_LOG4J)
        self._properties = folder / "server.properties"
        self._properties.write_text(
            f"{_KAFKA}listeners=PLAINTEXT://{self.bootstrap},CONTROLLER://127.0.0.1:{controller}\n"
            f"advertised.listeners=PLAINTEXT://{self.bootstrap}\n"
            f"controller.quorum.voters=1@127.0.0.1:{controller}\n"
            f"log.dirs={folder / 'kafka'}\n"
        )
        self._java = ["java", "-Xmx512m", f"-Dlog4j2.configurationFile={log4j}"]
        self._java += ["-cp", f"{home}/libs/*"]
        format_ = ["kafka.tools.StorageTool", "format", "-t", uuid.uuid4().hex[:22]]
        run([*self._java, *format_, "-c", self._properties], timeout=_START_SECONDS)
        self.start()

    def start(self):
        """Starts the broker and waits until it answers."""
        command = [*self._java, "kafka.Kafka", self._properties]
        self.process = Process("kafka", command, self._folder)
        list_ = ["kcat", "-L", "-b", self.bootstrap, "-m", "2"]
        wait_until(
            "Kafka",
            lambda: subprocess.run(list_, check=False, capture_output=True).returncode == 0,
            _START_SECONDS,
        )

    def stop(self):
        self.process.stop()


class Deployment:
    """The services under one prefix of topics and databases. Use as `with`; what was not started
    is not stopped. `variables`: more environment of each service."""

    def __init__(self, cluster, name, variables=None):
        self.cluster, self.name, self._variables = cluster, name, variables
        self.prefix = f"{name}."
        self._ports = {service: free_port() for service in SERVICES}
        self.running = {}
        create = ["topics", "create", "--kafka", cluster.kafka.bootstrap, "--replicas", "1"]
        create += ["--topic-prefix", self.prefix]
        cluster.pathways(*create)
        for service in SERVICES:
            self.migrate(service, cluster.postgres.create(self.database_name(service)))

    def migrate(self, service, database):
        self.cluster.pathways("migrate", "--service", service, "--database", database)

    def database_name(self, service):
        return f"{self.name}_{service}"

    def database(self, service):
        return self.cluster.postgres.database(self.database_name(service))

    def address(self, service):
        return f"127.0.0.1:{self._ports[service]}"

    def query(self, service, sql):
        return self.cluster.postgres.query(self.database_name(service), sql)

    def number(self, service, sql):
        return self.cluster.postgres.number(self.database_name(service), sql)

    def start(self, service, *flags, kafka=None):
        """Returns when it serves. `kafka`: another broker than the cluster's."""
        keys = self.cluster.folder / "data/keys"
        command = [self.cluster.build / "services" / service / service]
        command += ["--listen", self.address(service), "--metrics-listen", "127.0.0.1:0"]
        command += ["--database", self.database(service), "--log-level", "warning"]
        command += ["--kafka", kafka or self.cluster.kafka.bootstrap]
        command += ["--topic-prefix", self.prefix]
        command += ["--tokens", keys / "tokens", "--master-key", keys / "master.key"]
        command += ["--service-token", keys / "service-token"]
        for other in SERVICES:
            follows = other != service and not (service == "eligibility" and other == "referral")
            if follows:
                command += [f"--{other}-address", self.address(other)]
        if service == "intake":
            command += ["--facts", "policies/facts"]
        if service == "eligibility":
            command += ["--policies", "policies/2023-07-28"]
        if service == "referral":
            command += ["--agencies", "samples/agencies.textproto"]
        process = Process(
            f"{self.name}-{service}",
            [*command, *flags],
            self.cluster.folder,
            variables=self._variables,
        )
        self.running[service] = process
        process.read_line()
        return process

    def stop(self, service):
        code = self.running.pop(service).stop()
        if code != 0:
            raise RuntimeError(f"{service} exited {code}")

    def relayed(self, service):
        """Whether all its events are published."""
        unsent = "SELECT (SELECT coalesce(max(position), 0) FROM events) > "
        unsent += "(SELECT coalesce(max(watermark), 0) FROM relay)"
        return self.query(service, unsent) == [["f"]]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        processes = list(self.running.values())
        self.running.clear()
        for process in processes:
            process.stop()


class Cluster:
    """Use as `with`."""

    def __init__(self, build, folder):
        self.build, self.folder = build, pathlib.Path(folder)
        self.postgres = self.kafka = None

    def __enter__(self):
        data = self.folder / "data"
        self.pathways("keys", "init", "--data", data)
        for agency in ("unhcr-mx", "comar", "sne"):
            self.pathways("token", "add", f"agency/{agency}", "--roles", "agency", "--data", data)
        token = self.pathways("token", "add", "service/pathways", "--roles", "service", "--data", data)
        path = data / "keys/service-token"
        path.touch(mode=0o600)
        path.write_text(token)
        self.postgres = Postgres(self.folder)
        try:
            self.kafka = Kafka(self.folder)
        except BaseException:
            self.postgres.stop()
            raise
        return self

    def __exit__(self, *_):
        self.kafka.stop()
        self.postgres.stop()

    def pathways(self, *arguments):
        return run([self.build / "services/pathways/pathways", *arguments], timeout=120)

    def token(self, name):
        return self.pathways("token", "show", name, "--data", self.folder / "data").strip()

    def program(self, name, **flags):
        """Command line of one of the benchmarks' own programs."""
        return [self.build / "bench" / name, *(f"--{key}={value}" for key, value in flags.items())]

    def measure(self, name, timeout=300, **flags):
        """Runs one of them to its end; what it printed."""
        return json.loads(run(self.program(name, **flags), timeout=timeout))

    def load(self, address, **flags):
        """Registers cases. What the program printed, with `called`, the time of each case's call,
        and (case, time of OK) of each; in microseconds."""
        answered = self.folder / "answered"
        flags = {"token": self.token("staff/desk"), "address": address, **flags}
        result = self.measure("load_registrations", answered=answered, **flags)
        lines = [line.split() for line in answered.read_text().splitlines()]
        lines = [(name.removeprefix("cases/"), int(at), int(called)) for name, at, called in lines]
        result["called"] = {case: called for case, _, called in lines}
        return result, [(case, at) for case, at, _ in lines]
