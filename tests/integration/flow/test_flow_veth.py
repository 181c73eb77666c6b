# SPDX-License-Identifier: BSD-3-Clause
"""Nodes over veth pairs in network namespaces: each other, a bad wire between them, a Linux peer.

A death over veth is told by nothing but silence, unlike that of a memif, whose socket closes.
"""
import re
import socket
import struct
import subprocess
import sys
import time

from wires import SKIP, Failure, Wires, can_make_namespaces, main, run

NODE, INTERPOSER = sys.argv[1:3]
FAULTS = ["--loss", 10000, "--duplicate", 10000, "--reorder", 10000, "--corrupt", 1000]
POLL_GAP_US = 100000  # other processes share our CPUs; a death is told after four of these
WATCH_S = 1.0  # within which a death must be told (issue 2)


def expect(text, is_true):
    """Fails with the text unless it is so."""
    if not is_true:
        raise Failure(text)


class Pair:
    """Namespaces A and B with an interface each, joined directly or through a third."""

    def __init__(self, wires, has_middle=False, driver="net_af_packet0", subnet="10.9.0.{}/24"):
        self.wires = wires
        self.driver = driver
        self.subnet = subnet
        self.names = {"a": wires.namespace("a"), "b": wires.namespace("b")}
        self.middle = wires.namespace("m") if has_middle else None
        if has_middle:
            wires.veth((self.names["a"], "wa"), (self.middle, "ma"))
            wires.veth((self.names["b"], "wb"), (self.middle, "mb"))
        else:
            wires.veth((self.names["a"], "wa"), (self.names["b"], "wb"))

    def node(self, side, *more):
        """Node 1 on side a, 2 on side b; once it is open."""
        own, other = (1, 2) if side == "a" else (2, 1)
        started = self.wires.node(
            NODE, ["--device", f"{self.driver},iface=w{side}", "--node", own, "--address",
                   self.subnet.format(own), "--peer-node", other, "--peer-address",
                   self.subnet.format(other).split("/")[0], "--poll-gap-us", POLL_GAP_US, *more],
            self.names[side])
        started.wait("open", 60)
        return started

    def interpose(self, *faults):
        """Puts the bad wire between; a process that ends when its input is closed."""
        command = ["ip", "netns", "exec", self.middle, INTERPOSER, "ma", "mb", *faults]
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        if process.stdout.readline() != b"ready\n":
            raise Failure("the interposer did not start")
        return process


def exchange(pair, count):
    """Messages both ways; every one once and in order."""
    one = pair.node("a", "--send", count, "--expect", count, "--lasting", "--seconds", 200)
    two = pair.node("b", "--send", count, "--expect", count, "--lasting", "--seconds", 200)
    for node in (one, two):
        node.wait("done", 180)
    for node in (one, two):
        end = node.finish()
        expect(f"not once and in order: {end}", end["misplaced"] == 0 and end["received"] == count)
    return end


def test_messages_cross_af_packet():
    """The kernel-backed wire, without faults."""
    with Wires("v") as wires:
        exchange(Pair(wires), 50000)


def test_messages_cross_af_xdp():
    """The same over AF_XDP sockets."""
    with Wires("v") as wires:
        pair = Pair(wires, driver="net_af_xdp0")
        try:
            exchange(pair, 20000)
        except Failure as failure:
            if "cannot be made" in str(failure):
                return "no AF_XDP here"
            raise
    return None


def test_messages_cross_net_pcap():
    """The same over libpcap on the interface, which also hears what it sent itself."""
    with Wires("v") as wires:
        exchange(Pair(wires, driver="net_pcap0"), 10000)


def test_a_million_messages_survive_a_bad_wire_between_veth_pairs():
    """1 % loss, 1 % duplication, reordering and damage by a process in the middle."""
    with Wires("v") as wires:
        pair = Pair(wires, has_middle=True)
        bad = pair.interpose(*FAULTS, "--seed", 5)
        exchange(pair, 500000)
        bad.stdin.close()
        counts = bad.stdout.read().decode()
        bad.wait()
        expect(f"no faults: {counts}", '"lost": 0' not in counts)


def test_a_killed_node_is_noticed_by_silence_and_taken_back():
    """kill -9; the one that stays is not restarted."""
    with Wires("v") as wires:
        pair = Pair(wires)
        stays, victim = pair.node("a"), pair.node("b")
        first = stays.wait("up", 30)["home"]
        victim.wait("up", 30)
        seen = len(stays.events)
        killed = time.monotonic()
        victim.kill()
        took = stays.wait("down", 10, seen)["at"] - killed
        expect(f"told after {took:.3f} s", took < WATCH_S)
        back = pair.node("b")
        again = stays.wait("up", 30, seen)["home"]
        expect("the dead life came back", again != first)
        back.finish()
        stays.finish()


def test_a_cut_cable_ends_the_epoch_on_both_sides_and_heals():
    """The link goes down and up again: the same lives, a new epoch."""
    with Wires("v") as wires:
        pair = Pair(wires)
        nodes = [pair.node("a"), pair.node("b")]
        for node in nodes:
            node.wait("up", 30)
        seen = [len(node.events) for node in nodes]
        run("ip", "-n", pair.names["a"], "link", "set", "dev", "wa", "down")
        for node, after in zip(nodes, seen):
            node.wait("down", 10, after)
        run("ip", "-n", pair.names["a"], "link", "set", "dev", "wa", "up")
        for node, after in zip(nodes, seen):
            node.wait("up", 30, after)
            node.finish()


def linux_peer(wires, subnet="10.9.0.{}/24"):
    """A node on side a and the kernel, with an address, on side b."""
    pair = Pair(wires, subnet=subnet)
    more = []
    if ":" in subnet:
        run("ip", "netns", "exec", pair.names["b"], "sysctl", "-qw",
            "net.ipv6.conf.wb.disable_ipv6=0")
        more = ["nodad"]
    run("ip", "-n", pair.names["b"], "address", "add", subnet.format(2), "dev", "wb", *more)
    return pair, pair.node("a")


def test_ping_and_arp_are_answered_to_a_linux_peer():
    """ping of the kernel's own, with large payload too; its neighbour table has our address."""
    with Wires("v") as wires:
        pair, node = linux_peer(wires)
        node.wait("open", 1)
        run("ip", "-n", pair.names["b"], "neighbour", "flush", "dev", "wb")
        for size in (56, 1400):
            run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 3, "-i", "0.2", "-W", 5,
                "-s", size, "10.9.0.1")
        table = run("ip", "-n", pair.names["b"], "neighbour", "show", "10.9.0.1")
        expect(f"neighbour table: {table}", re.search(r"lladdr (\S+) (REACHABLE|DELAY)", table))
        end = node.finish()
        for name, least in (("echoes_answered", 6), ("questions_answered", 1),
                            ("neighbour_answered", 1)):
            expect(f"{name} is not {least}: {end}", end.get(name, 0) >= least)


def test_messages_cross_over_ipv6():
    """Neighbour discovery in place of ARP, a UDP checksum that must be there."""
    with Wires("v") as wires:
        exchange(Pair(wires, subnet="fd09::{}/64"), 20000)


def test_ping_and_neighbour_discovery_are_answered_to_a_linux_peer():
    """The same as with ARP, over IPv6."""
    with Wires("v") as wires:
        pair, node = linux_peer(wires, "fd09::{}/64")
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 3, "-i", "0.2", "-W", 5,
            "fd09::1")
        run("ip", "-n", pair.names["b"], "-6", "neighbour", "flush", "dev", "wb")
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "fd09::1")
        end = node.finish()
        for name, least in (("echoes_answered", 4), ("questions_answered", 1),
                            ("neighbour_answered", 1)):
            expect(f"{name} is not {least}: {end}", end.get(name, 0) >= least)


def raw(pair, frames):
    """Sends frames from side b as they are."""
    script = ("import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); "
              "s.bind(('wb', 0)); [s.send(bytes.fromhex(f)) for f in sys.argv[1:]]")
    run("ip", "netns", "exec", pair.names["b"], sys.executable, "-c", script,
        *(frame.hex() for frame in frames))


def checksum(data):
    """The Internet checksum."""
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def udp(payload, port=21000, length=None):
    """A frame with a UDP datagram from the peer's address to the node's."""
    size = 28 + len(payload) if length is None else length
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, size, 0, 0, 64, 17, 0,
                         socket.inet_aton("10.9.0.2"), socket.inet_aton("10.9.0.1"))
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return (b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x09" + b"\x08\x00" + header +
            struct.pack(">HHHH", 21000, port, size - 20, 0) + payload)


def arp(mac, operation=2):
    """A gratuitous ARP: 10.9.0.2 is at `mac`."""
    return (b"\xff" * 6 + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, operation) +
            mac + socket.inet_aton("10.9.0.2") + b"\0" * 6 + socket.inet_aton("10.9.0.2"))


def test_foreign_and_cut_frames_are_counted_each_by_its_cause():
    """Nothing of it brings the node down; each moves its own counter."""
    good = udp(b"\x01\x02" + b"\0" * 6 + struct.pack("<HHBB", 2, 1, 0, 0) + b"\0" * 10)
    frames = {
        "frames_cut": udp(b"short"),
        "frames_foreign": udp(b"\x01\x02" + b"\0" * 6 + struct.pack("<HHBB", 77, 1, 0, 0) +
                              b"\0" * 10),
        "refused_size": good,
        "cut_ip": udp(b"x" * 30, length=200),
        "bad_ip_checksum": good[:24] + b"\0\0" + good[26:],
        "cut_udp": udp(b"x" * 30)[:38] + struct.pack(">H", 500) + udp(b"x" * 30)[40:],
        "unclaimed": udp(b"not for us", port=4000),
        "cut_arp": arp(b"\x02\0\0\0\0\x09")[:30],
        "bad_arp": arp(b"\x02\0\0\0\0\x09", operation=9),
    }
    with Wires("v") as wires:
        pair, node = linux_peer(wires)
        raw(pair, list(frames.values()))
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        end = node.finish()
        # The kernel says of our hellos that nobody listens, which nobody listens for here either.
        expect(f"unclaimed: {end}", end.pop("unclaimed", 0) >= 1)
        for name in frames.keys() - {"unclaimed"}:
            expect(f"{name} is not 1: {end}", end.get(name) == 1)


def test_gratuitous_arp_and_a_moved_mac_are_followed():
    """Announcements change where the peer is; strangers' do not count."""
    with Wires("v") as wires:
        pair, node = linux_peer(wires)
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        raw(pair, [arp(b"\x02\0\0\0\0\x11"), arp(b"\x02\0\0\0\0\x12", operation=1)])
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        end = node.finish()
        expect(f"{end}", end.get("neighbour_moved", 0) >= 2)


if __name__ == "__main__":
    if not can_make_namespaces():
        print("1..0 # SKIP network namespaces cannot be made here (root is needed)")
        sys.exit(SKIP)
    sys.exit(main([test_messages_cross_af_packet,
                   test_messages_cross_af_xdp,
                   test_a_million_messages_survive_a_bad_wire_between_veth_pairs,
                   test_a_killed_node_is_noticed_by_silence_and_taken_back,
                   test_a_cut_cable_ends_the_epoch_on_both_sides_and_heals,
                   test_messages_cross_net_pcap,
                   test_ping_and_arp_are_answered_to_a_linux_peer,
                   test_messages_cross_over_ipv6,
                   test_ping_and_neighbour_discovery_are_answered_to_a_linux_peer,
                   test_foreign_and_cut_frames_are_counted_each_by_its_cause,
                   test_gratuitous_arp_and_a_moved_mac_are_followed]))
