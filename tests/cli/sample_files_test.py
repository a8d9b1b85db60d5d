#!/usr/bin/env python3
"""Goal: the files of the sample day are those that samples/generate.py writes, to the byte.

Method: write them to a temporary folder and compare; another seed must give another day. Of every
later day of registration the figures are the same, once all who came by the day of the statement
are late with a claim; they are those that the project's README shows.

Usage: sample_files_test.py SAMPLES_FOLDER
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

FILES = ("tapachula-day.csv", "expected.json")
samples = pathlib.Path(sys.argv.pop(1))


def generate(*arguments):
    """Returns the bytes of each file."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-B", samples / "generate.py", "--out", folder, *arguments]
        subprocess.run(command, check=True, timeout=120)
        return [pathlib.Path(folder, name).read_bytes() for name in FILES]


class SampleFiles(unittest.TestCase):
    def test_are_as_generated(self):
        self.assertEqual(generate(), [(samples / name).read_bytes() for name in FILES])

    def test_of_another_seed_are_another_day_of_as_many_people(self):
        day, expected = generate("--seed", "1")
        self.assertNotEqual(day, (samples / FILES[0]).read_bytes())
        self.assertEqual(json.loads(expected)["people"], 1500)

    def test_of_later_days_have_the_figures_that_the_readme_shows(self):
        day, expected = generate("--day", "2026-11-30")
        later, expected_later = generate("--day", "2028-02-29")
        self.assertNotEqual(day, later)
        self.assertEqual(expected, expected_later)
        figures = json.loads(expected)
        counts = {**figures["screened"], **figures["referral_states"]}
        readme = (samples.parent / "README.md").read_text(encoding="utf-8")
        lines = re.findall(r"^(\S+) +([A-Z_]+) +(\d+)$", readme, re.MULTILINE)
        self.assertIn(("mx-refugee-status", "MEETS"), [(name, what) for name, what, _ in lines])
        self.assertIn("comar", [name for name, _, _ in lines])
        for name, what, count in lines:
            self.assertEqual(counts[name][what], int(count), f"{name} {what}")

    def test_are_of_no_day_on_which_no_claim_is_known_to_be_in_time(self):
        for day in ("2023-08-13", "2031-01-01"):
            with self.assertRaises(subprocess.CalledProcessError):
                generate("--day", day)


if __name__ == "__main__":
    unittest.main()
