# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of the `mycelium` program share: running it, and waiting for what it says.

A process that a test starts is ended when the test ends, also when it fails. Nothing sleeps for a
fixed time: every wait polls for its condition until a deadline.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = os.environ.get("MYCELIUM_PROGRAM", "mycelium")
DEADLINE_S = 180


def run(*arguments, timeout=DEADLINE_S):
    """Runs the program to its end; its output is in .stdout and .stderr."""
    return subprocess.run(
        [PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=False,
    )


def wait_for(condition, what, timeout=DEADLINE_S):
    """The first true value of condition(); fails after the deadline."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what}: not within {timeout} s")


class ProgramTest(unittest.TestCase):
    """A folder of its own, and processes that are ended with the test."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mycelium-test-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return self.path(name)

    def start(self, *arguments):
        """Starts the program; its output goes to files that output() reads."""
        stem = self.path(f"process-{len(os.listdir(self.folder))}")
        with open(stem + ".out", "w", encoding="utf-8") as out, open(
            stem + ".err", "w", encoding="utf-8"
        ) as err:
            process = subprocess.Popen(
                [PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=out, stderr=err
            )
        process.stem = stem
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()

    @staticmethod
    def output(process, stream="out"):
        with open(f"{process.stem}.{stream}", encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_for_output(self, process, text, stream="out", timeout=DEADLINE_S):
        def has_said_it():
            if text in self.output(process, stream):
                return True
            if process.poll() is not None:
                raise AssertionError(
                    f"ended with {process.returncode} before it said {text!r}: "
                    + self.output(process, "err")
                )
            return False

        wait_for(has_said_it, f"the words {text!r}", timeout)

    def stop(self, process, number=signal.SIGTERM):
        """Ends it by a signal; its exit code."""
        process.send_signal(number)
        return process.wait(timeout=DEADLINE_S)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def main():
    unittest.main(verbosity=2, argv=[sys.argv[0], *sys.argv[1:]])
