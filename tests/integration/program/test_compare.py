# SPDX-License-Identifier: BSD-3-Clause
"""benchmarks/compare: every peer that is there answers every question it knows, or is named."""
import json
import os
import shutil
import subprocess
import sys
import unittest

from program import PROGRAM, ProgramTest, main

COMPARE = os.environ["MYCELIUM_COMPARE"]
WORK = os.environ["MYCELIUM_COMPARE_WORK"]
PEERS = {"tokio", "CAF", "Erlang", "ZeroMQ", "nng"}
WHO = {  # the first word of who answers -> the peer
    "tokio": "tokio", "CAF,": "CAF", "Erlang": "Erlang", "Erlang,": "Erlang",
    "ZeroMQ": "ZeroMQ", "nng": "nng",
}
QUESTIONS = ["rtt", "rate", "rtt-process", "rate-process", "savina-big-1", "savina-banking-2"]
WITHOUT_RAW = {"savina-big-1", "savina-banking-2"}
BUILD_S = 900


def compare(*arguments, env=None):
    return subprocess.run(
        [sys.executable, "-B", COMPARE, "--program", PROGRAM, "--smoke", *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=env, timeout=BUILD_S, check=False)


class Compare(ProgramTest):
    def test_every_peer_answers_or_is_named(self):
        only = [word for name in QUESTIONS for word in ("--only", name)]
        result = compare("--json", "--work", WORK, *only)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        answered = {WHO[row["who"].split()[0]] for row in rows
                    if row.get("who", "").split(" ")[0] in WHO}
        absent = {row["peer"] for row in rows if "absent" in row}
        self.assertEqual(answered | absent, PEERS)
        self.assertFalse(answered & absent)
        for name in QUESTIONS:
            self.check_question([row for row in rows if row.get("question") == name])
        for row in rows:
            # Absent is a matter of packages; what is there must be built.
            self.assertNotIn("was not built", row.get("absent", ""))
        if absent:
            self.skipTest(f"absent: {', '.join(sorted(absent))}")

    def check_question(self, rows):
        self.assertEqual(rows[0]["who"], "Mycelium")
        self.assertEqual(rows[0]["ratio_to_ours"], 1)
        if rows[0]["question"] not in WITHOUT_RAW:
            self.assertTrue(rows[1]["who"].startswith("raw: "))
        for row in rows:
            key = "p50_ns" if row["kind"] == "latency" else "per_s"
            self.assertGreater(row[key], 0, row)
            self.assertTrue(row[key + "_min"] <= row[key] <= row[key + "_max"], row)
            self.assertAlmostEqual(row["ratio_to_ours"], row[key] / rows[0][key])
            self.assertIn("cores", row["machine"])
            if row["kind"] == "latency":
                self.assertTrue(row["p50_ns"] <= row["p99_ns"] <= row["max_ns"], row)

    def test_peers_that_are_absent_are_named_with_their_packages(self):
        bare = self.path("bin")
        os.mkdir(bare)
        os.symlink(shutil.which("python3"), os.path.join(bare, "python3"))
        result = compare("--only", "rtt", "--work", self.path("work"),
                         env={**os.environ, "PATH": bare})
        self.assertEqual(result.returncode, 0, result.stderr)
        for package in ("librust-tokio-dev", "libcaf-dev", "erlang-base", "libzmq3-dev",
                        "libnng-dev"):
            self.assertIn(package, result.stdout)
        self.assertIn("Mycelium", result.stdout)

    def test_a_peer_that_finds_its_result_wrong_is_a_failure(self):
        """A peer stands in: one that answers nothing, with the exit code of a wrong result."""
        if not shutil.which("erl"):
            self.skipTest("no peer is quick enough to stand in for without erl")
        bare = self.path("bin")
        os.mkdir(bare)
        for name in ("erl", "erlc"):
            with open(os.path.join(bare, name), "w", encoding="ascii") as file:
                file.write('#!/bin/sh\nfor last; do :; done\n'
                           'case "$0" in *erlc) exit 0;; esac\necho wrong: a sum >&2\nexit 1\n')
            os.chmod(os.path.join(bare, name), 0o755)
        result = compare("--only", "rtt", "--peer", "Erlang", "--work", self.path("work"),
                         env={**os.environ, "PATH": bare + ":" + os.environ["PATH"]})
        self.assertEqual(result.returncode, 1, result.stdout)
        self.assertIn("failed: Erlang", result.stdout)
        self.assertIn("wrong: a sum", result.stdout)

    def test_an_unknown_question_is_refused(self):
        result = compare("--only", "nonsense")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--list", result.stderr)


if __name__ == "__main__":
    main()
