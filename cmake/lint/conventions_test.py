"""Shows every rule of conventions.py red on a small tree, and green beside it."""

import pathlib
import tempfile
import unittest

import conventions


def findings(path, text):
    """What the check says of a tree that has one file."""
    with tempfile.TemporaryDirectory() as root:
        file = pathlib.Path(root, path)
        file.parent.mkdir(parents=True)
        file.write_text(text)
        return list(conventions.check(root))


HEADER = """// What this is.
#ifndef PATHWAYS_SERVICES_ENGINE_ENGINE_H_
#define PATHWAYS_SERVICES_ENGINE_ENGINE_H_
#endif  // PATHWAYS_SERVICES_ENGINE_ENGINE_H_
"""


class ConventionsTest(unittest.TestCase):
    def assert_red(self, path, text, line, words):
        found = findings(path, text)
        self.assertEqual(1, len(found), found)
        self.assertTrue(found[0].startswith(f"{path}:{line}: "), found)
        self.assertIn(words, found[0])

    def assert_green(self, path, text):
        self.assertEqual([], findings(path, text))

    def test_header_guard(self):
        path = "services/engine/engine.h"
        self.assert_green(path, HEADER)
        for wrong in (
            HEADER.replace("ENGINE", "MOTOR"),
            HEADER.replace("#define PATHWAYS", "#define OTHER"),
            HEADER.replace("#endif  // PATHWAYS", "#endif  // OTHER"),
            "// What this is.\n#pragma once\n",
            "// What this is.\n",
        ):
            with self.subTest(wrong):
                self.assert_red(path, wrong, 1, "header guard")

    def test_header_opens_with_a_comment(self):
        path = "services/engine/engine.h"
        self.assert_red(path, HEADER.removeprefix("// What this is.\n"), 1, "open the header")

    def test_banned_calls(self):
        for code in (
            "x.DebugString();",
            "x.ShortDebugString();",
            "x.Utf8DebugString();",
            "std::cout << std::endl;",
            "std::this_thread::sleep_for(d);",
            "absl::SleepFor(d);",
            "usleep(1);",
            "try { F(); } catch (...) {}",
        ):
            with self.subTest(code):
                self.assertEqual(1, len(findings("services/engine/a.cc", f"\n{code}\n")))
                self.assert_green("services/engine/a.cc", f"// {code}\n/* {code}\n*/\n")
                self.assert_green("services/engine/a.cc", f'F("{code}");\nG(R"x("{code}")x");\n')

    def test_banned_calls_know_their_folders(self):
        self.assert_green("tests/a.cc", "x.DebugString();")
        self.assert_red("bench/a.cc", "x.DebugString();", 1, "personal data")
        self.assert_red("tests/a.cc", "absl::SleepFor(d);", 1, "deadline")
        self.assert_green("bench/a.cc", "absl::SleepFor(d);")

    def test_digit_separator_does_not_hide_code(self):
        code = "int a = 1'000; x.DebugString(); int b = 2'000;"
        self.assert_red("services/a.cc", code, 1, "personal data")

    def test_events_are_deterministic(self):
        for field in ("double x = 1;", "optional float x = 1;", "map<string, string> x = 1;"):
            text = f"// M.\nmessage M {{\n  // F.\n  {field}\n}}\n"
            for path in ("intake/v1/events.proto", "intake/v1/state.proto", "type/v1/date.proto"):
                with self.subTest(f"{path} {field}"):
                    self.assert_red(f"proto/pathways/{path}", text, 4, "no float, double or map")
            self.assert_green("proto/pathways/intake/v1/intake_service.proto", text)

    def test_proto_comments(self):
        elements = {
            "message A {": "}",
            "enum B {": "}",
            "service C {": "}",
            "message D {\n// Ok.\noneof e {": "}\n}",
        }
        for opening, closing in elements.items():
            text = f"syntax = \"proto3\";\npackage pathways.a.v1;\n\n{opening}\n{closing}\n"
            with self.subTest(opening):
                self.assert_red("proto/pathways/a.proto", text, 4, "has no comment")
                self.assert_green("proto/pathways/a.proto", text.replace("\n\n", "\n\n// Ok.\n"))
        for member in (
            "string name = 1;",
            "repeated pathways.type.v1.Date dates = 2;",
            "optional int32 year = 3;",
            "map<string, int32> counts = 4;",
            "string old = 5\n    [deprecated = true];",
            "STATE_UNSPECIFIED = 0;",
            "LOST = -1;",
            "rpc Get(GetRequest) returns (Case);",
            "message Inner {",
        ):
            with self.subTest(member):
                path = "proto/pathways/a.proto"
                text = "// Ok.\nmessage M {\n  reserved 9;\n  option a = 1;\n  MEMBER\n}\n"
                self.assert_red(path, text.replace("MEMBER", member), 5, "has no comment")
                self.assert_green(path, text.replace("MEMBER", f"// Ok.\n  {member}"))
                first, newline, rest = member.partition("\n")
                trailing = f"{first}  // Ok.{newline}{rest}"
                self.assert_green(path, text.replace("MEMBER", trailing))
        apart = "// Not of A.\n\nmessage A {\n}\n"
        self.assert_red("proto/pathways/a.proto", apart, 3, "A has no comment")
        self.assert_green("proto/grpc/health/v1/health.proto", apart)

    def test_sql_comments(self):
        path = "services/engine/store/migrations/0001_first.sql"
        good = """CREATE TABLE IF NOT EXISTS a (
  id TEXT PRIMARY KEY,  -- The id.
  -- The version.
  version INTEGER NOT NULL CHECK (version IN (1, 2)),
  kind TEXT,  -- The kind.
  PRIMARY KEY (id, kind),
  UNIQUE (kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX b ON a (kind, id);
INSERT INTO a VALUES (1, 2, 3);
"""
        self.assert_green(path, good)
        self.assert_red(path, good.replace("  -- The id.", ""), 2, "column id")
        self.assert_red(path, good.replace("  -- The version.\n", ""), 3, "column version")
        two = good.replace("kind TEXT,", "kind TEXT, more TEXT,")
        self.assert_red(path, two, 5, "line of its own")
        self.assert_red(path, "CREATE TABLE a (id TEXT);\n", 1, "line of its own")
        self.assert_red(path, "CREATE TABLE a\n(\n  id TEXT\n);\n", 3, "column id")
        self.assert_red(path, "ALTER TABLE a ADD COLUMN c TEXT;\n", 1, "column c")
        self.assert_green(path, "ALTER TABLE a ADD COLUMN c TEXT;  -- What c is.\n")


if __name__ == "__main__":
    unittest.main()
