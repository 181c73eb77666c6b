# SPDX-License-Identifier: BSD-3-Clause
"""What tshark shows with a generated plugin: SBE messages in UDP datagrams of a made-up capture."""
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM, ALL, BIG = map(os.path.abspath, sys.argv[1:4])
del sys.argv[1:4]
sys.path.insert(0, os.path.dirname(PROGRAM))

from lua import emit_lua  # noqa: E402
from reader import read_schema  # noqa: E402

PORT = 10100
BASKET = bytes.fromhex(
    "01020304" "050002" "0a00000042" "080002" "6400000000000000" "6500000000000000" "02006869"
    "1400000053" "080000" "0000" "0200010700" "0300616263" "0000")
ORDER = bytes.fromhex(
    "41434d45000000005300" "39300000000000000000000007000000420255538109" +
    "88776655443322110100000000000000" + "00" * 16)
BIG_NUMBERS = bytes.fromhex(
    "fffe01020304fffffffffffffffec00400000000000001020000000100000002fffffffd"
    "0008000100000000000000070000000174")


def frame(payload):
    udp = struct.pack(">HHHH", PORT, PORT, 8 + len(payload), 0) + payload
    address = bytes([10, 0, 0, 1])
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + address + address
    return bytes(12) + b"\x08\x00" + ip + udp


def capture(path, payloads):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for payload in payloads:
            data = frame(payload)
            file.write(struct.pack("<IIII", 0, 0, len(data), len(data)) + data)


def message(template, body, block_length, schema=900, version=2, order="<"):
    return struct.pack(order + "HHHH", block_length, template, schema, version) + body


class Dissection(unittest.TestCase):
    def tshark(self, schema, protocol, payloads, *arguments):
        with tempfile.TemporaryDirectory() as folder:
            plugin, path = os.path.join(folder, "p.lua"), os.path.join(folder, "c.pcap")
            with open(plugin, "w", encoding="utf-8") as file:
                file.write(emit_lua(read_schema(schema)))
            capture(path, payloads)
            result = subprocess.run(
                ["tshark", "-n", "-X", f"lua_script:{plugin}", "-r", path,
                 "-d", f"udp.port=={PORT},{protocol}", *arguments],
                capture_output=True, text=True, check=False, env={**os.environ, "HOME": folder})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("Lua", result.stderr)
        return result.stdout

    def fields(self, schema, protocol, payload, names):
        wanted = [part for name in names for part in ("-e", name)]
        out = self.tshark(schema, protocol, [payload], "-T", "fields", *wanted)
        return out.rstrip("\n").split("\t")

    def test_fields_can_be_filtered_by_name(self):
        names = ["symbol", "side", "leg.price.mantissa", "leg.leg_kind", "flags", "from.actor"]
        self.assertEqual(
            self.fields(ALL, "sbe_all", message(2, ORDER, 64), ["all.order." + n for n in names]),
            ["ACME", "83", "12345", "2", "0x81", "1"])

    def test_names_of_enums_and_bits_are_shown(self):
        text = self.tshark(ALL, "sbe_all", [message(2, ORDER, 64)], "-V")
        for words in ("Order", "side: Sell (83)", "leg.LegKind: Spread (2)", "{First|Last}"):
            self.assertIn(words, text)

    def test_groups_and_data_are_walked(self):
        names = ["legs.quantity", "legs.fills.price", "legs.label", "parties.id", "note"]
        self.assertEqual(
            self.fields(ALL, "sbe_all", message(5, BASKET, 4), ["all.basket." + n for n in names]),
            ["10,20", "100,101", "6869", "7", "616263"])

    def test_big_endian_numbers_are_shown_as_numbers(self):
        names = ["i16", "u32", "i64", "f64", "kind", "three", "no_md_entries.md_entry_px", "text"]
        self.assertEqual(
            self.fields(BIG, "sbe_big", message(1, BIG_NUMBERS, 36, 901, 0, ">"),
                        ["big.numbers." + n for n in names]),
            ["-2", "16909060", "-2", "-2.5", "258", "1,2,-3", "7", "74"])

    def test_what_an_older_sender_lacks_is_not_shown(self):
        names = ["all.grown.one", "all.grown.two"]
        body = struct.pack("<I", 5)
        self.assertEqual(self.fields(ALL, "sbe_all", message(4, body, 4, version=0), names),
                         ["5", ""])

    def test_a_message_cut_at_any_length_is_said_to_be_cut(self):
        cuts = [message(5, BASKET[:size], 4) for size in range(len(BASKET))]
        text = self.tshark(ALL, "sbe_all", cuts, "-V")
        self.assertEqual(text.count("Basket (cut)"), len(cuts), text)

    def test_an_unknown_template_is_said_to_be_unknown(self):
        text = self.tshark(ALL, "sbe_all", [message(77, b"x", 1)], "-V")
        self.assertIn("schema 900, template 77: not known here", text)


if __name__ == "__main__":
    if shutil.which("tshark") is None:
        print("skipped: there is no tshark here")
        sys.exit(77)
    unittest.main(verbosity=1)
