#!/usr/bin/env python3
"""Checks which file includes what: the direction of dependencies, and one adapter per library.

Usage: include_direction.py ROOT
"""

import pathlib
import re

import source

_INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
_STD = re.compile(r"^[a-z_0-9]+$")  # <vector>, <cstdint>: no folder, no suffix.
_MESSAGES = re.compile(r"^(pathways/.+(?<!\.grpc)|google/protobuf/timestamp)\.pb\.h$")
_SERVICES = ("intake", "eligibility", "referral")
# Each includes itself and those before it: the engine knows no bus, the bus no host, no room a service.
_ROOMS = ("type", "base", "engine", "follow", "host")

# What the client takes of a room or service it must otherwise not know, so that it links no store
# and decides nothing.
_CLIENT_MAY_TAKE = (
    # One rule for both ends of a call: what may go over it in the clear, and which files prove what.
    "services/host/grpc/tls.h",
    # The import refuses a row before it is sent, by the rules that the service applies; a copy of
    # them would drift. A pure file of values.
    "services/intake/domain/validate.h",
)

# Header of a library → the files that wrap it, and so may include it.
_WRAPPED = [
    (
        re.compile(r"^(grpc(pp|\+\+)?/|.*\.grpc\.pb\.h$)"),
        re.compile(
            r"^(services/(host/grpc|cli|embedded)/.*|(tests|bench)/.*)$"
        ),
    ),
    (
        re.compile(r"^sqlite3\.h$"),
        re.compile(r"^(services/engine/store/sqlite[^/]*\.cc|tests/.*)$"),
    ),
    (
        re.compile(r"^(libpq-fe|libpq/.*|pg_config[^/]*)\.h$"),
        re.compile(r"^(services/engine/store/postgres[^/]*\.cc|tests/.*)$"),
    ),
    (re.compile(r"^sodium(/.*)?\.h$"), re.compile(r"^(services/(host/keys|base/ids)[^/]*\.cc|tests/sim/world\.cc)$")),
    (
        re.compile(r"^unicode/"),
        re.compile(r"^services/(base/unicode|eligibility/text_pattern)\.cc$"),
    ),
    (re.compile(r"^prometheus/"), re.compile(r"^services/host/metrics\.cc$")),
    (re.compile(r"^httplib\.h$"), re.compile(r"^services/host/metrics_http\.cc$")),
    (
        re.compile(r"^librdkafka/"),
        re.compile(r"^(services/follow/bus/kafka[^/]*\.cc|tests/.*|bench/.*)$"),
    ),
    (
        re.compile(r"^CLI/"),
        re.compile(r"^services/((cli|embedded)/.*|host/program_flags\.cc)$"),
    ),
]


def _value_header(header, angled):
    """Headers of values, which any pure code may use."""
    return (angled and _STD.match(header)) or header.startswith("absl/") or _MESSAGES.match(header)


def _wrong_direction(path, header, angled):
    """Says what is wrong with the direction of one include, or returns None."""
    folder = path.split("/")[1] if path.startswith("services/") else None
    target = header.split("/")[1] if header.startswith("services/") else None
    if folder == "type" and not (_value_header(header, angled) or target == "type"):
        return "services/type takes only std, absl, generated messages and itself"
    if folder in _ROOMS and target and target not in _ROOMS[: _ROOMS.index(folder) + 1]:
        return f"services/{folder} takes only {', '.join(_ROOMS[: _ROOMS.index(folder) + 1])}"
    if folder == "cli" and target not in (None, "cli", "type", "base"):
        if header not in _CLIENT_MAY_TAKE:
            return f"services/cli is a client: it takes type, base and {', '.join(_CLIENT_MAY_TAKE)}"
    if folder in _SERVICES:
        if target in (*_SERVICES, "cli", "embedded") and target != folder:
            return "a service includes no other service; read its events instead"
        domain = f"services/{folder}/domain/"
        own = target == "type" or header.startswith(domain)
        if path.startswith(domain) and not (_value_header(header, angled) or own):
            return "a domain file takes only std, absl, messages, services/type and its own folder"
    return None


def _not_from_root(root, path, header, angled):
    if "../" in header or header.startswith("./"):
        return True
    beside = (root / path).parent / header
    return not angled and not (root / header).exists() and beside.exists()


def check(root):
    root = pathlib.Path(root)
    for path, text in source.files(root, ".h", ".cc"):
        for line, content in source.numbered(text):
            match = _INCLUDE.match(content)
            if not match:
                continue
            angled, header = match.group(1) == "<", match.group(2)
            problem = _wrong_direction(path, header, angled)
            if problem:
                yield f"{path}:{line}: {header}: {problem}"
            if _not_from_root(root, path, header, angled):
                yield f"{path}:{line}: {header}: write the path from the repository root"
            for library, wrappers in _WRAPPED:
                if library.match(header) and not wrappers.match(path):
                    yield f"{path}:{line}: {header}: only its adapter takes it: {wrappers.pattern}"


if __name__ == "__main__":
    source.main(check)
