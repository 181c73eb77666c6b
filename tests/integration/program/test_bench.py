# SPDX-License-Identifier: BSD-3-Clause
"""Every benchmark runs small, and its line of JSON holds what design and issue ask of it."""
import json
import os
import signal
import subprocess
import unittest

from program import DEADLINE_S, PROGRAM, main, run, wait_for

LATENCY = [
    "dispatch",
    "ring-rtt",
    "segment-rtt",
    "wire-rtt",
    "wire-rtt-auth",
    "wire-rtt-encrypt",
    "attach",
    "attach-death",
    "attach-again",
]
RATE = [
    "ring-rate",
    "segment-rate",
    "segment-bulk-1k",
    "segment-bulk",
    "segment-bulk-socket",
    "wire-rate",
    "wire-rate-single",
]
SAVINA = [
    "ping-pong", "counting", "fork-join", "fork-join-create", "thread-ring", "big", "chameneos",
    "bounded-buffer", "banking",
]


def command(pid):
    """The arguments of a process; none of one that has ended."""
    try:
        with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
            return file.read().split("\0")
    except OSError:
        return []


def below(pid):
    """All that a process has started, with what those have started."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [found for child in children for found in below(child)]


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

    def rows(self, name):
        """Rows of a table, each with a count of what must be there."""
        result = run("bench", name, "--smoke", "--json", timeout=240)
        self.assertEqual(result.returncode, 0, result.stderr)
        rows = [json.loads(line) for line in result.stdout.splitlines()]
        for row in rows:
            self.assertEqual(row["bench"], name)
            if "skipped" in row:
                self.skipTest(row["skipped"])
            self.assertIn("cores", row["machine"])
        return rows

    def test_what_a_word_to_another_core_takes(self):
        rows = self.rows("cache-line")
        self.assertEqual([row["who"] for row in rows], ["a line each way", "one line"])
        for row in rows:
            self.assertTrue(0 < row["p50_ns"] <= row["p99_ns"] <= row["max_ns"])

    def test_jitter_stands_beside_what_the_machine_did(self):
        rows = self.rows("jitter")
        self.assertEqual([row["who"] for row in rows], ["a bare loop", "an lcore's turns"])
        for row in rows:
            self.assertTrue(0 < row["p50_ns"] <= row["p9999_ns"] <= row["max_ns"])
            for key in ("long_gaps", "interrupts", "switches", "faults", "stolen_ms"):
                self.assertGreaterEqual(row[key], 0)

    def test_kernel_sockets_are_measured_blocking_and_spinning(self):
        rows = self.rows("sockets")
        self.assertEqual(len({row["who"] for row in rows}), 6)
        for row in rows:
            self.assertTrue(0 < row["p50_ns"] <= row["p99_ns"] <= row["max_ns"])
            self.assertGreater(row["per_s"], 0)
            self.assertGreater(row["batched_per_s"], 0)
            self.assertEqual("lost_percent" in row, row["who"].startswith("UDP"))

    def test_savina_gives_the_right_counts_at_each_placement(self):
        """The driver checks each run's sum; a wrong one fails the bench."""
        places = ["same lcore", "across lcores", "across processes", "across nodes (memif)"]
        for name in SAVINA:
            with self.subTest(name=name):
                rows = self.rows("savina-" + name)
                is_local = name == "fork-join-create"
                self.assertEqual([row["who"] for row in rows], places[:2] if is_local else places)
                for row in rows:
                    self.assertGreater(row["per_s"], 0)

    def test_loss_is_measured_beside_kernel_tcp(self):
        rows = self.rows("wire-loss")
        self.assertEqual([row["loss_percent"] for row in rows], [0, 0, 1, 1])
        self.assertEqual(len({row["who"] for row in rows}), 2)
        for row in rows:
            self.assertGreater(row["goodput_bytes_per_s"], 0)
            self.assertGreater(row["goodput_ratio"], 0)
            self.assertGreater(row["pings"], 0)
            self.assertLessEqual(row["ping_p50_ns"], row["ping_p999_ns"])
        self.assertEqual([row["goodput_ratio"] for row in rows[:2]], [1, 1])

    def test_an_interrupted_run_leaves_no_process(self):
        """And with its processes go its namespaces, which have no names."""
        with subprocess.Popen([PROGRAM, "bench", "wire-loss", "--smoke"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            self.addCleanup(process.kill)
            below = f"/proc/{process.pid}/task/{process.pid}/children"

            def children():
                if process.poll() is not None:
                    self.skipTest("it ended first: network namespaces need root")
                with open(below, encoding="ascii") as file:
                    return file.read().split()

            started = wait_for(children, "a child of the benchmark")
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(DEADLINE_S), -signal.SIGINT)
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in started),
                 "the end of its children")

    def kill_one(self, arguments, is_victim):
        """Runs a benchmark, kills the first process below it that is_victim says; its stderr."""
        with subprocess.Popen([PROGRAM, "bench", *arguments], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as process:
            self.addCleanup(process.kill)
            victim = wait_for(lambda: next(filter(is_victim, below(process.pid)), None),
                              "the process to kill")
            os.kill(victim, signal.SIGKILL)
            text = process.communicate(timeout=DEADLINE_S)[1]
            self.assertNotEqual(process.returncode, 0, text)
            return text

    def test_the_end_of_the_process_that_measures_is_told(self):
        text = self.kill_one(["jitter", "--repetitions", "32"], lambda pid: True)
        self.assertRegex(text, r"process that measures was ended by signal 9")

    def test_the_end_of_a_partner_is_told_with_what_was_waited_for(self):
        """At once, and not when the driver has looked for it in vain."""
        def is_partner(pid):
            return "--partner" in command(pid)

        for name in ("segment-rtt", "savina-ping-pong"):
            with self.subTest(name=name):
                text = self.kill_one([name, "--smoke"], is_partner)
                self.assertRegex(text, r"waited \d+ s for .*partner \(pid \d+\) was ended by "
                                       r"signal 9|has gone: |was not delivered: ")

    def test_every_lost_tail_is_repaired(self):
        rows = self.rows("wire-tail")
        self.assertEqual([row["tails_lost"] for row in rows], [10])
        self.assertGreater(rows[0]["repair_rtts_p99"], 0)

    def test_pings_are_measured_alone_and_beside_bulk(self):
        alone, beside = self.rows("wire-mixed")
        self.assertNotIn("bulk_bytes_per_s", alone)
        self.assertGreater(beside["bulk_bytes_per_s"], 0)
        self.assertGreater(beside["p50_ns"], 0)

    def test_several_senders_share_one_lcore(self):
        rows = self.rows("wire-incast")
        self.assertEqual([row["senders"] for row in rows], [1, 2])
        for row in rows:
            self.assertGreater(row["goodput_bytes_per_s"], 0)
            self.assertTrue(1 / row["senders"] <= row["jain_index"] + 1e-6 <= 1.001)

    def test_load_is_open_loop_beside_raw_frames(self):
        rows = self.rows("wire-load")
        self.assertEqual(len(rows), 18)
        self.assertEqual({row["body_bytes"] for row in rows}, {32, 288, 1344})
        self.assertEqual({row["rate_per_s"] for row in rows}, {100000, 500000, 1000000})
        for row in rows:
            self.assertGreater(row["done_per_s"], 0)
            self.assertLessEqual(row["p99_ns"], row["p9999_ns"])

    def test_growth_is_stated_for_each_curve(self):
        result = run("bench", "scaling", "--smoke", "--json", timeout=240)
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = [json.loads(line) for line in result.stdout.splitlines()]
        self.assertEqual([line["curve_of"] for line in lines],
                         ["lcores", "actors", "spawns", "names", "claims", "groups", "members",
                          "monitors", "timers"])
        for line in lines:
            self.assertEqual(line["bench"], "scaling")
            self.assertRegex(line["order"], r"^O\((1|log n|n|n log n|n\^2)\)$")
            sizes = [point["x"] for point in line["points"]]
            self.assertEqual(sizes, [2, 4, 8] if line["curve_of"] == "lcores"
                             else [10, 100, 1000])
            for point in line["points"]:
                self.assertGreater(point["y_ns"], 0)
            for point in line["points"][1:]:
                self.assertGreater(point["bytes_each"], 0)
        text = run("bench", "scaling", "--smoke").stdout
        self.assertEqual(text.count("scaling, "), len(lines))

    def test_pktgens_probes_come_back_from_every_place(self):
        rows = self.rows("pktgen")
        places = list(dict.fromkeys(row["who"] for row in rows))
        self.assertEqual(len(places), 5)
        for who in places:
            of_place = [row for row in rows if row["who"] == who]
            self.assertEqual([row["load_percent"] for row in of_place], [0, 10, 50, 90])
            rates = [row["rate_per_s"] for row in of_place]
            self.assertTrue(0 == rates[0] < rates[1] < rates[2] < rates[3])
            self.assertEqual(of_place[0]["missing"], 0)
            for row in of_place:
                self.assertTrue(0 < row["p50_ns"] <= row["p99_ns"] <= row["p999_ns"]
                                <= row["max_ns"])
                for key in ("p50_ns", "p99_ns", "p999_ns", "max_ns"):
                    floor = row[key] - row["over_" + key]
                    self.assertGreater(floor, 0)
                    if who == places[0]:
                        self.assertEqual(floor, row[key])

    def test_a_wire_can_be_made_bad_on_purpose(self):
        result = run("bench", "wire-rtt", "--smoke", "--json", "--fault",
                     "loss_per_million=10000,seed=4")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("treats its frames badly", result.stderr)
        result = run("bench", "wire-rtt", "--smoke", "--fault", "loss=1")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("loss_per_million", result.stderr)

    def test_text_is_for_people(self):
        result = run("bench", "dispatch", "--smoke")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("ratio", result.stdout)


if __name__ == "__main__":
    main()
