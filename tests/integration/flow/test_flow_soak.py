# SPDX-License-Identifier: BSD-3-Clause
"""Long runs between two processes: at half of what they can, and over wires that lose a third.

By default they are short, and say so; MYCELIUM_LONG=1 asks for an hour and for a gigabyte.
"""
import os
import sys
import time

from veth import Pair, expect
from wires import Wires, can_make_namespaces, main

NODE = sys.argv[1]
IS_LONG = os.environ.get("MYCELIUM_LONG") == "1"
SOAK_S = 3600 if IS_LONG else 8
MIXED_BYTES = 1 << 30 if IS_LONG else 2 << 20
MIXED_MAX = 1024
LOSS = "loss_per_million=300000,seed={}"
POLL_GAP_US = 1000000  # a third of the signs of life are lost, and other processes use our CPUs
MEMIF = "net_memif0,role={role},id=0,socket={folder}/soak.sock,socket-abstract=no"
GROWTH_KB_MAX = 1024
# On a good wire nothing is lost or refused; a side that lost its CPU may be probed.
ZERO = ("misplaced", "messages_in_doubt", "refused_crc", "refused_credit",
        "refused_ack", "refused_chunk", "refused_block")


def memif_pair(wires, *more):
    """Nodes 1 and 2 over a memif; each is given `more`."""
    nodes = []
    for own, other, role in ((1, 2, "server"), (2, 1, "client")):
        nodes.append(wires.node(NODE, [
            "--device", MEMIF.format(role=role, folder=wires.folder), "--node", own, "--address",
            f"10.9.0.{own}/24", "--peer-node", other, "--peer-address", f"10.9.0.{other}",
            "--lasting", "--poll-gap-us", POLL_GAP_US, *more]))
        nodes[-1].wait("open", 60)
    return nodes


def resident_kb(node):
    """Memory of a process that is in use."""
    with open(f"/proc/{node.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def finish(nodes, count, seconds):
    """Waits for the end of both; the events with which they ended."""
    for node in nodes:
        node.wait("done", seconds)
    ends = [node.finish() for node in nodes]
    for one, other in (ends, ends[::-1]):
        expect(f"not once and in order: {ends}",
               one["received"] == count and one["misplaced"] == 0)
        expect(f"not what was sent: {ends}", one["sent_hash"] == other["received_hash"])
    return ends


def full_rate():
    """Messages a second that this machine carries now, each way."""
    count = 100000
    with Wires("s") as wires:
        nodes = memif_pair(wires, "--send", count, "--expect", count)
        took_ms = max(node.wait("done", 100)["ms"] for node in nodes)
        finish(nodes, count, 100)
    return max(count * 1000 // max(took_ms, 1), 1000)


def test_half_load_grows_no_memory_and_its_counters_agree():
    """Half of the rate that a run as fast as it goes had; memory is looked at after a fifth."""
    rate = full_rate() // 2
    count = rate * SOAK_S
    with Wires("s") as wires:
        nodes = memif_pair(wires, "--send", count, "--expect", count, "--rate", rate,
                           "--seconds", SOAK_S * 4 + 120)
        for node in nodes:
            node.wait("up", 60)
        time.sleep(SOAK_S / 5)  # the load goes on; nothing is waited for
        before = [resident_kb(node) for node in nodes]
        for node in nodes:
            node.wait("done", SOAK_S * 4 + 100)
        after = [resident_kb(node) for node in nodes]
        ends = finish(nodes, count, 1)
    growth = [late - early for early, late in zip(before, after)]
    expect(f"memory grew by {growth} kB: {before}, {after}", max(growth) <= GROWTH_KB_MAX)
    for end, other in (ends, ends[::-1]):
        expect(f"counters disagree: {ends}",
               end["messages_sent"] == other["messages_received"] == count)
        for name in ZERO:
            expect(f"{name} of {end}", end.get(name, 0) == 0)
        # It may have ended by now, because the other one has left first.
        expect(f"epochs of {end}", end["epochs_begun"] == 1)
    if not IS_LONG:
        print(f"# shortened: {SOAK_S} s at {rate} messages a second (MYCELIUM_LONG=1: an hour)")


def mixed_arguments():
    """How many messages of mixed sizes make the bytes, and the arguments for them."""
    count = MIXED_BYTES // (MIXED_MAX // 2)
    if not IS_LONG:
        print(f"# shortened: {MIXED_BYTES >> 20} MB each way (MYCELIUM_LONG=1: 1 GB)")
    return count, ["--send", count, "--expect", count, "--mixed", "--size", MIXED_MAX,
                   "--seconds", 7000 if IS_LONG else 300]


def test_a_third_is_lost_each_way_over_memif_and_all_arrives():
    """30 % loss at the receiving port of each, mixed sizes, equal hashes."""
    count, more = mixed_arguments()
    with Wires("s") as wires:
        nodes = memif_pair(wires, *more, "--fault", LOSS.format(7))
        ends = finish(nodes, count, 6900 if IS_LONG else 280)
    expect(f"nothing was lost: {ends}", min(end["faults_lost"] for end in ends) > 0)


def test_a_third_is_lost_each_way_over_veth_and_all_arrives():
    """The same by a process between two veth pairs."""
    if not can_make_namespaces():
        return "network namespaces cannot be made here (root is needed)"
    count, more = mixed_arguments()
    with Wires("s") as wires:
        pair = Pair(wires, has_middle=True)
        bad = pair.interpose(LOSS.format(9))
        nodes = [pair.node(side, *more, "--lasting", "--poll-gap-us", POLL_GAP_US)
                 for side in "ab"]
        finish(nodes, count, 6900 if IS_LONG else 280)
        bad.stdin.close()
        counts = bad.stdout.read().decode()
        bad.wait()
    expect(f"nothing was lost: {counts}", '"lost": 0' not in counts)
    return None


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    sys.exit(main([test_half_load_grows_no_memory_and_its_counters_agree,
                   test_a_third_is_lost_each_way_over_memif_and_all_arrives,
                   test_a_third_is_lost_each_way_over_veth_and_all_arrives]))
