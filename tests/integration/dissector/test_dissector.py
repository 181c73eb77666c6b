# SPDX-License-Identifier: BSD-3-Clause
"""tshark with mycelium.lua: every byte of each kind of frame is explained, nothing is malformed.

Frames are the golden files, made-up ones, and what two nodes say over a veth pair.
"""
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

PLUGIN, GOLDEN, FLOW_NODE = sys.argv[1:4]
del sys.argv[1:4]
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))

from wires import Wires, can_make_namespaces  # noqa: E402

LINK_HEADERS = 42
PORT = 21000
CAPTURED_MAX = 200
RECORDER = """
import socket, struct, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("wb", 0))
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    frame = s.recv(65535)
    with open(sys.argv[1], "ab") as file:
        file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
"""


def golden(name):
    with open(os.path.join(GOLDEN, name + ".hex"), encoding="utf-8") as file:
        return bytes.fromhex("".join(line.split("#")[0] for line in file))


def datagram(payload, port=PORT):
    udp = struct.pack(">HHHH", port, port, 8 + len(payload), 0) + payload
    address = bytes([10, 0, 0, 1])
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address + address
    return bytes(12) + b"\x08\x00" + ip + udp


def begin_capture(path):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))


def write_capture(path, payloads, port=PORT):
    begin_capture(path)
    with open(path, "ab") as file:
        for payload in payloads:
            data = datagram(payload, port)
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def data_frame(records):
    """A DATA frame of (SBE header as 4 numbers, kind, body) over stream 5."""
    chunks = b""
    for number, (sbe, kind, body) in enumerate(records):
        record = struct.pack("<QQHHHHIBBBBQQ", 1, 2, *sbe, len(body), kind, 0, 0, 0, 7, 0) + body
        chunks += struct.pack("<BBHI", 5, 0, len(record), number) + record
        chunks += bytes(-len(record) % 8)
    frame = bytearray(struct.pack("<BBHIHHBBHII", 1, 2, 0, 0, 3, 7, 2, 1, 24 + len(chunks), 9, 9))
    frame += chunks
    frame[4:8] = struct.pack("<I", crc32c(frame))
    return bytes(frame)


class Dissection(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="mycelium-dissector-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.capture = os.path.join(self.folder, "frames.pcap")

    def tshark(self, *arguments):
        result = subprocess.run(
            ["tshark", "-n", "-X", f"lua_script:{PLUGIN}", "-r", self.capture, *arguments],
            capture_output=True, text=True, check=False, env={**os.environ, "HOME": self.folder})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("Lua", result.stderr)
        self.assertNotIn("Lua Error", result.stdout)
        return result.stdout

    def packets(self):
        """Per frame of the protocol: (its proto element, first byte, end)."""
        for packet in xml.fromstring(self.tshark("-T", "pdml")).findall("packet"):
            for proto in packet.findall("proto[@name='mycelium']"):
                first = int(proto.get("pos"))
                yield proto, first, first + int(proto.get("size"))

    def check_all_explained(self):
        """Leaves lie side by side over each whole payload. Returns how many frames there were."""
        count = 0
        for proto, first, end in self.packets():
            count += 1
            leaves = sorted(
                (int(leaf.get("pos")), int(leaf.get("size"))) for leaf in proto.iter("field")
                if leaf.find("field") is None and leaf.get("size", "0") != "0" and
                not leaf.get("name").startswith("_ws") and
                leaf.get("name") != "mycelium.crc_is_good")
            at = first
            for position, size in leaves:
                if position != at:
                    break
                at = position + size
            if at != end:
                self.fail(f"byte {at} of {first} to {end}: "
                          + xml.tostring(proto, encoding="unicode"))
        text = self.tshark("-V")
        self.assertNotIn("not explained", text)
        self.assertEqual(self.tshark("-Y", "_ws.malformed || mycelium.cut || mycelium.bad_crc || "
                                     "mycelium.bad_size || mycelium.bad_type"), "")
        return count

    def test_every_byte_of_every_golden_frame_is_explained(self):
        names = [os.path.basename(path)[:-4] for path in glob.glob(os.path.join(GOLDEN, "*.hex"))]
        self.assertGreaterEqual(len(names), 10)
        write_capture(self.capture, [golden(name) for name in sorted(names)])
        self.assertEqual(self.check_all_explained(), len(names))

    def test_fields_are_filtered_by_the_names_of_the_headers(self):
        write_capture(self.capture, [golden("data_blocks")])
        names = ["frame_header.epoch", "ack_block.largest", "ack_range.gap", "credit_block.limit",
                 "crc_is_good"]
        out = self.tshark("-T", "fields", *[part for name in names
                                            for part in ("-e", "mycelium." + name)])
        self.assertEqual(out.rstrip("\n").split("\t"),
                         ["0xcafe1234", "5", "1,3", "8192,2048,2049", "1"])

    def test_the_error_of_an_origin_is_said(self):
        write_capture(self.capture, [golden("data_origin"), golden("data_records")])
        self.assertEqual(self.tshark("-V").count("wrong by at most 12288 ns"), 1)
        self.assertEqual(self.tshark("-V").count("its cause"), 1)

    def test_bodies_of_known_schemas_are_explained(self):
        # Echo of tools.xml: four numbers of 8 bytes.
        write_capture(self.capture,
                      [data_frame([((32, 1, 101, 0), 0, struct.pack("<QQQQ", 77, 1, 0, 0))])])
        self.assertEqual(self.check_all_explained(), 1)
        self.assertEqual(self.tshark("-T", "fields", "-e", "tools.echo.number").strip(), "77")

    def test_bodies_between_cores_are_explained(self):
        # EXIT is op 37: actor, peer, the ids of their halves, reason.
        write_capture(self.capture,
                      [data_frame([((0, 37, 0, 0), 4, struct.pack("<QQQQB7x", 5, 6, 7, 8, 3))])])
        self.assertEqual(self.check_all_explained(), 1)
        self.assertEqual(
            self.tshark("-T", "fields", "-e", "mycelium.system_linked.reason").strip(), "3")

    def test_a_wrong_checksum_is_said(self):
        frame = bytearray(golden("data_records"))
        frame[60] ^= 1
        write_capture(self.capture, [bytes(frame)])
        self.assertNotEqual(self.tshark("-Y", "mycelium.bad_crc"), "")

    def test_a_frame_cut_anywhere_is_said_to_be_cut(self):
        whole = golden("data_large")
        write_capture(self.capture, [whole[:size] for size in range(1, len(whole))])
        said = self.tshark("-Y", "mycelium.cut || mycelium.bad_size").splitlines()
        self.assertEqual(len(said), len(whole) - 1)

    def test_another_port_is_found_by_what_the_header_says(self):
        write_capture(self.capture, [golden("data_ping")], port=40000)
        out = self.tshark("--enable-heuristic", "mycelium_udp", "-T", "fields", "-e",
                          "mycelium.frame_header.number")
        self.assertEqual(out.strip(), "19")

    def test_what_two_nodes_say_is_explained(self):
        if not can_make_namespaces():
            self.skipTest("network namespaces cannot be made here (root is needed)")
        with Wires("d") as wires:
            names = [wires.namespace("a"), wires.namespace("b")]
            wires.veth((names[0], "wa"), (names[1], "wb"))
            begin_capture(self.capture)
            recorder = subprocess.Popen(
                ["ip", "netns", "exec", names[1], sys.executable, "-c", RECORDER, self.capture,
                 str(CAPTURED_MAX)], stdout=subprocess.PIPE)
            self.addCleanup(recorder.wait)
            self.addCleanup(recorder.kill)
            self.addCleanup(recorder.stdout.close)
            recorder.stdout.readline()
            nodes = []
            for own, other, name, device in ((1, 2, names[0], "wa"), (2, 1, names[1], "wb")):
                nodes.append(wires.node(FLOW_NODE, [
                    "--device", f"net_af_packet0,iface={device}", "--node", own, "--address",
                    f"10.9.0.{own}/24", "--peer-node", other, "--peer-address", f"10.9.0.{other}",
                    "--send", 4000, "--expect", 4000, "--lasting", "--poll-gap-us", 100000],
                    name))
            for node in nodes:
                node.wait("done", 100)
            for node in nodes:
                node.finish()
        self.assertGreater(self.check_all_explained(), 100)
        types = set(self.tshark("-T", "fields", "-e", "mycelium.frame_header.type").split())
        self.assertTrue({"1", "2"} <= types, types)


if __name__ == "__main__":
    if shutil.which("tshark") is None:
        print("skipped: there is no tshark here")
        sys.exit(77)
    unittest.main(verbosity=1)
