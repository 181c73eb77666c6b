# SPDX-License-Identifier: BSD-3-Clause
"""benchmarks/variants: builds beside the default one, run in alternation and set against it.

It is given programs that are built already, both the same, so that the test builds nothing.
"""
import json
import os
import re
import subprocess
import sys
import unittest

from program import PROGRAM, main

VARIANTS = os.environ["MYCELIUM_VARIANTS"]
TOP = os.path.dirname(os.path.dirname(VARIANTS))
GIVEN = ["--program", f"default={PROGRAM}", "--program", f"O3={PROGRAM}", "--only", "O3"]


def variants(*arguments):
    return subprocess.run([sys.executable, "-B", VARIANTS, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                          check=False)


class Variants(unittest.TestCase):
    def test_each_bench_is_run_with_each_variant(self):
        result = variants(*GIVEN, "--smoke", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([(row["bench"], row["variant"]) for row in rows],
                         [(bench, variant) for bench in ("dispatch", "ring-rtt", "wire-rtt")
                          for variant in ("default", "O3")])
        for row in rows:
            self.assertGreater(row["raw_p50_ns"], 0)
            self.assertTrue(0 < row["p50_ns_min"] <= row["p50_ns"] <= row["p50_ns_max"])
            if row["variant"] == "default":
                self.assertEqual(row["ratio_to_default"], 1)

    def test_a_table_is_for_people(self):
        result = variants(*GIVEN, "--smoke", "--bench", "dispatch")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"default +[\d.]+ +[\d.]+ to [\d.]+ +1\.000")

    def test_what_cannot_run_is_said(self):
        result = variants("--program", "default=/bin/false", "--only", "default", "--smoke")
        self.assertEqual(result.returncode, 1)
        self.assertIn("/bin/false bench dispatch", result.stderr)
        self.assertNotEqual(variants("--only", "O9").returncode, 0)
        self.assertIn("O9", variants("--program", "O9=x").stderr)

    def test_the_default_runs_on_every_x86_64_v2(self):
        """It is what the build files say, and those name the oldest machine that it runs on."""
        first = variants("--list").stdout.splitlines()[0].split(maxsplit=1)
        self.assertEqual(first[0], "default")
        self.assertNotIn("-D", first[1])
        with open(os.path.join(TOP, "meson_options.txt"), encoding="utf-8") as file:
            self.assertRegex(file.read(), r"option\('march',[^\n]*value: 'x86-64-v2'")
        with open(os.path.join(TOP, "meson.build"), encoding="utf-8") as file:
            text = file.read()
        self.assertIsNone(re.search(r"b_lto|optimization=|-march=(?!' \+ get_option)", text))


if __name__ == "__main__":
    main()
