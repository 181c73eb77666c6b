# SPDX-License-Identifier: BSD-3-Clause
"""The nodes of benchmarks/pktgen.md give latency probes back, over a veth pair, as Pktgen wants."""
import ctypes
import os
import re
import socket
import struct
import subprocess
import time

from program import DEADLINE_S, ProgramTest, main

CLONE_NEWNET = 0x40000000
PAGE = os.environ["MYCELIUM_PKTGEN_PAGE"]
PROBES = 50


def checksum(data):
    words = struct.unpack(f">{len(data) // 2}H", data)
    total = sum(words)
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def probe(index, tsc, mac, magic=0xf00dcafe):
    """80 bytes: the mark at byte 48, both UDP ports 1028, another pair of addresses than ours."""
    payload = bytes(6) + struct.pack("<IIQ", magic, index, tsc) + bytes(16)
    udp = struct.pack(">HHHH", 1028, 1028, 8 + len(payload), 0) + payload
    ends = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
    udp = udp[:6] + struct.pack(">H", checksum(ends + struct.pack(">HH", 17, len(udp)) + udp)) + \
        udp[8:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
    head = head[:10] + struct.pack(">H", checksum(head + ends)) + ends
    return b"\xff" * 6 + mac + b"\x08\x00" + head + udp


def turned_round(frame):
    return frame[6:12] + frame[:6] + frame[12:26] + frame[30:34] + frame[26:30] + \
        frame[36:38] + frame[34:36] + frame[38:]


class Reflector(ProgramTest):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or ctypes.CDLL(None).unshare(CLONE_NEWNET) != 0:
            self.skipTest("network namespaces need root")
        for command in ("link add wa type veth peer name wb", "link set dev wa up",
                        "link set dev wb up"):
            subprocess.run(["ip", *command.split()], check=True)
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
        self.wire.bind(("wa", 0))
        self.wire.settimeout(0.2)
        self.addCleanup(self.wire.close)
        self.mac = self.wire.getsockname()[4]

    def node(self, is_handed_on):
        """The page's file, on the CPUs that are here."""
        with open(PAGE, encoding="utf-8") as file:
            whole, actors = re.findall(r"```yaml\n(.*?)```", file.read(), re.DOTALL)
        lcore = f"{{ cpu: {min(os.sched_getaffinity(0))} }}"
        text = whole.replace("{ cpu: 2, idle: busy }", lcore)
        self.assertNotEqual(text, whole)
        if is_handed_on:
            text = text[:text.index("actors:")].replace(lcore, f"{lcore}, {lcore}") + actors
        started = self.start("run", self.write("reflect.yaml", text))
        return started

    def receive(self):
        """The next frame that is not one of our own, or None."""
        try:
            while True:
                frame, address = self.wire.recvfrom(2048)
                if address[2] != socket.PACKET_OUTGOING:
                    return frame
        except TimeoutError:
            return None

    def await_reflection(self, node):
        """The node may not be there yet: asks until a probe is back, and takes what else comes."""
        end = time.monotonic() + DEADLINE_S
        frame = probe(0xffffffff, 0, self.mac)
        while time.monotonic() < end:
            self.assertIsNone(node.poll(), self.output(node, "err"))
            self.wire.send(frame)
            if self.receive() == turned_round(frame):
                break
        else:
            self.fail("no probe came back: " + self.output(node, "err"))
        while self.receive():
            continue

    def check(self, is_handed_on):
        node = self.node(is_handed_on)
        self.await_reflection(node)
        for index in range(PROBES):
            self.wire.send(probe(index, 10**15 + index, self.mac))
        self.wire.send(probe(0, 0, self.mac, magic=0xf00dcaff))
        back = [self.receive() for _ in range(PROBES)]
        self.assertEqual(back, [turned_round(probe(index, 10**15 + index, self.mac))
                                for index in range(PROBES)])
        self.assertIsNone(self.receive())
        self.assertEqual(self.stop(node), 0)

    def test_probes_come_back_unchanged_in_order_and_nothing_else_does(self):
        self.check(is_handed_on=False)

    def test_probes_come_back_through_another_lcore(self):
        self.check(is_handed_on=True)

    def test_a_reflector_that_is_told_nonsense_does_not_start(self):
        path = self.write("bad.yaml", "node: { id: 1 }\neal:\n  lcores: [{ cpu: 0 }]\n"
                          "actors:\n  - { class: reflector, args: \"prot=wire0\" }\n")
        node = self.start("run", path)
        self.assertNotEqual(node.wait(DEADLINE_S), 0)
        self.assertIn("port=NAME", self.output(node, "err"))


if __name__ == "__main__":
    main()
