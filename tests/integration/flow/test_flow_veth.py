# SPDX-License-Identifier: BSD-3-Clause
"""Nodes over veth pairs in network namespaces: each other, a bad wire between them, a Linux peer.

A death over veth is told by nothing but silence, unlike that of a memif, whose socket closes.
"""
import json
import sys
import time

from veth import Pair, exchange, expect
from wires import FAULTS, SKIP, Failure, Wires, can_make_namespaces, main, run

WATCH_S = 1.0  # within which a death must be told (issue 2)


def test_messages_cross_af_packet():
    """The kernel-backed wire, without faults."""
    with Wires("v") as wires:
        exchange(Pair(wires), 50000)


def test_two_lcores_of_each_node_share_the_one_queue():
    """Software demux: the lcore that polls hands frames to the other, and takes its frames."""
    with Wires("v") as wires:
        pair = Pair(wires)
        more = ["--lcores", 2, "--send", 3000, "--expect", 4 * 3000, "--lasting"]
        nodes = [pair.node("a", *more), pair.node("b", *more)]
        for node in nodes:
            node.wait("done", 120)
        for node in nodes:
            end = node.finish()
            expect(f"{end}", end["misplaced"] == 0 and end["received"] == 4 * 3000)


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
        bad = pair.interpose(FAULTS + ",seed=5")
        exchange(pair, 500000)
        bad.stdin.close()
        counts = bad.stdout.read().decode()
        bad.wait()
        expect(f"no faults: {counts}", '"lost": 0' not in counts)


def test_frames_named_one_by_one_are_lost_and_made_good():
    """Frames 3 and 5 of each way, and no others."""
    with Wires("v") as wires:
        pair = Pair(wires, has_middle=True)
        bad = pair.interpose("lost_frames=3+5")
        exchange(pair, 1000)
        bad.stdin.close()
        counts = json.loads(bad.stdout.read())
        bad.wait()
        expect(f"not exactly those: {counts}", counts["lost"] == 4)


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


def test_messages_cross_over_ipv6():
    """Neighbour discovery in place of ARP, a UDP checksum that must be there."""
    with Wires("v") as wires:
        exchange(Pair(wires, subnet="fd09::{}/64"), 20000)


if __name__ == "__main__":
    if not can_make_namespaces():
        print("1..0 # SKIP network namespaces cannot be made here (root is needed)")
        sys.exit(SKIP)
    sys.exit(main([test_messages_cross_af_packet,
                   test_two_lcores_of_each_node_share_the_one_queue,
                   test_messages_cross_af_xdp,
                   test_a_million_messages_survive_a_bad_wire_between_veth_pairs,
                   test_frames_named_one_by_one_are_lost_and_made_good,
                   test_a_killed_node_is_noticed_by_silence_and_taken_back,
                   test_a_cut_cable_ends_the_epoch_on_both_sides_and_heals,
                   test_messages_cross_net_pcap,
                   test_messages_cross_over_ipv6]))
