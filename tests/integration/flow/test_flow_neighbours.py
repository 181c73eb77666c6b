# SPDX-License-Identifier: BSD-3-Clause
"""What a host must do for itself when no kernel sees the port: ARP, neighbour discovery, echoes,
VLANs, announcements and cards that change, beside a Linux peer over veth.
"""
import re
import socket
import struct
import subprocess
import sys
import time

from veth import Pair, arp, ask_arp, expect, linux_peer, raw, tagged, udp
from wires import SKIP, Failure, Wires, can_make_namespaces, main, run


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


# Hears ARP on side b, and prints the VLAN of each, its operation and who speaks; the kernel takes a
# tag out of the frame and puts it beside it.
HEAR = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.setsockopt(263, 8, 1)
s.bind(("wb", 0))
print("ready", flush=True)
while True:
    frame, beside, _, _ = s.recvmsg(2048, 256)
    words = struct.unpack_from("IIIHHHH", beside[0][2])
    vlan = words[5] & 4095 if words[0] & 16 else 0
    at = 12 + 4 * (frame[12:14] == b"\\x81\\0")
    if frame[at:at + 2] == b"\\x08\\x06":
        print(vlan, frame[at + 9], frame[6:12].hex(), flush=True)
"""


class Ear:
    """Hears what comes to side b."""

    def __init__(self, pair):
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", pair.names["b"], sys.executable, "-c", HEAR],
            stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def until(self, wanted, most=200):
        """Reads lines until one is as wanted; those that were read."""
        lines = []
        while len(lines) < most:
            lines.append(self.process.stdout.readline().split())
            if wanted(lines[-1]):
                return lines
        raise Failure(f"heard {lines}")

    def close(self):
        """Ends it."""
        self.process.kill()
        self.process.wait()


def test_frames_of_the_ports_vlan_are_taken_and_answered_and_others_counted():
    """Crafted tags: our own is answered with ours, no tag and another's are not for us."""
    with Wires("v") as wires:
        pair = Pair(wires)
        run("ip", "-n", pair.names["b"], "link", "set", "dev", "wb", "arp", "off")
        ear = Ear(pair)
        node = pair.node("a", "--vlan", 7, "--peer-node", 0)
        raw(pair, [tagged(ask_arp(), 8), ask_arp(), tagged(tagged(ask_arp(), 7), 7),
                   tagged(ask_arp(), 7)])
        heard = ear.until(lambda line: line[1] == "2")
        ear.close()
        # The first frames that it hears are the node's announcement and the questions themselves.
        expect(f"an answer without our tag: {heard}", heard[-1][0] == "7")
        end = node.finish()
        expect(f"{end}", end.get("questions_answered") == 1 and end.get("foreign_vlan") == 3)


def test_messages_cross_within_a_vlan_and_not_between_two():
    """Two nodes in one VLAN meet, and never when the tags differ."""
    with Wires("v") as wires:
        pair = Pair(wires)
        more = ["--send", 5000, "--expect", 5000, "--lasting", "--vlan", 7]
        nodes = [pair.node("a", *more), pair.node("b", *more)]
        for node in nodes:
            node.wait("done", 60)
        nodes[1].finish()
        other = pair.node("b", "--vlan", 8, "--seconds", 2)
        end = other.wait("end", 20)
        nodes[0].finish()
        expect(f"{end}", end.get("foreign_vlan", 0) > 0 and end["received"] == 0)
        expect(f"{other.events}", all(event["event"] != "up" for event in other.events))


def test_a_node_announces_itself_and_a_linux_peer_takes_it():
    """Gratuitous ARP at the start: the kernel knows us though nobody has asked."""
    with Wires("v") as wires:
        pair = Pair(wires)
        run("ip", "netns", "exec", pair.names["b"], "sysctl", "-qw",
            "net.ipv4.conf.wb.arp_accept=1")
        run("ip", "-n", pair.names["b"], "address", "add", "10.9.0.2/24", "dev", "wb")
        ear = Ear(pair)
        node = pair.node("a", "--peer-node", 0)
        own = ear.until(lambda line: line[1] == "1")[-1][2]
        ear.close()
        table = run("ip", "-n", pair.names["b"], "neighbour", "show", "10.9.0.1")
        expect(f"{own} is not in {table}", own in table.replace(":", ""))
        end = node.finish()
        expect(f"{end}", end.get("announced", 0) >= 1 and "questions_answered" not in end)


def test_unsolicited_advertisements_tell_a_linux_peer_of_a_new_card():
    """The same over IPv6, for a kernel that knew an earlier card at our address."""
    with Wires("v") as wires:
        pair = Pair(wires, subnet="fd09::{}/64")
        run("ip", "netns", "exec", pair.names["b"], "sysctl", "-qw",
            "net.ipv6.conf.wb.disable_ipv6=0")
        run("ip", "-n", pair.names["b"], "address", "add", "fd09::2/64", "dev", "wb", "nodad")
        run("ip", "-n", pair.names["b"], "neighbour", "replace", "fd09::1", "lladdr",
            "02:00:00:00:00:aa", "dev", "wb", "nud", "stale")
        node = pair.node("a", "--peer-node", 0)
        mac = run("ip", "netns", "exec", pair.names["a"], "cat",
                  "/sys/class/net/wa/address").strip()
        end = time.monotonic() + 20
        while mac not in run("ip", "-n", pair.names["b"], "neighbour", "show", "fd09::1"):
            expect("the kernel has kept the old card", time.monotonic() < end)
            node.read(0.05)
        node.finish()


def test_a_linux_peer_whose_card_changes_is_followed():
    """ip link set address, announced by the kernel: hellos go to the new card at once."""
    with Wires("v") as wires:
        pair, node = linux_peer(wires)
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        run("ip", "netns", "exec", pair.names["b"], "sysctl", "-qw",
            "net.ipv4.conf.wb.arp_notify=1")
        run("ip", "-n", pair.names["b"], "link", "set", "dev", "wb", "address", "02:00:00:00:00:77")
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        end = node.finish()
        expect(f"{end}", end.get("neighbour_moved", 0) >= 1)


def test_a_peer_that_comes_back_with_another_card_is_taken_back():
    """A killed node is started again on another MAC address; and traffic goes on."""
    with Wires("v") as wires:
        pair = Pair(wires)
        stays, victim = pair.node("a"), pair.node("b")
        for node in (stays, victim):
            node.wait("up", 30)
        victim.kill()
        stays.wait("down", 20)
        seen = len(stays.events)
        run("ip", "-n", pair.names["b"], "link", "set", "dev", "wb", "address", "02:00:00:00:00:77")
        back = pair.node("b", "--send", 1000, "--lasting")
        stays.wait("up", 30, seen)
        back.wait("done", 30)
        back.finish()
        end = stays.finish()
        # Found again by asking everybody if it was away for long, else moved in its announcement.
        changes = end.get("neighbour_moved", 0) + end.get("neighbour_lost", 0)
        expect(f"{end}", changes == 1 and end["received"] == 1000)


def test_another_card_with_our_address_is_counted():
    """Somebody announces our own address."""
    with Wires("v") as wires:
        pair, node = linux_peer(wires)
        mac = b"\x02\0\0\0\0\x66"
        own = socket.inet_aton("10.9.0.1")
        raw(pair, [b"\xff" * 6 + mac + b"\x08\x06" + struct.pack(">HHBBH", 1, 0x800, 6, 4, 1) +
                   mac + own + b"\0" * 6 + own])
        run("ip", "netns", "exec", pair.names["b"], "ping", "-c", 1, "-W", 5, "10.9.0.1")
        end = node.finish()
        expect(f"{end}", end.get("address_conflicts") == 1)


if __name__ == "__main__":
    if not can_make_namespaces():
        print("1..0 # SKIP network namespaces cannot be made here (root is needed)")
        sys.exit(SKIP)
    sys.exit(main([test_ping_and_arp_are_answered_to_a_linux_peer,
                   test_ping_and_neighbour_discovery_are_answered_to_a_linux_peer,
                   test_foreign_and_cut_frames_are_counted_each_by_its_cause,
                   test_gratuitous_arp_and_a_moved_mac_are_followed,
                   test_frames_of_the_ports_vlan_are_taken_and_answered_and_others_counted,
                   test_messages_cross_within_a_vlan_and_not_between_two,
                   test_a_node_announces_itself_and_a_linux_peer_takes_it,
                   test_unsolicited_advertisements_tell_a_linux_peer_of_a_new_card,
                   test_a_linux_peer_whose_card_changes_is_followed,
                   test_a_peer_that_comes_back_with_another_card_is_taken_back,
                   test_another_card_with_our_address_is_counted]))
