# SPDX-License-Identifier: BSD-3-Clause
"""Two nodes in two processes, each with its own EAL, joined by a memif."""
import os
import sys

from wires import FAULTS, Failure, Wires, main

NODE = sys.argv[1]
POLL_GAP_US = 100000  # other processes share our CPUs; a death is told after four of these
MEMIF = "net_memif0,role={role},id=0,socket={folder}/memif.sock,socket-abstract=no"


def node(wires, side, *more):
    """Side 'a' is the memif's server and node 1, 'b' its client and node 2."""
    role = "server" if side == "a" else "client"
    own, other = (1, 2) if side == "a" else (2, 1)
    return wires.node(NODE, ["--device", MEMIF.format(role=role, folder=wires.folder), "--node",
                             own, "--address", f"10.9.0.{own}/24", "--peer-node", other,
                             "--peer-address", f"10.9.0.{other}", "--poll-gap-us", POLL_GAP_US,
                             *more])


def expect(text, is_true):
    """Fails with the text unless it is so."""
    if not is_true:
        raise Failure(text)


def test_messages_cross_in_order_and_the_leave_is_seen():
    """Both ways, several lcores; the one that leaves first is seen to leave."""
    with Wires("p") as wires:
        one = node(wires, "a", "--lcores", 2, "--send", 20000, "--expect", 80000, "--lasting")
        one.wait("open", 60)
        two = node(wires, "b", "--lcores", 2, "--send", 20000, "--expect", 80000, "--lasting")
        one.wait("done", 60)
        two.wait("done", 60)
        end = two.finish()
        expect(f"misplaced: {end}", end["misplaced"] == 0 and end["received"] == 80000)
        one.wait("down", 5)
        end = one.finish()
        expect(f"misplaced: {end}", end["misplaced"] == 0 and end["received"] == 80000)


def test_a_million_messages_survive_a_bad_wire():
    """1 % loss, 1 % duplication, reordering and damage at the receiving port of each."""
    with Wires("p") as wires:
        one = node(wires, "a", "--expect", 1000000, "--lasting", "--fault",
                   FAULTS + ",seed=3")
        one.wait("open", 60)
        two = node(wires, "b", "--send", 1000000, "--lasting", "--fault",
                   FAULTS + ",seed=4")
        one.wait("done", 120)
        two.wait("done", 30)
        end = one.finish()
        expect(f"misplaced: {end}", end["misplaced"] == 0 and end["received"] == 1000000)
        expect(f"no faults: {end}", end["faults_lost"] > 0)
        two.finish()


def test_a_killed_node_is_noticed_and_taken_back():
    """kill -9 of either side; the one that stays is not restarted."""
    for victim in "ab":
        stays = "b" if victim == "a" else "a"
        with Wires("p") as wires:
            nodes = {}
            for side in "ab":
                nodes[side] = node(wires, side)
                nodes[side].wait("open", 60)
            first = nodes[stays].wait("up", 30)["home"]
            nodes[victim].wait("up", 30)
            seen = len(nodes[stays].events)
            nodes[victim].kill()
            nodes[stays].wait("down", 1, seen)
            nodes[victim] = node(wires, victim)
            again = nodes[stays].wait("up", 30, seen)["home"]
            expect(f"the same life came back: {again}", again != first)
            nodes[victim].finish()
            nodes[stays].finish()


def test_a_port_that_cannot_be_is_a_clear_error():
    """Said in words, with what to do."""
    cases = [(["--device", "net_memif7"], "--vdev"),
             (["--device", "net_af_packet0,iface=envnone"], "cannot be made"),
             (["--device", "net_null0", "--mtu", 200], "an MTU is"),
             (["--device", "net_null0,", "--address", "10.9.0.300/24"], "not an address")]
    for arguments, words in cases:
        with Wires("p") as wires:
            bad = wires.node(NODE, ["--node", 1, "--address", "10.9.0.1/24", *arguments])
            error = bad.wait("failed", 20)["error"]
            expect(f"'{error}' does not say '{words}'", words in error)


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", "/tmp")
    sys.exit(main([test_messages_cross_in_order_and_the_leave_is_seen,
                   test_a_million_messages_survive_a_bad_wire,
                   test_a_killed_node_is_noticed_and_taken_back,
                   test_a_port_that_cannot_be_is_a_clear_error]))
