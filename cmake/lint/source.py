"""What the source checks share: finding files, dropping comments, printing findings."""

import pathlib
import re
import sys

SOURCE_FOLDERS = ("services", "tests", "bench", "proto")

# A comment, or a literal, which may hold the marks of a comment. Raw strings first: they hold
# quotes.
_TOKEN = re.compile(
    r'R"(?P<delimiter>[^()\\\s]*)\(.*?\)(?P=delimiter)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # Not the separator of 1'000.
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)


def files(root, *suffixes):
    """Yields (path from the root, text) of every source file with one of the suffixes."""
    for folder in SOURCE_FOLDERS:
        for path in sorted(pathlib.Path(root, folder).rglob("*")):
            if path.suffix in suffixes and path.is_file():
                yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def without_comments(text):
    """Returns C++ or proto text with comments and literals emptied; line numbers stay."""

    def blank(match):
        token = match.group()
        rest = "\n" * token.count("\n")
        return rest if token.startswith("/") else '""' + rest

    return _TOKEN.sub(blank, text)


def numbered(text):
    return enumerate(text.splitlines(), start=1)


def main(check):
    """Runs check(root), which yields lines of the form `path:line: what to do`."""
    findings = list(check(pathlib.Path(sys.argv[1])))
    print("\n".join(findings) if findings else "no findings")
    sys.exit(1 if findings else 0)
