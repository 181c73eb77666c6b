# SPDX-License-Identifier: BSD-3-Clause
"""benchmarks/table: each row has the figure that the benchmark printed, and says what it means."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

from program import PROGRAM, ProgramTest, main

TABLE = os.environ["MYCELIUM_TABLE"]
DEADLINE_S = 300


def table(*arguments, program=PROGRAM):
    return subprocess.run(
        [sys.executable, "-B", TABLE, "--program", program, "--smoke", "--repetitions", "1",
         *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE_S, check=False)


def rows_of(result):
    lines = [line for line in result.stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


class Table(ProgramTest):
    def test_a_row_says_what_the_benchmark_printed(self):
        with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
            result = table("--rows", "same-lcore", "--json", file.name)
            printed = [json.loads(line) for line in file]
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        ((_, aim, figure, *_, verdict, command),) = rows_of(result)
        self.assertEqual(len(printed), 1)
        self.assertEqual(float(figure.split()[0]), float(f"{printed[0]['ratio']:.3g}"))
        self.assertEqual(float(aim.removeprefix("at most ")), printed[0]["aim"])
        self.assertEqual(verdict, "met" if printed[0]["ratio"] <= printed[0]["aim"] else "missed")
        self.assertEqual(command, "`mycelium bench dispatch`")

    @unittest.skipUnless(os.geteuid() == 0, "skipped: a network namespace needs root")
    def test_the_row_of_af_packet_leaves_no_namespace(self):
        result = table("--rows", "af_packet")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        ((_, _, figure, *_),) = rows_of(result)
        self.assertGreater(float(figure.split()[0]), 0)
        left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
        self.assertNotIn("myc-table", left.stdout)

    def test_a_row_without_a_figure_says_why(self):
        result = table("--rows", "same-lcore", program="/bin/false")
        self.assertEqual(result.returncode, 1)
        ((_, _, figure, *_),) = rows_of(result)
        self.assertIn("no figure: /bin/false bench dispatch", figure)


if __name__ == "__main__":
    main()
