# SPDX-License-Identifier: BSD-3-Clause
"""The examples of deploy/examples/books beside a running demo: a client in C, and one in Python."""
import os
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "program")
)

from program import DEADLINE_S, ProgramTest, main, wait_for  # noqa: E402

QUOTES = 200
LINE = re.compile(r"^(\w+) +(\d+) +(\d+\.\d{4}) +\| +(\d+\.\d{4}) +(\d+) +#(\d+)$")


class Books(ProgramTest):
    def start_demo(self):
        """A demo that goes on until it is told to end. Returns it and the socket of alpha."""
        process = self.start("demo", "--no-huge", "--messages", "1000000000", "--symbols", "3")

        def alpha():
            self.assertIsNone(process.poll(), self.output(process, "err"))
            return re.search(r"alpha started, pid (\d+)", self.output(process, "err"))

        pid = wait_for(alpha, "the start of alpha").group(1)

        def command():
            """None as long as the child has not become the role's program."""
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                words = file.read().decode().split("\0")
            return words if "--folder" in words else None

        words = wait_for(command, "the command line of alpha")
        folder = words[words.index("--folder") + 1]
        wait_for(
            lambda: [name for name in os.listdir(folder) if name.startswith("alpha")],
            "the control socket of alpha",
        )
        names = [name for name in os.listdir(folder) if name.startswith("alpha")]
        return process, os.path.join(folder, names[0])

    def assert_quotes(self, command):
        process, socket = self.start_demo()
        with self.subTest(command=command):
            result = subprocess.run(
                [*command[:1], *[word.replace("SOCKET", socket) for word in command[1:]]],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=False,
            )
            self.assertEqual(result.returncode, 0, result.stderr)
            quotes = [LINE.match(line) for line in result.stdout.splitlines()]
            self.assertEqual(len(quotes), QUOTES)
            self.assertNotIn(None, quotes)
            self.assertEqual(len({quote.group(1) for quote in quotes}), 3)
            numbers = [int(quote.group(6)) for quote in quotes]
            self.assertEqual(numbers, sorted(numbers))
        process.send_signal(signal.SIGINT)
        wait_for(lambda: process.poll() is not None, "the end of the demo")

    def test_a_client_in_c_is_sent_quotes(self):
        self.assert_quotes([os.environ["BOOKS_C"], "SOCKET", str(QUOTES)])

    @unittest.skipIf(
        os.environ.get("SANITIZERS", "none") != "none",
        "skipped: Python is not built with the sanitizers that the library needs",
    )
    def test_a_client_in_python_is_sent_quotes(self):
        self.assert_quotes(
            [
                sys.executable,
                os.environ["BOOKS_PY"],
                "SOCKET",
                "--quotes",
                str(QUOTES),
                "--library",
                os.environ["MYCELIUM_CLIENT"],
            ]
        )

    def test_both_need_no_dpdk(self):
        for path in (os.environ["BOOKS_C"], os.environ["MYCELIUM_CLIENT"]):
            needed = subprocess.run(["ldd", path], capture_output=True, text=True, check=True)
            self.assertNotIn("librte", needed.stdout)


if __name__ == "__main__":
    main()
