#!/usr/bin/env python3
"""Runs clang-tidy over our .cc files, one process per core, and skips what was clean before.

A file's key is the hash of its text, of every header it includes from this tree (generated ones
too), of its compile flags, of .clang-tidy and of clang-tidy's version. The clean keys are empty
files in the cache folder. Headers of the system are not hashed: after an upgrade of a library that
breaks a check, delete the cache.

Usage: tidy.py --build build/test --cache DIR
"""

import argparse
import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

_TIDY = "clang-tidy-19"
_ROOT = pathlib.Path.cwd()
_OURS = ("services", "tests", "bench")
_KEPT_SECONDS = 30 * 24 * 3600
_INCLUDE = re.compile(rb'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)
_FOLDER = re.compile(r"(?:^|\s)-(?:I|isystem)\s*(\S+)")

# The database holds g++'s flags: without these, clang fails on warnings and options it does not
# know, and with -Werror on warnings that only clang gives, which are not among our checks.
_FOR_GCC_FLAGS = [
    "-Wno-unknown-warning-option",
    "-Wno-ignored-gch",
    "-Wno-error",
    "-Qunused-arguments",
]


@functools.cache
def _read(path):
    """Returns (hash of the file, names it includes), or None where there is no such file."""
    if not path.is_file():
        return None
    text = path.read_bytes()
    return hashlib.sha256(text).digest(), [name.decode() for name in _INCLUDE.findall(text)]


def _with_headers(source, folders):
    """Returns {file: hash} of a source file and all that it includes from the folders."""
    found, waiting = {}, [source]
    while waiting:
        path = waiting.pop()
        if path in found or not (entry := _read(path)):
            continue
        found[path], names = entry
        for name in names:
            waiting += [folder / name for folder in (path.parent, *folders)]
    return found


def _key(source, command, version):
    # Without the root in it, a fresh clone finds what was clean in another.
    flags = command.replace(str(_ROOT), "")
    folders = [pathlib.Path(folder) for folder in _FOLDER.findall(command)]
    ours = [folder for folder in folders if folder.is_relative_to(_ROOT)]
    key = hashlib.sha256(repr((version, _FOR_GCC_FLAGS, flags)).encode())
    key.update(pathlib.Path(".clang-tidy").read_bytes())
    for path, digest in sorted(_with_headers(source, ours).items()):
        key.update(str(path.relative_to(_ROOT)).encode() + b"\0" + digest)
    return key.hexdigest()


def _commands(build):
    """Returns {source file of ours: its compile command}."""
    commands = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["directory"], entry["file"])
        if path.is_relative_to(_ROOT) and path.relative_to(_ROOT).parts[0] in _OURS:
            commands.setdefault(path, entry["command"])
    return commands


def _tidy(source, build):
    extra = [f"--extra-arg={flag}" for flag in _FOR_GCC_FLAGS]
    return subprocess.run(
        [_TIDY, "--quiet", "-p", build, *extra, source],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _print_new(output, printed):
    """Prints what is new: a finding in a header comes with every file that includes it."""
    for finding in re.split(r"^(?=/.*: (?:error|warning): )", output, flags=re.MULTILINE):
        if finding not in printed and not re.fullmatch(r"\d+ warnings?.* generated\.\s*", finding):
            print(finding, end="", flush=True)
        printed.add(finding)


def _forget_old(cache):
    for path in cache.iterdir():
        if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
            path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--cache", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    _forget_old(options.cache)

    version = subprocess.check_output([_TIDY, "--version"], text=True)
    commands = _commands(options.build)
    on_disk = {path for folder in _OURS for path in (_ROOT / folder).rglob("*.cc")}
    for path in sorted(on_disk - commands.keys()):
        print(f"{path.relative_to(_ROOT)}: not checked: the test preset does not compile it")

    waiting = {}
    for path, command in sorted(commands.items()):
        clean = options.cache / _key(path, command, version)
        if clean.exists():
            clean.touch()
        else:
            waiting[path] = clean
    print(f"{len(commands)} files, {len(waiting)} of them new or changed", flush=True)

    failed, printed = False, set()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {pool.submit(_tidy, path, options.build): path for path in waiting}
        for run in concurrent.futures.as_completed(runs):
            if run.result().returncode == 0:
                waiting[runs[run]].touch()
            else:
                failed = True
                _print_new(run.result().stdout, printed)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
