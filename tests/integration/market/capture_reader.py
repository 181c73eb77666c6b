# SPDX-License-Identifier: BSD-3-Clause
"""A second reader of captures, written on purpose unlike the C one.

Whole file in memory, struct.unpack, dictionaries instead of sorted arrays, one pass; it knows only
what our captures hold. Used by compare.py; not a model of anything.
"""
import collections
import gzip
import struct


def frames(path):
    """Yields the bytes of each whole frame, then None if the last one is cut."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as file:
        raw = file.read()
    at = 24
    while at < len(raw):
        kept = struct.unpack_from("<I", raw, at + 8)[0] if at + 16 <= len(raw) else len(raw)
        if at + 16 + kept > len(raw):
            yield None
            return
        yield raw[at + 16 : at + 16 + kept]
        at += 16 + kept


def udp_payload(frame):
    at = 12
    while frame[at : at + 2] == b"\x81\x00":
        at += 4
    assert frame[at : at + 2] == b"\x08\x00"
    ip = frame[at + 2 :]
    udp = ip[(ip[0] & 15) * 4 :]
    assert ip[9] == 17
    return udp[8 : struct.unpack_from(">H", udp, 4)[0]]


class Reader:
    def __init__(self):
        self.is_cut = False
        self.packets = 0
        self.heartbeats = 0
        self.first = None
        self.next = None
        self.discontinuities = 0
        self.messages = 0
        self.types = collections.Counter()
        self.seen = {}  # symbols in order of appearance
        self.levels = {}  # DEEP: (symbol, side, price) -> size
        self.orders = {}  # ITCH: number -> [symbol, side, price, size]

    def read(self, path):
        for frame in frames(path):
            if frame is None:
                self.is_cut = True
            else:
                self.take(udp_payload(frame))
        return self

    def take(self, payload):
        self.packets += 1
        if payload[:4] == b"\x01\x00\x04\x80":
            count, _, first = struct.unpack_from("<Hqq", payload, 14)
            at, order, apply = 40, "<H", self.deep
        else:
            first, count = struct.unpack_from(">QH", payload, 10)
            at, order, apply = 20, ">H", self.itch
        if count == 0xFFFF:
            return
        if self.next not in (None, first):
            self.discontinuities += 1
            if first == 1:  # the session began anew: nothing of before is valid
                self.levels.clear()
                self.orders.clear()
        if self.first is None:
            self.first = first
        self.next = first + count
        self.heartbeats += count == 0
        for _ in range(count):
            size = struct.unpack_from(order, payload, at)[0]
            message = payload[at + 2 : at + 2 + size]
            at += 2 + size
            self.messages += 1
            self.types[chr(message[0])] += 1
            apply(chr(message[0]), message)

    def deep(self, kind, message):
        if kind not in "85":
            return
        symbol = message[10:18].decode().rstrip()
        size, price = struct.unpack_from("<Iq", message, 18)
        self.seen[symbol] = True
        self.levels[symbol, "85".index(kind), price] = size
        if size == 0:
            del self.levels[symbol, "85".index(kind), price]

    def itch(self, kind, message):
        number = struct.unpack_from(">Q", message, 11)[0] if len(message) >= 19 else None
        if kind in "AF":
            side, size, symbol, price = struct.unpack_from(">cI8sI", message, 19)
            symbol = symbol.decode().rstrip()
            self.seen[symbol] = True
            self.orders[number] = [symbol, b"BS".index(side), price, size]
        elif number not in self.orders:
            return
        elif kind in "ECX":
            self.orders[number][3] -= struct.unpack_from(">I", message, 19)[0]
            if self.orders[number][3] == 0:
                del self.orders[number]
        elif kind == "D":
            del self.orders[number]
        elif kind == "U":
            new, size, price = struct.unpack_from(">QII", message, 19)
            symbol, side, _, _ = self.orders.pop(number)
            self.orders[new] = [symbol, side, price, size]

    def books(self):
        """symbol -> [bids, asks], each a list of [price, size, orders], best first."""
        sums = collections.defaultdict(lambda: [0, 0])
        for key, size in self.levels.items():
            sums[key] = [size, 0]
        for symbol, side, price, size in self.orders.values():
            sums[symbol, side, price][0] += size
            sums[symbol, side, price][1] += 1
        books = {symbol: [[], []] for symbol in self.seen}
        for (symbol, side, price), (size, orders) in sums.items():
            books[symbol][side].append([price, size, orders])
        for bids, asks in books.values():
            bids.sort(reverse=True)
            asks.sort()
        return books
