# SPDX-License-Identifier: BSD-3-Clause
"""Whole nodes in network namespaces, joined by a bridge whose rules cut pairs of them off."""
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from wires import Failure, run

NODE = sys.argv[1]
NUMBERS = {"a": 1, "b": 2, "c": 3}
UDP_PORT = 21000
WAIT_S = 30

# Prints the first frames of flows with that target address that the interface receives, in hex.
SNIFFER = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind((sys.argv[1], 0))
count = int(sys.argv[3])
while count:
    frame, address = s.recvfrom(65536)
    if address[2] != socket.PACKET_OUTGOING and frame[12:14] == b'\\x08\\x00' and \\
            frame[30:34] == socket.inet_aton(sys.argv[2]) and \\
            int.from_bytes(frame[36:38], 'big') == int(sys.argv[4]):
        print(frame.hex())
        count -= 1
"""
SENDER = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for line in sys.stdin:
    s.send(bytes.fromhex(line))
"""


def expect(text, is_true):
    """Fails with the text unless it is so."""
    if not is_true:
        raise Failure(text)


class Walker:
    """A node, and what its actor is told and tells (walker.h)."""

    def __init__(self, node):
        self.node = node

    def do(self, *words, answer="did"):
        """Gives an order; its answer."""
        seen = len(self.node.events)
        self.node.process.stdin.write((" ".join(str(word) for word in words) + "\n").encode())
        self.node.process.stdin.flush()
        return self.node.wait(answer, WAIT_S, seen)

    def must(self, *words):
        """Gives an order that succeeds."""
        status = self.do(*words)["status"]
        expect(f"{words}: {status}", status == "OK")

    def members(self, group):
        """The nodes of a group's members as this node sees them."""
        return self.do("members", group, answer="members")["nodes"]

    def holder(self, name):
        """The node of a name's holder as this node sees it; 0: nobody."""
        return self.do("lookup", name, answer="holder")["node"]

    def runs(self, node):
        """The runs of numbers that came from a node."""
        return self.do("got", node, answer="got")["runs"]

    def counters(self):
        """The node's counters; those that are 0 are not in it."""
        return self.do("counters", answer="counters")

    def told(self, event):
        """Events of that kind so far."""
        self.node.read(0)
        return [each for each in self.node.events if each["event"] == event]


class Split:
    """Nodes of some of the sides a, b and c, each of which reaches each other one."""

    def __init__(self, wires, sides):
        self.wires = wires
        self.bridge = wires.namespace("m")
        run("ip", "-n", self.bridge, "link", "add", "name", "br", "type", "bridge")
        run("ip", "-n", self.bridge, "link", "set", "dev", "br", "up")
        self.names = {side: wires.namespace(side) for side in sides}
        for side, name in self.names.items():
            wires.veth((name, f"w{side}"), (self.bridge, f"m{side}"))
            run("ip", "-n", self.bridge, "link", "set", "dev", f"m{side}", "master", "br")
        self.rule("add table bridge split")
        self.rule("add chain bridge split forward { type filter hook forward priority 0 ; }")
        self.walkers = {side: self.start(side) for side in sides}

    def rule(self, text):
        """One step of nftables."""
        run("ip", "netns", "exec", self.bridge, "nft", text)

    def start(self, side):
        """The walker of a side, once its node is open."""
        peers = [f"{NUMBERS[other]}=10.9.0.{NUMBERS[other]}" for other in self.names
                 if other != side]
        node = self.wires.node(NODE, [NUMBERS[side], f"net_af_packet0,iface=w{side}",
                                      f"10.9.0.{NUMBERS[side]}/24", *peers], self.names[side])
        node.wait("open", 60)
        return Walker(node)

    def each(self):
        """The walkers, in order."""
        return list(self.walkers.values())

    def until(self, text, is_so, seconds=WAIT_S):
        """Waits until it is so."""
        end = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > end:
                logs = [walker.node.read_log() for walker in self.each()]
                raise Failure(f"not within {seconds} s: {text}; logs {logs}")
            time.sleep(0.02)

    def meet(self):
        """Until each walker has the ref of each other one."""
        for side, walker in self.walkers.items():
            for other in self.names:
                if other != side:
                    self.until(f"{side} meets {other}", lambda w=walker, o=other:
                               w.do("meet", NUMBERS[o])["status"] == "OK")

    def cut(self, one, other, is_one_way=False):
        """Nothing gets from one to the other any more, nor, without is_one_way, back."""
        ways = [(one, other)] if is_one_way else [(one, other), (other, one)]
        self.rule(" ; ".join(f"add rule bridge split forward iifname m{a} oifname m{b} drop"
                             for a, b in ways))

    def heal(self):
        """Everything gets everywhere again."""
        self.rule("flush chain bridge split forward")

    def sniff(self, one, other, count):
        """The next frames of the flow from one to the other."""
        return run("ip", "netns", "exec", self.bridge, "timeout", WAIT_S, sys.executable, "-c",
                   SNIFFER, f"m{one}", f"10.9.0.{NUMBERS[other]}", count, UDP_PORT)

    def replay(self, side, frames):
        """Sends frames to a side as they were."""
        subprocess.run(["ip", "netns", "exec", self.bridge, sys.executable, "-c", SENDER,
                        f"m{side}"], check=True, input=frames.encode())

    def finish(self):
        """Lets the nodes end by themselves, as they should."""
        for walker in self.each():
            walker.node.process.stdin.close()
        for walker in self.each():
            code = walker.node.process.wait(WAIT_S)
            expect(f"a node ended with {code}: {walker.node.read_log()}", code == 0)
