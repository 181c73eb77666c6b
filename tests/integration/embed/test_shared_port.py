# SPDX-License-Identifier: BSD-3-Clause
"""A feed handler shares its port with a node: over veth, with the feed and another node behind it.

The feed is multicast, sent as fast as it is acknowledged, before, beside and behind the guest; the
other node is `mycelium run` on the same interface.
"""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../flow"))

import wires  # noqa: E402
from wires import Failure, SKIP, Wires, run  # noqa: E402

HOST, PROGRAM, PROFILES = sys.argv[1:4]
FEED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "feed.py")
ACK_TYPE = 0x88b5

PEER = """node:
  id: 2
eal:
  lcores:
    - cpu: 0
  hugepages: no
  memory_mb: 320
  file_prefix: peer-{pid}
ports:
  - name: wire
    profile: {profiles}/af_packet.yaml
    device:
      interface: wb
    address: 10.9.0.2/24
peers:
  - node_id: 1
    address: 10.9.0.1
times:
  down_after_us: 30000000
actors:
  - name: echo2
    class: echo
"""


class Feed:
    """Sends the feed into an interface of a namespace, from start to end.

    In a process of its own: as a thread it took this interpreter's lock again before anybody who
    waited for it had woken up, for minutes when the CPUs were busy.
    """

    def __init__(self, namespace):
        self.namespace = namespace
        self.process = None

    def start(self):
        """Begins to send."""
        self.process = subprocess.Popen([sys.executable, "-B", FEED, self.namespace, str(ACK_TYPE)])

    def end(self):
        """Has it send no more; says so when it has ended by itself."""
        if not self.process:
            return
        if self.process.poll() is not None:
            print(f"# the feed has ended with {self.process.returncode}")
        self.process.terminate()
        self.process.wait()


def interface(namespace):
    """What the kernel says of the port's interface."""
    return run("ip", "-n", namespace, "-d", "-o", "link", "show", "dev", "wa")


def start_peer(wires_, namespace):
    path = os.path.join(wires_.folder, "peer.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write(PEER.format(profiles=PROFILES, pid=os.getpid()))
    log = tempfile.TemporaryFile()
    return log, subprocess.Popen(["ip", "netns", "exec", namespace, PROGRAM, "run", path],
                                 stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def share(way):
    """Runs the course of things; returns the host's two reports."""
    with Wires("share") as wires_:
        names = wires_.namespace("a"), wires_.namespace("b")
        wires_.veth((names[0], "wa"), (names[1], "wb"))
        log, peer = start_peer(wires_, names[1])
        feed = Feed(names[1])
        try:
            host = wires_.node(HOST, [way, "wa"], names[0])
            host.wait("ready", 120)
            before = interface(names[0])
            feed.start()
            guest = host.wait("guest", 120)
            end = host.wait("end", 120)
            after = interface(names[0])
            if "PROMISC" not in before or before != after:
                raise Failure(f"the kernel says: {before}, and then: {after}")
            host.finish()
            if peer.poll() is not None:
                raise Failure(f"the other node ended with {peer.returncode}")
            return guest, end
        except Failure as failure:
            log.seek(0)
            raise Failure(f"{failure}; the other node: {log.read().decode()[-2000:]}") from None
        finally:
            feed.end()
            peer.terminate()
            peer.wait()


def check(way):
    guest, end = share(way)
    for name, value in {"failures": 0, "answers": 1000, "offers_full": 0, "no_mbufs": 0}.items():
        if guest[name] != value:
            raise Failure(f"{name} is {guest[name]} and not {value}: {guest}")
    wanted = {"missing": 0, "late": 0, "is_same": 1, "forbidden": 0, "rules_left": 0}
    for name, value in wanted.items():
        if end[name] != value:
            raise Failure(f"{name} is {end[name]} and not {value}: {end}")
    if end["received"] < 6000:
        raise Failure(f"the feed is too short: {end}")
    print(f"# {way}: {guest}\n# {way}: {end}")
    return guest


def test_a_guest_is_offered_its_frames():
    guest = check("offered")
    if guest["offers"] <= guest["offers_taken"] or guest["rx_frames"] < 1000:
        raise Failure(f"not by offers: {guest}")


def test_a_guest_turns_in_the_hosts_loop():
    check("hooked")


def test_a_guest_has_a_queue_and_rules():
    guest = check("steered")
    # What the rules do not catch, ARP, is offered; the rest comes by the queue.
    if guest["rules"] != 1 or not 0 < guest["offers_taken"] < 100 < guest["rx_frames"]:
        raise Failure(f"not by rules: {guest}")


if __name__ == "__main__":
    if not wires.can_make_namespaces():
        print("1..0 # skipped: network namespaces cannot be made here")
        sys.exit(SKIP)
    sys.exit(wires.main([test_a_guest_is_offered_its_frames, test_a_guest_turns_in_the_hosts_loop,
                         test_a_guest_has_a_queue_and_rules]))
