# SPDX-License-Identifier: BSD-3-Clause
"""`mycelium demo` from end to end: five actors in four processes, all hops, all three localities.

Everything runs on ordinary pages, because hugepages are shared by all tests of a machine.
"""
import json
import os
import re
import signal
import sys
import time
import unittest

for folder in ("program", "market"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))

import capture_reader  # noqa: E402
import compare  # noqa: E402
from program import ProgramTest, main, run, wait_for  # noqa: E402

HOPS = ["frames", "events", "tops", "reactions", "acks"]
LATENCIES = ["ring", "segment", "flow", "flow_back", "order_to_ack", "wire_to_order", "end_to_end"]
ROLES = ["alpha", "beta", "strategy", "exchange"]
LONG_S = 240
LOSS_TOLD_S = 1.0  # the bound that the demo promises, not a matter of speed


def demo(*arguments):
    return run("demo", "--no-huge", *arguments, timeout=LONG_S)


def is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class DemoTest(ProgramTest):
    def assert_lossless(self, report):
        self.assertTrue(report["is_complete"])
        self.assertTrue(report["is_lossless"])
        self.assertEqual([hop["hop"] for hop in report["hops"]], HOPS)
        for hop in report["hops"]:
            self.assertEqual(hop["out"], hop["in"], hop)
            self.assertEqual(hop["dropped"], 0, hop)
        # What a capture itself lacks is missed by its numbers, in front of the first hop.
        for hop in report["hops"][1:]:
            self.assertEqual(hop["missed"], 0, hop)

    def pids(self, process):
        """The last process id of each role."""
        found = re.findall(r"(\w+) started, pid (\d+)", self.output(process, "err"))
        return {role: int(pid) for role, pid in found}

    def start_demo(self, *arguments):
        process = self.start("demo", "--no-huge", "--json", *arguments)
        # A child whose parent is killed goes with it, so nothing stays behind a failed test.
        wait_for(
            lambda: re.search(r"acks [1-9]", self.output(process, "err"))
            or process.poll() is not None,
            "acknowledgements",
            LONG_S,
        )
        self.assertIsNone(process.poll(), self.output(process, "err"))
        return process

    def assert_nothing_is_left(self, pids):
        for role, pid in pids.items():
            wait_for(lambda pid=pid: not is_there(pid), f"the end of {role}")


class Generator(DemoTest):
    def test_every_message_passes_every_hop(self):
        result = demo("--messages", "20000", "--symbols", "3", "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        self.assert_lossless(report)
        self.assertGreater(report["feed"]["messages"], 20000)
        self.assertEqual(report["feed"]["symbols"], 3)
        self.assertEqual(len(report["top_of_book"]), 3)
        self.assertEqual(report["restarts"], 0)
        for name in LATENCIES:
            latency = report["latency"][name]
            self.assertGreater(latency["count"], 0, name)
            self.assertLessEqual(latency["p50_ns"], latency["p99_ns"], name)
            self.assertLessEqual(latency["p99_ns"], latency["max_ns"] * 1.01, name)

    def test_the_table_has_the_hops_and_the_tops(self):
        result = demo("--messages", "2000", "--symbols", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        for words in (*HOPS, *LATENCIES, "MYCAA", "p99.9 us", "0 messages missed"):
            self.assertIn(words, result.stdout)


class Death(DemoTest):
    def test_each_killed_process_is_missed_and_taken_back_and_a_signal_ends_all(self):
        process = self.start_demo("--messages", "1000000", "--speed", "0.002")
        folder = re.search(r"--folder\0([^\0]+)", self.command_line(self.pids(process)["beta"]))
        before = self.pids(process)
        for role, who, actor in (
            ("beta", "strategy", "demo.gateway"),
            ("strategy", "gateway", "demo.strategy"),
            ("exchange", "feed_handler", "demo.exchange"),
        ):
            with self.subTest(role=role):
                said = len(self.output(process, "err"))
                killed = time.monotonic()
                os.kill(self.pids(process)[role], signal.SIGKILL)
                self.wait_for_words(process, said, f"{who} has lost {actor}: ")
                self.assertLess(time.monotonic() - killed, LOSS_TOLD_S)
                self.wait_for_words(process, said, f"{role} was killed by signal 9")
                self.wait_for_words(process, said, f"{who} has found {actor}")
        after = self.pids(process)
        self.assertEqual(after["alpha"], before["alpha"])
        self.assertEqual(self.stop(process, signal.SIGINT), 1)
        report = json.loads(self.output(process))
        self.assertEqual(report["restarts"], 3)
        self.assertFalse(report["is_complete"])
        # What the killed ones had counted is still known, and so is what nobody had finished.
        for actor, counter in (
            ("gateway", "acks_pushed"),
            ("strategy", "reactions_pushed"),
            ("exchange", "frames_sent"),
        ):
            counts = report["actors"][actor]
            self.assertGreater(counts["earlier"].get(counter, 0) + counts.get(counter, 0), 0, actor)
        for hop in report["hops"]:
            self.assertGreater(hop["in"], 0, hop)
        self.assert_nothing_is_left(after)
        self.assertFalse(os.path.exists(folder.group(1)))

    def test_a_process_that_dies_at_the_end_is_told(self):
        process = self.start_demo("--messages", "1000000", "--speed", "0.002")
        said = len(self.output(process, "err"))
        os.kill(self.pids(process)["exchange"], signal.SIGSTOP)  # it will not end by itself
        self.assertEqual(self.stop(process, signal.SIGINT), 1)
        self.assertIn("exchange was killed by signal 9", self.output(process, "err")[said:])

    def test_a_demo_that_lost_a_process_still_ends_and_says_so(self):
        process = self.start_demo("--messages", "100000", "--speed", "0.02")
        pids = self.pids(process)
        os.kill(pids["exchange"], signal.SIGKILL)
        # The last second of its counts is not known, so nobody can say that nothing was lost.
        self.assertEqual(process.wait(timeout=LONG_S), 1)
        report = json.loads(self.output(process))
        self.assertTrue(report["is_complete"])
        self.assertFalse(report["is_lossless"])
        self.assertEqual(report["restarts"], 1)
        self.assertIn(
            ("feed_handler", "demo.exchange", False),
            [(peer["actor"], peer["peer"], peer["is_there"]) for peer in report["peers"]],
        )
        self.assert_nothing_is_left(self.pids(process))

    @staticmethod
    def command_line(pid):
        with open(f"/proc/{pid}/cmdline", encoding="utf-8") as file:
            return file.read()

    def wait_for_words(self, process, start, words):
        wait_for(
            lambda: words in self.output(process, "err")[start:] or process.poll() is not None,
            words,
            LONG_S,
        )
        self.assertIsNone(process.poll(), self.output(process, "err"))


class Input(DemoTest):
    def test_what_is_no_capture_is_refused_before_anything_starts(self):
        for path, words in (
            (self.write("text.pcap", "no capture at all"), "not a capture"),
            (self.path("missing.pcap"), "No such file"),
        ):
            with self.subTest(path=path):
                result = demo("--pcap", path)
                self.assertEqual(result.returncode, 3, result.stderr)
                self.assertIn(words, result.stderr)
                self.assertNotIn("started", result.stderr)

    def test_wrong_options_are_usage_errors(self):
        for arguments in (["--colour"], ["--speed", "fast"], ["--messages", "-1"], ["more"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(demo(*arguments).returncode, 2)


DATA = os.environ.get("MYCELIUM_DATA", "")


class Captures(DemoTest):
    """What the demo reports, compared with a second reader of the file and its description."""

    def replay(self, name, *arguments):
        path = os.path.join(DATA, name)
        result = demo("--pcap", path, "--json", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(result.stdout)
        reader = capture_reader.Reader().read(path)
        self.assertEqual(list(compare.report_differences(name, report, reader)), [])
        self.assert_lossless(report)
        return report["feed"]

    def test_deep_is_counted_as_its_description_says(self):
        stated = compare.STATED[compare.DEEP10]
        feed = self.replay(compare.DEEP10, "--speed", "max")
        self.assertEqual(feed["packets"], stated["packets_captured"])
        self.assertEqual(feed["messages_by_type"], stated["types"])
        for key in ("heartbeats", "messages", "discontinuities", "restarts"):
            self.assertEqual(feed[key], stated[key], key)
        self.assertEqual((feed["sequence_first"], feed["sequence_last"]), (1, 105210))
        self.assertEqual(feed["symbols"], 20)
        self.assertTrue(feed["is_last_packet_cut"])

    def test_itch_of_two_packets_has_the_gap_between_them(self):
        feed = self.replay("nasdaq/Multiple.Packets.pcap")
        self.assertEqual(feed["messages_by_type"], {"D": 1, "A": 36, "F": 2})
        self.assertEqual(feed["discontinuities"], 1)

    def test_deep_many_times_as_fast_is_whole_or_its_drops_are_counted(self):
        # At the feed's pace nobody is waited for, so a busy machine may drop; 17 311 s in 9 s.
        path = os.path.join(DATA, compare.DEEP10)
        result = demo("--pcap", path, "--json", "--speed", "2000")
        report = json.loads(result.stdout)
        frames = report["hops"][0]
        handler = report["actors"]["feed_handler"]
        dropped = handler["dropped_full"] + handler["dropped_large"]
        self.assertTrue(report["is_complete"])
        self.assertEqual(result.returncode, 0 if report["is_lossless"] else 1, result.stderr)
        self.assertEqual(frames["out"], compare.STATED[compare.DEEP10]["packets_captured"])
        self.assertEqual(frames["in"] + handler["frames_lost"], frames["out"])
        self.assertEqual(report["feed"]["packets"] + dropped, frames["in"])
        for hop in report["hops"][1:]:
            self.assertEqual(hop["in"] + hop["dropped"], hop["out"], hop)

    def test_the_feeds_own_pace_is_kept(self):
        feed = self.replay("nasdaq/AddOrderNoMpidAttributionMessage.pcap", "--speed", "1")
        self.assertEqual(feed["messages_by_type"], {"A": 1})


if __name__ == "__main__":
    if "Captures" in sys.argv and not os.path.isdir(DATA):
        print("skipped: MYCELIUM_DATA names no folder with captures")
        sys.exit(77)
    main()
