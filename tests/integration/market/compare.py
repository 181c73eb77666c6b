# SPDX-License-Identifier: BSD-3-Clause
"""Real captures through the C decoders and books, and through capture_reader.py: both must agree,
and with what the captures' README states.

  compare.py MARKET_DUMP MARKET_REPLAY

MARKET_REPLAY sends the file through the demo's actors (see market_replay.c); their report must say
the same.

The captures' folder comes from MYCELIUM_DATA; without it the test is skipped (exit code 77).
"""
import json
import os
import subprocess
import sys

import capture_reader

DEEP10 = "iex/DEEP10.pcap.gz"

# What the captures' README says of each file; messages by type where it lists them.
STATED = {
    DEEP10: {
        "is_cut": True,
        "packets_captured": 121314,
        "heartbeats": 7937,
        "first_sequence": 1,
        "next_sequence": 105211,
        "discontinuities": 11,
        "restarts": 11,
        "messages": 391999,
        "types": {
            "S": 44,
            "H": 93638,
            "O": 93638,
            "P": 93636,
            "T": 83343,
            "E": 59,
            "B": 73,
            "8": 12941,
            "5": 14627,
        },
    },
    "iex/single-messages/Heartbeat.pcap": {"heartbeats": 1, "messages": 0, "types": {}},
    "iex/single-messages/PriceLevelBuyUpdateMessage.pcap": {"messages": 1, "types": {"8": 1}},
    "iex/single-messages/PriceLevelSellUpdateMessage.pcap": {"messages": 1, "types": {"5": 1}},
    "nasdaq/Multiple.Packets.pcap": {
        "packets_captured": 2,
        "first_sequence": 14764496,
        "next_sequence": 19009117 + 38,
        "discontinuities": 1,
        "restarts": 0,
        "messages": 39,
        "types": {"D": 1, "A": 36, "F": 2},
    },
    "nasdaq/AddOrderNoMpidAttributionMessage.pcap": {"messages": 1, "types": {"A": 1}},
    "nasdaq/MarketParticipantPositionMessage.pcap": {"messages": 1, "types": {"L": 1}},
    "nasdaq/NetOrderImbalanceIndicatorMessage.pcap": {"messages": 1, "types": {"I": 1}},
    "nasdaq/OrderDeleteMessage.pcap": {"messages": 1, "types": {"D": 1}},
    "nasdaq/OrderExecutedMessage.pcap": {"messages": 1, "types": {"E": 1}},
    "nasdaq/OrderReplaceMessage.pcap": {"messages": 1, "types": {"U": 1}},
    "nasdaq/StockTradingActionMessage.pcap": {"messages": 1, "types": {"H": 1}},
}


def differences(name, dump, reader, stated):
    other = {
        "is_cut": reader.is_cut,
        "packets_captured": reader.packets,
        "heartbeats": reader.heartbeats,
        "first_sequence": reader.first,
        "next_sequence": reader.next,
        "discontinuities": reader.discontinuities,
        "messages": reader.messages,
        "types": dict(reader.types),
        "books": reader.books(),
    }
    for source, expected in (("README", stated), ("second reader", other)):
        for key, value in expected.items():
            if dump[key] != value:
                yield f"{name}: {key} is {dump[key]}, {source} says {value}"
    if name == DEEP10 and len(dump["books"]) != 20:
        yield f"{name}: {len(dump['books'])} symbols instead of 20"
    for key in ("packets_short", "packets_version", "packets_length", "messages_unknown"):
        if dump[key] != 0:
            yield f"{name}: {key} is {dump[key]}"


def price(levels):
    return (levels[0][0] / 10000, levels[0][1]) if levels else (None, 0)


def report_differences(name, report, reader):
    handler = report["actors"]["feed_handler"]
    figures = {
        "messages": reader.messages,
        "heartbeats": reader.heartbeats,
        "discontinuities": reader.discontinuities,
        "frame_payloads": reader.packets,
    }
    for key, value in figures.items():
        if handler[key] != value:
            yield f"{name}: the feed handler reports {key} {handler[key]} instead of {value}"
    types = {key[-1]: value for key, value in handler.items() if key.startswith("type_")}
    if types != dict(reader.types):
        yield f"{name}: the feed handler reports types {types}"
    if bool(report["actors"]["exchange"]["is_capture_cut"]) != reader.is_cut:
        yield f"{name}: the exchange is wrong about whether the capture is cut"
    for hop in report["hops"]:
        if hop["out"] != hop["in"] or hop["dropped"] != 0:
            yield f"{name}: a hop has lost messages: {hop}"
    books = reader.books()
    if set(books) != set(report["top_of_book"]):
        yield f"{name}: the report has tops of {sorted(report['top_of_book'])}"
        return
    for symbol, (bids, asks) in books.items():
        top = report["top_of_book"][symbol]
        found = (top["bid_price"], top["bid_size"]), (top["ask_price"], top["ask_size"])
        if found != (price(bids), price(asks)):
            yield f"{name}: top of {symbol} is {found}"


def run(program, path, name, failures):
    done = subprocess.run([program, path], capture_output=True, text=True, timeout=200)
    if done.returncode != 0:
        failures.append(f"{name}: exit code {done.returncode}: {done.stderr.strip()}")
        return None
    return json.loads(done.stdout)


def main():
    folder = os.environ.get("MYCELIUM_DATA", "")
    if not os.path.isfile(os.path.join(folder, DEEP10)):
        print("skipped: MYCELIUM_DATA names no folder with", DEEP10)
        return 77
    failures = []
    for name, stated in STATED.items():
        path = os.path.join(folder, name)
        dump = run(sys.argv[1], path, name, failures)
        report = run(sys.argv[2], path, name, failures)
        if dump is None or report is None:
            continue
        reader = capture_reader.Reader().read(path)
        found = list(differences(name, dump, reader, stated))
        found += report_differences(name, report, reader)
        print("differs" if found else "agrees", name)
        failures += found
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
