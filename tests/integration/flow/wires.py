# SPDX-License-Identifier: BSD-3-Clause
"""Processes and wires of the flow tests: nodes that speak JSON lines, namespaces joined by veth."""
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

SKIP = 77
# A bad wire, in the words of env/fault_text.h; without a seed.
FAULTS = ("loss_per_million=10000,duplicate_per_million=10000,reorder_per_million=10000,"
          "corrupt_per_million=1000")


class Failure(Exception):
    """What a test saw and did not want."""


class Node:
    """A flow_node process; events are read as they come."""

    def __init__(self, program, arguments, namespace=None):
        command = [program] + [str(argument) for argument in arguments]
        if namespace:
            command = ["ip", "netns", "exec", namespace] + command
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log)
        self.rest = b""
        self.events = []

    def read(self, seconds):
        """Reads what comes within the time; returns whether anything did."""
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        if not ready:
            return False
        data = os.read(self.process.stdout.fileno(), 65536)
        self.rest += data
        *lines, self.rest = self.rest.split(b"\n")
        now = time.monotonic()
        self.events += [dict(json.loads(line), at=now) for line in lines]
        return bool(data)

    def wait(self, name, seconds, after=0):
        """The first event of that name past the first `after`; Failure when it does not come."""
        end = time.monotonic() + seconds
        while True:
            for event in self.events[after:]:
                if event["event"] == name:
                    return event
            if time.monotonic() >= end:
                raise Failure(f"no '{name}' within {seconds} s; events {self.events}, "
                              f"log {self.read_log()}")
            if not self.read(0.1) and self.process.poll() is not None and not self.read(0):
                raise Failure(f"ended without '{name}': {self.events}, log {self.read_log()}")

    def read_log(self):
        """What it wrote to standard error."""
        self.log.seek(0)
        return self.log.read().decode()[-2000:]

    def kill(self):
        """Ends it at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def finish(self, seconds=20):
        """Lets it end by itself; returns its 'end' event."""
        self.process.stdin.close()
        event = self.wait("end", seconds)
        if self.process.wait(seconds) != 0:
            raise Failure(f"ended with {self.process.returncode}: {self.read_log()}")
        return event


class Wires:
    """Namespaces of a test; everything in them goes when it ends, however it ends."""

    def __init__(self, name):
        self.prefix = f"env{name}{os.getpid() % 10000}"
        self.namespaces = []
        self.nodes = []
        self.folder = tempfile.mkdtemp(prefix="env-flow-")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            if node.process.poll() is None:
                node.kill()
        for namespace in self.namespaces:
            subprocess.run(["ip", "netns", "del", namespace], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def namespace(self, name):
        """A new namespace; its full name."""
        full = f"{self.prefix}{name}"
        run("ip", "netns", "add", full)
        self.namespaces.append(full)
        run("ip", "-n", full, "link", "set", "dev", "lo", "up")
        return full

    def veth(self, one, two, mtu=1500):
        """Joins (namespace, interface) pairs."""
        run("ip", "-n", one[0], "link", "add", "name", one[1], "mtu", mtu, "type", "veth", "peer",
            "name", two[1], "mtu", mtu, "netns", two[0])
        for namespace, interface in (one, two):
            # The kernel must not speak IPv6 on its own on interfaces whose frames are counted.
            subprocess.run(["ip", "netns", "exec", namespace, "sysctl", "-qw",
                            f"net.ipv6.conf.{interface}.disable_ipv6=1"], check=False,
                           stderr=subprocess.DEVNULL)
            run("ip", "-n", namespace, "link", "set", "dev", interface, "up")

    def node(self, program, arguments, namespace=None):
        """Starts a node and waits until its port is open."""
        node = Node(program, arguments, namespace)
        self.nodes.append(node)
        return node


def run(*command):
    """Runs a command that must succeed; returns its output."""
    result = subprocess.run([str(part) for part in command], check=False, capture_output=True,
                            text=True)
    if result.returncode != 0:
        raise Failure(f"{' '.join(str(part) for part in command)}: {result.stderr.strip()}")
    return result.stdout


def can_make_namespaces():
    """Whether this machine lets us."""
    name = f"envprobe{os.getpid()}"
    try:
        run("ip", "netns", "add", name)
        run("ip", "netns", "del", name)
        return True
    except (Failure, OSError):
        return False


def main(tests):
    """Runs tests, as TAP; a test answers with a text when it cannot run here."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, test in enumerate(tests, 1):
        name = test.__name__.removeprefix("test_")
        begin = time.monotonic()
        try:
            skipped = test()
            took = f"{time.monotonic() - begin:.1f} s"
            print(f"ok {number} - {name} # " + (f"SKIP {skipped}" if skipped else took), flush=True)
        except Failure as failure:
            failed += 1
            print(f"not ok {number} - {name}\n# {failure}", flush=True)
    return 1 if failed else 0
