#!/usr/bin/env python3
"""Goal: the files of the sample day are those that samples/generate.py writes, to the byte.

Method: write them to a temporary folder and compare; another seed must give another day.

Usage: sample_files_test.py SAMPLES_FOLDER
"""

import json
import pathlib
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


if __name__ == "__main__":
    unittest.main()
