# SPDX-License-Identifier: BSD-3-Clause
"""Every benchmark runs small, and its line of JSON holds what design and issue ask of it."""
import json
import unittest

from program import main, run

LATENCY = ["dispatch", "ring-rtt", "segment-rtt", "wire-rtt"]
RATE = ["ring-rate", "segment-rate", "wire-rate"]


class Smoke(unittest.TestCase):
    def measure(self, name):
        result = run("bench", name, "--smoke", "--json", timeout=120)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(len(lines), 1, result.stdout)
        line = json.loads(lines[0])
        self.assertEqual(line["bench"], name)
        self.assertGreater(line["ratio"], 0)
        for key in ("cpu", "cores", "kernel"):
            self.assertIn(key, line["machine"])
        return line

    def test_latencies_stand_beside_their_baseline(self):
        for name in LATENCY:
            with self.subTest(name=name):
                line = self.measure(name)
                self.assertGreater(line["raw_p50_ns"], 0)
                self.assertGreater(line["fabric_p50_ns"], 0)
                self.assertIn("p99_ns", line["fabric"])

    def test_rates_stand_beside_their_baseline(self):
        for name in RATE:
            with self.subTest(name=name):
                line = self.measure(name)
                self.assertGreater(line["raw_per_s"], 0)
                self.assertGreater(line["fabric_per_s"], 0)

    def test_text_is_for_people(self):
        result = run("bench", "dispatch", "--smoke")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ratio", result.stdout)


if __name__ == "__main__":
    main()
