# SPDX-License-Identifier: BSD-3-Clause
"""A feed handler shares its port with a node: over veth, with the feed and another node behind it.

The feed is multicast, sent as fast as it is acknowledged, before, beside and behind the guest; the
other node is `mycelium run` on the same interface.
"""
import ctypes
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../flow"))

import wires  # noqa: E402
from wires import Failure, SKIP, Wires, run  # noqa: E402

HOST, PROGRAM, PROFILES = sys.argv[1:4]
WINDOW = 256  # frames of the feed in flight
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


def feed_frame(number):
    """A datagram to 239.1.1.1:30001 with a number in it."""
    payload = struct.pack("=Q", number) + b"\0" * 24
    size = 20 + 8 + len(payload)
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 1, 17, 0,
                         socket.inet_aton("10.9.0.9"), socket.inet_aton("239.1.1.1"))
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xffff) + (total >> 16)
    header = header[:10] + struct.pack(">H", ~total & 0xffff) + header[12:]
    return (bytes.fromhex("01005e010101020000000009") + b"\x08\x00" + header +
            struct.pack(">HHHH", 30001, 30001, 8 + len(payload), 0) + payload)


class Feed(threading.Thread):
    """Sends the feed into an interface of this thread's namespace until it is told to end."""

    def __init__(self, namespace):
        super().__init__()
        self.namespace = namespace
        self.is_over = False
        self.sent = self.acknowledged = 0

    def run(self):
        with open(f"/run/netns/{self.namespace}", encoding="ascii") as file:
            if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ACK_TYPE)) as wire:
            wire.bind(("wb", ACK_TYPE))
            wire.settimeout(1)
            while not self.is_over:
                self.turn(wire)

    def turn(self, wire):
        """Fills the window, and waits for an acknowledgement."""
        while self.sent < self.acknowledged + WINDOW:
            self.sent += 1
            wire.send(feed_frame(self.sent))
        try:
            frame = wire.recv(2048)
        except TimeoutError:
            return
        if frame[12:14] == struct.pack(">H", ACK_TYPE):
            self.acknowledged = max(self.acknowledged, struct.unpack("=Q", frame[14:22])[0])


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
            feed.is_over = True
            if feed.ident:
                feed.join()
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
