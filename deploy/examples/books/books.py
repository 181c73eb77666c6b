#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Subscribes to the books of a running `mycelium demo`, from Python, without DPDK.

    mycelium demo --messages 100000000 &
    ./books.py /tmp/mycelium-demo-XXXXXX/alpha.sock --quotes 20

The process attaches to the demo's node "alpha" by its control socket and is an actor like others:
it finds the book by its name, monitors it, subscribes, and is sent the best of both sides of every
symbol whenever they change. Only ctypes and libmycelium-client are needed; what the fields of a
message mean stands in actors/market/market.xml.
"""
import argparse
import ctypes
import os
import struct
import sys

BOOK = b"demo.book"
MARKET, SUBSCRIBE, QUOTE = 100, 30, 31  # schema and templates of actors/market/market.xml
QUOTE_BODY = struct.Struct("<8sqQqQQ")
PRICE_UNIT = 10000  # a price is in 1/10000 dollar
SECOND_NS = 1_000_000_000
OK, KIND_SEND = 0, 0


class Ref(ctypes.Structure):
    """struct myc_ref"""

    _fields_ = [("home", ctypes.c_uint64), ("actor", ctypes.c_uint64)]


class Type(ctypes.Structure):
    """struct myc_type; what only receivers look at stays empty."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("block_length", ctypes.c_uint16),
        ("template_id", ctypes.c_uint16),
        ("schema_id", ctypes.c_uint16),
        ("version", ctypes.c_uint16),
        ("field_count", ctypes.c_uint16),
        ("fields", ctypes.c_void_p),
        ("verify", ctypes.c_void_p),
    ]


class Message(ctypes.Structure):
    """struct myc_message"""

    _fields_ = [
        ("body", ctypes.c_void_p),
        ("sender", Ref),
        ("block_length", ctypes.c_uint16),
        ("template_id", ctypes.c_uint16),
        ("schema_id", ctypes.c_uint16),
        ("version", ctypes.c_uint16),
        ("size", ctypes.c_uint32),
        ("kind", ctypes.c_uint8),
        ("reserved", ctypes.c_uint8 * 3),
        ("tag", ctypes.c_uint64),
        ("origin", ctypes.c_uint64),
    ]


def load(path):
    """The client library, with the types of what is called here."""
    library = ctypes.CDLL(path)
    node, status = ctypes.c_void_p, ctypes.c_int
    for name, result, arguments in (
        ("myc_client_open", status, [ctypes.c_char_p, ctypes.c_void_p, ctypes.POINTER(node)]),
        ("myc_client_find", status, [node, ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(Ref)]),
        ("myc_client_monitor", status, [node, Ref, ctypes.POINTER(ctypes.c_uint64)]),
        (
            "myc_client_send",
            status,
            [node, Ref, ctypes.POINTER(Type), ctypes.c_char_p, ctypes.c_uint32, ctypes.c_uint64],
        ),
        ("myc_client_receive", status, [node, ctypes.c_uint64, ctypes.POINTER(Message)]),
        ("myc_node_stop", None, [ctypes.POINTER(node)]),
        ("myc_status_text", ctypes.c_char_p, [status]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def check(library, status, what):
    """Ends the program with the library's own sentence."""
    if status != OK:
        sys.exit(f"{what}: {library.myc_status_text(status).decode()}")


def subscribe(library, node):
    """Finds the book, watches it and asks it for quotes."""
    book = Ref()
    monitor = ctypes.c_uint64()
    wanted = Type(name=b"Subscribe", block_length=1, template_id=SUBSCRIBE, schema_id=MARKET)
    status = library.myc_client_find(node, BOOK, 10 * SECOND_NS, ctypes.byref(book))
    check(library, status, "finding the book")
    check(library, library.myc_client_monitor(node, book, ctypes.byref(monitor)), "watching it")
    status = library.myc_client_send(node, book, ctypes.byref(wanted), b"\x01", 1, 0)
    check(library, status, "subscribing")


def quotes(library, node):
    """What the book says, one quote after the other, until it ends."""
    message = Message()
    while True:
        status = library.myc_client_receive(node, 10 * SECOND_NS, ctypes.byref(message))
        check(library, status, "waiting for quotes")
        if message.kind != KIND_SEND:
            print("the book has ended", file=sys.stderr)
            return
        if (message.schema_id, message.template_id) == (MARKET, QUOTE):
            yield QUOTE_BODY.unpack(ctypes.string_at(message.body, QUOTE_BODY.size))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("socket", help="control socket of the demo's node alpha")
    parser.add_argument("--quotes", type=int, default=0, help="end after so many; 0: do not")
    parser.add_argument(
        "--library", default=os.environ.get("MYCELIUM_CLIENT", "libmycelium-client.so.0.1.0")
    )
    arguments = parser.parse_args()
    library = load(arguments.library)
    node = ctypes.c_void_p()
    status = library.myc_client_open(arguments.socket.encode(), None, ctypes.byref(node))
    check(library, status, arguments.socket)
    subscribe(library, node)
    for count, quote in enumerate(quotes(library, node), 1):
        symbol, bid, bid_size, ask, ask_size, number = quote
        print(
            f"{symbol.decode().strip():8} {bid_size:8} {bid / PRICE_UNIT:10.4f}"
            f" | {ask / PRICE_UNIT:10.4f} {ask_size:8}  #{number}",
            flush=True,
        )
        if count == arguments.quotes:
            break
    library.myc_node_stop(ctypes.byref(node))


if __name__ == "__main__":
    main()
