# SPDX-License-Identifier: BSD-3-Clause
"""MTUs that differ, over veth: of the two ports, and of a bridge between ports that agree.

The size that gets through is found, traffic goes on at it, and the log says once what to mend.
"""
import sys

from veth import Pair, expect
from wires import SKIP, Wires, can_make_namespaces, main, run

COUNT = 20000


def exchange(pair, mtu_a, mtu_b):
    """Messages both ways; each end's last event, and its log."""
    more = ["--send", COUNT, "--expect", COUNT, "--lasting", "--size", 900]
    nodes = [pair.node("a", "--mtu", mtu_a, *more), pair.node("b", "--mtu", mtu_b, *more)]
    for node in nodes:
        node.wait("done", 90)
    ends = [node.finish() for node in nodes]
    for end in ends:
        expect(f"not once and in order: {end}", end["misplaced"] == 0 and end["received"] == COUNT)
        expect(f"more than one epoch: {end}", end["epochs_begun"] == 1)
    return list(zip(ends, [node.read_log() for node in nodes]))


def test_jumbo_frames_are_used_where_the_path_takes_them():
    """9000 all the way: one probe, then large frames."""
    with Wires("t") as wires:
        for end, log in exchange(Pair(wires, mtu=9000), 9000, 9000):
            expect(f"{end}", end["mtu_probes_sent"] == 1 + end.get("mtu_probes_lost", 0))
            expect(f"{end}", end["bytes_sent"] / end["frames_sent"] > 1500)
            expect(log, "MTU" not in log)


def test_ports_of_different_mtus_are_told_and_keep_to_the_smaller():
    """1500 against 9000: known from the handshake, nothing larger is tried."""
    with Wires("t") as wires:
        for end, log in exchange(Pair(wires, mtu=9000), 1500, 9000):
            expect(f"{end}", end["mtu_mismatches"] == 1 and "mtu_probes_sent" not in end)
            expect(log, log.count("give both the same mtu_bytes") == 1)
            expect(log, "1500" in log and "9000" in log)


def join_by_switches(pair, wires):
    """Two switches, one for each side, with a link of a smaller MTU between them: what is too large
    is lost there, unlike in a veth whose other end has a smaller MTU, which refuses to send it."""
    wires.veth((pair.middle, "x"), (pair.middle, "y"), 1500)
    for switch, ports in (("sa", ("ma", "x")), ("sb", ("mb", "y"))):
        run("ip", "-n", pair.middle, "link", "add", "name", switch, "type", "bridge")
        for port in ports:
            run("ip", "-n", pair.middle, "link", "set", "dev", port, "master", switch)
        run("ip", "-n", pair.middle, "link", "set", "dev", switch, "up")


def test_a_smaller_mtu_between_ports_that_agree_is_found_and_told():
    """Both ports have 9000, what joins them 1500: only lost probes tell."""
    with Wires("t") as wires:
        pair = Pair(wires, has_middle=True, mtu=9000)
        join_by_switches(pair, wires)
        for end, log in exchange(pair, 9000, 9000):
            expect(f"{end}", end["mtu_probes_lost"] >= 3 and end["mtu_short_paths"] == 1)
            expect(log, log.count("something between has a smaller MTU") == 1)


if __name__ == "__main__":
    if not can_make_namespaces():
        print("1..0 # SKIP network namespaces cannot be made here (root is needed)")
        sys.exit(SKIP)
    sys.exit(main([test_jumbo_frames_are_used_where_the_path_takes_them,
                   test_ports_of_different_mtus_are_told_and_keep_to_the_smaller,
                   test_a_smaller_mtu_between_ports_that_agree_is_found_and_told]))
