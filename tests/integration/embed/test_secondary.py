# SPDX-License-Identifier: BSD-3-Clause
"""A node in a DPDK secondary process of a feed handler: it borrows a port of the primary.

It talks with a node behind the wire, beside the feed; comes again after it has left, and after it
was killed; and dumpcap, another secondary, attaches beside it.
"""
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from test_shared_port import (HOST, PROGRAM, SKIP, Failure, Feed, Wires, start_peer,  # noqa: E402
                              wires)

EXAMPLE = sys.argv[4]
PATIENCE_S = 60
DUMPCAP = shutil.which("dpdk-dumpcap")
CAPTURED = 20
MESSAGES = 5000

NODE = """node:
  id: 1
eal:
  lcores:
    - cpu: 1
  is_secondary: yes
  file_prefix: {prefix}
ports:
  - name: shared
    borrowed:
      device: net_ring_card
      rx_queue: 1
      tx_queue: 1
      mempool: lent
    address: 10.9.0.1/24
peers:
  - node_id: 2
    address: 10.9.0.2
segments:
  control_socket: {folder}/node1.sock
limits:
  actors_max: 256
  messages_max: 4096
  state_mb_max: 4
  heap_mb_max: 2
  flow_window_bytes: 65536
times:
  down_after_us: 30000000
actors:
  - class: load
    args: "to=echo2\\ncount={count}"
"""


class Secondary:
    """The node, with its log."""

    def __init__(self, folder):
        self.folder = folder
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([PROGRAM, "run", os.path.join(folder, "node.yaml")],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def text(self):
        """What it has said."""
        return read(self.log)

    def talk(self):
        """Waits until all messages to the actor behind the wire have come back."""
        command = [PROGRAM, "ls", os.path.join(self.folder, "node1.sock")]
        end = time.monotonic() + PATIENCE_S
        done = None
        while time.monotonic() < end and self.process.poll() is None:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
            found = re.search(r"flow +up +to 2\.\S+ lcore 0: (\d+) sent, (\d+) received",
                              done.stdout)
            if found and min(int(found[1]), int(found[2])) >= MESSAGES:
                return
            time.sleep(0.2)
        raise Failure(f"not by the secondary's port: {done and done.stdout[:600]}; it says: "
                      f"{self.text()}")

    def end(self, how=signal.SIGTERM):
        """Ends it; returns its exit code. It stays a zombie until `reap`."""
        if self.process.returncode is not None:
            return self.process.returncode
        end = time.monotonic() + PATIENCE_S
        os.kill(self.process.pid, how)
        while time.monotonic() < end:
            state = os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)
            if state:
                return state.si_status if state.si_code == os.CLD_EXITED else -state.si_status
            time.sleep(0.02)
        raise Failure(f"the secondary does not end: {self.text()}")

    def reap(self):
        """While dumpcap is there the kernel takes seconds to minutes to forget a process: wait4
        goes round in shrink_dcache_parent for its entries in /proc (Linux 6.18)."""
        self.process.wait(PATIENCE_S)


class Scene:
    """The primary with its feed, and the node behind the wire."""

    def __init__(self, wires_):
        self.wires = wires_
        names = wires_.namespace("a"), wires_.namespace("b")
        wires_.veth((names[0], "wa"), (names[1], "wb"))
        self.log, self.peer = start_peer(wires_, names[1])
        self.feed = Feed(names[1])
        self.host = wires_.node(HOST, ["primary", "wa"], names[0])
        self.beats = 0

    def __enter__(self):
        try:
            self.host.wait("ready", 2 * PATIENCE_S)
        except Failure:
            self.__exit__()
            raise
        self.feed.start()
        with open(os.path.join(self.wires.folder, "node.yaml"), "w", encoding="ascii") as file:
            file.write(NODE.format(prefix=self.prefix(), folder=self.wires.folder, count=MESSAGES))
        return self

    def __exit__(self, *_):
        self.feed.end()
        if self.peer.poll() is not None:
            self.log.seek(0)
            print(f"# the other node has ended: {self.log.read().decode()[-1000:]}")
        self.peer.terminate()
        self.peer.wait()
        with open("/proc/mounts", encoding="ascii") as file:
            mounts = [line.split()[1] for line in file if line.split()[2] == "hugetlbfs"]
        for path in sum((glob.glob(f"{mount}/{self.prefix()}map_*") for mount in mounts), []):
            os.unlink(path)  # EAL leaves its pages to the next one that starts

    def prefix(self):
        """The file prefix of the primary's EAL."""
        return f"shared-{self.host.process.pid}"

    def check_feed(self):
        """The feed goes on, and nothing of it is missing."""
        self.host.process.stdin.write(b"\n")
        self.host.process.stdin.flush()
        beats = [event for event in self.host.events if event["event"] == "beat"]
        while len(beats) == self.beats:
            self.host.wait("beat", PATIENCE_S, after=len(self.host.events))
            beats = [event for event in self.host.events if event["event"] == "beat"]
        self.beats = len(beats)
        if beats[-1]["missing"] or beats[-1]["late"]:
            raise Failure(f"the feed has suffered: {beats[-1]}")

    def finish(self):
        """The port is as it was."""
        end = self.host.finish()
        if end["is_same"] != 1:
            raise Failure(f"the port is not as it was: {end}, {self.host.read_log()}")


def test_a_secondary_talks_by_the_primarys_port_and_comes_again():
    with Wires("second") as wires_, Scene(wires_) as scene:
        for how, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -9), (signal.SIGTERM, 0)):
            node = Secondary(wires_.folder)
            try:
                node.talk()
                scene.check_feed()
            finally:
                ended = node.end(how)
                node.reap()
            if ended != code:
                raise Failure(f"the secondary ended with {ended}: {node.text()}")
            scene.check_feed()
        scene.finish()


def test_a_driver_that_cannot_do_it_is_told():
    with Wires("second") as wires_, Scene(wires_) as scene:
        path = os.path.join(wires_.folder, "node.yaml")
        with open(path, encoding="ascii") as file:
            text = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace("net_ring_card", "net_af_packet0").replace("queue: 1",
                                                                               "queue: 0"))
        node = Secondary(wires_.folder)
        code = node.process.wait(PATIENCE_S)
        if code <= 0 or "gives a secondary process no queues" not in node.text():
            raise Failure(f"it ended with {code} and says: {node.text()}")
        scene.check_feed()
        scene.finish()


def test_rules_that_the_card_does_not_take_are_told():
    with Wires("second") as wires_, Scene(wires_) as scene:
        path = os.path.join(wires_.folder, "node.yaml")
        with open(path, encoding="ascii") as file:
            text = file.read()
        with open(path, "w", encoding="ascii") as file:
            file.write(text.replace("mempool: lent", "mempool: lent\n      is_steered: yes"))
        node = Secondary(wires_.folder)
        code = node.process.wait(PATIENCE_S)
        if code <= 0 or "have the primary steer" not in node.text():
            raise Failure(f"it ended with {code} and says: {node.text()}")
        scene.check_feed()
        scene.finish()


def test_no_primary_is_told():
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "node.yaml"), "w", encoding="ascii") as file:
            file.write(NODE.format(prefix=f"nobody-{os.getpid()}", folder=folder, count=1))
        node = Secondary(folder)
        code = node.process.wait(PATIENCE_S)
        text = node.text()
        if code <= 0 or "no primary process runs" not in text or "hugepages" in text:
            raise Failure(f"it ended with {code} and says: {text}")


def test_a_node_ends_when_its_primary_has_died():
    with Wires("second") as wires_, Scene(wires_) as scene:
        node = Secondary(wires_.folder)
        node.talk()
        scene.host.process.kill()
        scene.host.process.wait()
        code = node.process.wait(PATIENCE_S)
        if code != 1 or "the primary process has ended" not in node.text():
            raise Failure(f"it ended with {code} and says: {node.text()}")


def test_a_node_in_a_program_tells_that_its_primary_has_died():
    with Wires("second") as wires_, Scene(wires_) as scene, tempfile.TemporaryFile() as log:
        node = subprocess.Popen([EXAMPLE, "net_ring_card", "lent", "--lcores", "40@1,41@1",
                                 "--proc-type=secondary", f"--file-prefix={scene.prefix()}"],
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            await_words("1000 answers, 0 failures", log, node)
            scene.check_feed()
            scene.host.process.kill()
            scene.host.process.wait()
            await_words("the primary process has ended", log, node)
            code = node.wait(PATIENCE_S)
        finally:
            node.kill()
            node.wait()
        if code != 0 or "without a primary: the node stops" not in read(log):
            raise Failure(f"it ended with {code} and says: {read(log)}")


def read(log):
    """What a process has said."""
    log.seek(0)
    return log.read().decode()[-3000:]


def await_words(words, log, process):
    """Waits until a process has said so."""
    end = time.monotonic() + PATIENCE_S
    while words not in read(log):
        if process.poll() is not None or time.monotonic() > end:
            raise Failure(f"'{words}' is not said ({process.poll()}): {read(log)}")
        time.sleep(0.1)


def await_frames(dumpcap, path, node):
    """Waits until dumpcap has written frames."""
    end = time.monotonic() + PATIENCE_S
    while not os.path.exists(path) or os.path.getsize(path) < CAPTURED * 60:
        if dumpcap.poll() is not None or time.monotonic() > end:
            raise Failure(f"dumpcap captures nothing ({dumpcap.poll()}): {node.text()}")
        time.sleep(0.1)


def test_dumpcap_attaches_beside_it():
    if not DUMPCAP:
        return "dpdk-dumpcap is not installed (package dpdk-dev)"
    with Wires("second") as wires_, Scene(wires_) as scene:
        nodes = [Secondary(wires_.folder)]
        path = os.path.join(wires_.folder, "frames.pcapng")
        dumpcap = None
        try:
            nodes[0].talk()
            # Acknowledgements alone: all of the feed, written to a file, keeps the machine waiting.
            dumpcap = subprocess.Popen([DUMPCAP, "--file-prefix", scene.prefix(), "-p", "-i",
                                        "net_ring_card", "-f", "ether proto 0x88b5", "-w", path],
                                       stdin=subprocess.DEVNULL,
                                       stdout=nodes[0].log, stderr=nodes[0].log)
            await_frames(dumpcap, path, nodes[0])
            nodes[0].end()
            nodes.append(Secondary(wires_.folder))  # one that comes while dumpcap is there
            nodes[1].talk()
            scene.check_feed()
        finally:
            nodes[-1].end()
            if dumpcap:
                # One that ends by itself frees its buffers while the primary may still be filling
                # them (DPDK 22.11.11), which is between those two.
                dumpcap.kill()
                dumpcap.wait()
            for node in nodes:
                node.reap()
        scene.finish()
    return None


if __name__ == "__main__":
    if not wires.can_make_namespaces():
        print("1..0 # skipped: network namespaces cannot be made here")
        sys.exit(SKIP)
    if os.environ.get("MYCELIUM_HUGEPAGES") == "no":
        print("1..0 # skipped: no hugepages, which processes share")
        sys.exit(SKIP)
    sys.exit(wires.main([test_a_secondary_talks_by_the_primarys_port_and_comes_again,
                         test_a_driver_that_cannot_do_it_is_told,
                         test_rules_that_the_card_does_not_take_are_told, test_no_primary_is_told,
                         test_a_node_ends_when_its_primary_has_died,
                         test_a_node_in_a_program_tells_that_its_primary_has_died,
                         test_dumpcap_attaches_beside_it]))
