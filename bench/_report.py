"""What every benchmark shares: the machine, figures of several rounds, the result file, the table.

The form of the result file is one for all benchmarks:
{"name", "machine": {...}, "figures": [{"id", "median", "min", "max", "unit", "rounds"}],
 "ratios": [{"id", "value", "goal", "meaning"}], "void": null | "reason"}
"""

import contextlib
import datetime
import json
import os
import pathlib
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
_FSYNCS = 200
_WAKE_UPS = 20
_WAKE_UP_APART = 0.02


def _first_field(path, name):
    for line in pathlib.Path(path).read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "unknown"


def file_system(folder):
    """Type and device of the file system that holds a folder, for example "ext4 on /dev/vda"."""
    device = os.stat(folder).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split()[2] == wanted:
            return " on ".join(source.split()[:2])
    return "unknown"


def machine(folder):
    """What the figures depend on; `folder` is where the data lies."""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": _first_field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_mib": int(_first_field("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "kernel": os.uname().release,
        "file_system": file_system(folder),
        "load_before": round(os.getloadavg()[0], 2),  # Above 1: others were at work too.
        "wake_up_us": round(wake_up_seconds() * 1e6),
    }


def wake_up_seconds():
    """Median processor time that a thread is charged for waking up to do nothing.

    From 20 us to most of a millisecond, by how the machine idles. An idle service does little but
    wake up, so what it takes cannot be judged without this.
    """

    def charged():
        return int(pathlib.Path("/proc/thread-self/schedstat").read_text().split()[0]) / 1e9

    took = []
    for _ in range(_WAKE_UPS):
        before = charged()
        time.sleep(_WAKE_UP_APART)
        took.append(charged() - before)
    return statistics.median(took)


def fsync_ms(folder):
    """Median time of an append of one page and its fsync, as at each commit of a WAL."""
    path, took = pathlib.Path(folder, "fsync"), []
    with path.open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took.append((time.perf_counter() - start) * 1000)
    path.unlink()
    return statistics.median(took)


class Report:
    """Collects figures, ratios and reasons why something is void."""

    def __init__(self, name, machine_):
        self._name, self._machine = name, machine_
        self._figures, self._ratios, self._void = [], [], []
        self._rows = []
        self.failed = False  # Some part ended without its figures.

    def figure(self, id_, values, unit, meaning, goal=""):
        row = {
            "id": id_,
            "median": statistics.median(values),
            "min": min(values),
            "max": max(values),
            "unit": unit,
            "rounds": len(values),
        }
        self._figures.append(row)
        spread = f"{_short(row['min'])} - {_short(row['max'])}"
        self._rows.append((id_, _short(row["median"]), spread, unit, goal, meaning))
        return row["median"]

    def ratio(self, id_, value, goal, meaning):
        self._ratios.append({"id": id_, "value": value, "goal": goal, "meaning": meaning})
        self._rows.append((id_, _short(value), "", "ratio", str(goal), meaning))

    def void(self, reason):
        self._void.append(reason)

    @contextlib.contextmanager
    def part(self, name):
        """Use as `with`. A part that fails makes itself void and leaves the other figures."""
        try:
            yield
        except (
            ArithmeticError,  # Of figures that are not there.
            LookupError,
            OSError,
            RuntimeError,
            ValueError,
            subprocess.SubprocessError,
        ) as error:
            self.failed = True
            self.void(f"{name}: {error}")

    def finish(self):
        """Prints the table and writes bench/results/NAME.json."""
        for key, value in self._machine.items():
            print(f"{key:<12} {value}")
        heads = ("id", "median", "min - max", "unit", "goal", "meaning")
        widths = [max(len(row[i]) for row in [heads, *self._rows]) for i in range(len(heads))]
        for row in [heads, *self._rows]:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        for reason in self._void:
            print(f"void: {reason}")
        result = {
            "name": self._name,
            "machine": self._machine,
            "figures": self._figures,
            "ratios": self._ratios,
            "void": "; ".join(self._void) or None,
        }
        path = ROOT / "bench" / "results" / f"{self._name}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + "\n")


def _short(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
