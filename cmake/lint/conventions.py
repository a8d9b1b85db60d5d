#!/usr/bin/env python3
"""Checks what the style asks for and no ready tool checks: header guards, opening comments, banned
calls, deterministic event fields, and a comment on every proto element and SQL column.

Usage: conventions.py ROOT
"""

import re

import source

# Pattern, folders it is banned in, and what to do instead.
_BANNED = [
    (
        re.compile(r"\w*DebugString\s*\("),
        ("services/", "bench/"),
        "prints personal data; log ids and codes",
    ),
    (
        re.compile(r"\bstd::endl\b"),
        ("services/", "bench/", "tests/"),
        "flushes every line; write '\\n'",
    ),
    (
        re.compile(r"\b(sleep_for|sleep_until|SleepFor|usleep|nanosleep)\b"),
        ("services/", "tests/"),
        "wait on a condition with a deadline",
    ),
    (
        re.compile(r"\bcatch\s*\(\s*\.\.\.\s*\)"),
        ("services/", "bench/", "tests/"),
        "catch what the library throws, by name",
    ),
]

_NOT_DETERMINISTIC = re.compile(r"(?:^|[\s;{])(?:(?:float|double)\s+\w+\s*=|map\s*<)")
_DETERMINISTIC_FILE = re.compile(r"^proto/pathways/(.*/(events|state)\.proto|type/.*)$")

_PROTO_ELEMENT = re.compile(
    r"(?:message|enum|service|rpc)\s+(\w+)"
    r"|(?:(?:repeated|optional)\s+)?(?:map\s*<[^>]*>|[\w.]+)\s+(\w+)\s*=\s*\d"
    r"|([A-Z]\w*)\s*=\s*-?\w+"
)
_PROTO_OTHER = re.compile(r"(option|reserved|extensions)\b")
_TABLE = re.compile(r"\s*CREATE\s+(TEMP\w*\s+)?TABLE\b", re.IGNORECASE)
_TABLE_RULE = re.compile(r"(PRIMARY|UNIQUE|FOREIGN|CHECK|CONSTRAINT)\b", re.IGNORECASE)
_ADD_COLUMN = re.compile(r"\bADD\s+COLUMN\s+(\w+)", re.IGNORECASE)


def _header_findings(path, text):
    if not text.startswith("//"):
        yield f"{path}:1: open the header with a comment: what it is, how it is used"
    guard = "PATHWAYS_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"
    directives = [line for line in text.splitlines() if line.startswith("#")]
    wanted = [f"#ifndef {guard}", f"#define {guard}"]
    if directives[:2] != wanted or directives[-1:] != [f"#endif  // {guard}"]:
        yield f"{path}:1: the header guard is {guard}, and the last line '#endif  // {guard}'"


def _banned_findings(path, text):
    for line, content in source.numbered(source.without_comments(text)):
        for pattern, folders, instead in _BANNED:
            if path.startswith(folders) and (match := pattern.search(content)):
                yield f"{path}:{line}: {match.group().strip()}: {instead}"


def _commented_lines(text, mark):
    """Yields (line number, code, has a comment above or on the line) of each line with code."""
    above = False
    for line, content in source.numbered(text):
        code, found, _ = content.partition(mark)
        if code.strip():
            yield line, code, above or bool(found)
        above = bool(found) and not code.strip()


def _proto_findings(path, text):
    for line, code, commented in _commented_lines(text, "//"):
        code = code.strip()
        element = not _PROTO_OTHER.match(code) and _PROTO_ELEMENT.match(code)
        if element and not commented:
            name = next(group for group in element.groups() if group)
            yield f"{path}:{line}: {name} has no comment"
    if _DETERMINISTIC_FILE.match(path):
        for line, content in source.numbered(source.without_comments(text)):
            if _NOT_DETERMINISTIC.search(content):
                yield f"{path}:{line}: no float, double or map: the bytes must be alike everywhere"


def _crowded(code, depth):
    """Whether a line of CREATE TABLE holds columns that no comment of their own can cover."""
    if depth == 0:
        return re.search(r"\(\s*\S", code)
    columns = re.sub(r"\([^()]*\)", "", code)
    return depth == 1 and not code.startswith(")") and re.search(r",\s*\S", columns)


def _sql_findings(path, text):
    in_table, depth = False, 0  # Columns stand at depth 1 of the parentheses.
    for line, code, commented in _commented_lines(text, "--"):
        if added := _ADD_COLUMN.search(code):
            if not commented:
                yield f"{path}:{line}: column {added.group(1)} has no comment"
        in_table = in_table or bool(_TABLE.match(code))
        if not in_table:
            continue
        if _crowded(code, depth):
            yield f"{path}:{line}: put each column on a line of its own, with a comment"
        name = code.split()[0].strip('(),;"')
        if depth == 1 and name and not _TABLE_RULE.match(name) and not commented:
            yield f"{path}:{line}: column {name} has no comment"
        depth += code.count("(") - code.count(")")
        in_table = depth > 0 or ";" not in code


def check(root):
    for path, text in source.files(root, ".h", ".cc"):
        if path.endswith(".h"):
            yield from _header_findings(path, text)
        yield from _banned_findings(path, text)
    for path, text in source.files(root, ".proto"):
        if path.startswith("proto/pathways/"):
            yield from _proto_findings(path, text)
    for path, text in source.files(root, ".sql"):
        if path.startswith("services/engine/store/"):
            yield from _sql_findings(path, text)


if __name__ == "__main__":
    source.main(check)
