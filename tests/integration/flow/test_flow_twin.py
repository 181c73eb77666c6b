# SPDX-License-Identifier: BSD-3-Clause
"""A flow over two veth pairs (A/B): either may go and come back, and only operators notice."""
import sys
import time

from wires import SKIP, Failure, Wires, can_make_namespaces, main, run

NODE = sys.argv[1]
POLL_GAP_US = 20000  # other processes share our CPUs; a path's loss is told after four of these
COUNT = 200000       # messages each way
EVERY_US = 1000      # 128 of them at a time, so that they last for seconds


def expect(text, is_true):
    """Fails with the text unless it is so."""
    if not is_true:
        raise Failure(text)


class TwinPair:
    """Namespaces A and B, joined by two veth pairs: wa1-wb1 is path a, wa2-wb2 path b."""

    def __init__(self, wires):
        self.wires = wires
        self.names = {"a": wires.namespace("a"), "b": wires.namespace("b")}
        for path in (1, 2):
            wires.veth((self.names["a"], f"wa{path}"), (self.names["b"], f"wb{path}"))

    def node(self, side, *more):
        """Node 1 on side a, 2 on side b; once it is open."""
        own, other = (1, 2) if side == "a" else (2, 1)
        started = self.wires.node(
            NODE, ["--node", own, "--peer-node", other, "--poll-gap-us", POLL_GAP_US,
                   "--device", f"net_af_packet0,iface=w{side}1", "--address", f"10.9.1.{own}/24",
                   "--peer-address", f"10.9.1.{other}",
                   "--device-b", f"net_af_packet1,iface=w{side}2",
                   "--address-b", f"10.9.2.{own}/24", "--peer-address-b", f"10.9.2.{other}",
                   *more], self.names[side])
        started.wait("open", 60)
        return started

    def set_path(self, path, state):
        """Pulls or plugs the cable of path 1 or 2."""
        run("ip", "-n", self.names["a"], "link", "set", "dev", f"wa{path}", state)


def wait_log(node, text, count, seconds=60):
    """Until the node has logged the text so often."""
    end = time.monotonic() + seconds
    while node.read_log().count(text) < count:
        if time.monotonic() > end:
            raise Failure(f"no {count} x '{text}' in the log: {node.read_log()}")
        node.read(0.05)


def start(pair):
    """Both nodes, up, with messages under way each way."""
    options = ["--send", COUNT, "--expect", COUNT, "--every-us", EVERY_US, "--lasting",
               "--seconds", 300]
    nodes = [pair.node("a", *options), pair.node("b", *options)]
    for node in nodes:
        node.wait("up", 30)
    return nodes


def finish(nodes):
    """Everything arrived once and in order, in one epoch; the nodes' last events."""
    for node in nodes:
        node.wait("done", 200)
    for node in nodes:
        node.read(0)
        expect(f"links noticed: {node.events}",
               not [event for event in node.events if event["event"] == "down"])
    ends = [node.finish() for node in nodes]
    for end in ends:
        expect(f"not once and in order: {end}", end["misplaced"] == 0 and end["received"] == COUNT)
        expect(f"in doubt: {end}", "messages_in_doubt" not in end and end["epochs_begun"] == 1)
    return ends


def test_either_path_goes_and_comes_back_unnoticed():
    """Path a down, up, then path b down, up, while messages cross."""
    with Wires("t") as wires:
        pair = TwinPair(wires)
        nodes = start(pair)
        for number, path in ((1, "a"), (2, "b")):
            pair.set_path(number, "down")
            for node in nodes:
                wait_log(node, f"path {path} (", 1)
            pair.set_path(number, "up")
            for node in nodes:
                wait_log(node, "is back", number)
        ends = finish(nodes)
    for end in ends:
        expect(f"not counted: {end}", end["paths_lost"] >= 1 and end["paths_back"] >= 1
               and end["b_paths_lost"] >= 1 and end["b_paths_back"] >= 1)


def test_both_copies_arrive_and_one_counts():
    """Without faults each frame comes twice, and its second copy is dropped."""
    with Wires("t") as wires:
        ends = finish(start(TwinPair(wires)))
    for end in ends:
        seconds = end.get("frames_second", 0) + end.get("b_frames_second", 0)
        expect(f"no second copies: {end}", seconds > 0)


def test_both_paths_down_is_a_break():
    """Only the loss of both ends the epoch, and the return of one brings the next."""
    with Wires("t") as wires:
        pair = TwinPair(wires)
        options = ["--lasting", "--seconds", 300]
        nodes = [pair.node("a", *options), pair.node("b", *options)]
        for node in nodes:
            node.wait("up", 30)
        pair.set_path(1, "down")
        for node in nodes:
            wait_log(node, "path a (", 1)
        pair.set_path(2, "down")
        for node in nodes:
            node.wait("down", 60)
        seen = [len(node.events) for node in nodes]
        pair.set_path(2, "up")
        for node, count in zip(nodes, seen):
            node.wait("up", 60, after=count)
            node.finish()


if __name__ == "__main__":
    if not can_make_namespaces():
        print("1..0 # SKIP network namespaces cannot be made here (root is needed)")
        sys.exit(SKIP)
    sys.exit(main([
        test_either_path_goes_and_comes_back_unnoticed,
        test_both_copies_arrive_and_one_counts,
        test_both_paths_down_is_a_break,
    ]))
