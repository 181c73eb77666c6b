# SPDX-License-Identifier: BSD-3-Clause
"""Real captures through the C decoders and books, and through capture_reader.py: both must agree,
and with what the captures' README states.

  compare.py MARKET_DUMP

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


def main():
    folder = os.environ.get("MYCELIUM_DATA", "")
    if not os.path.isfile(os.path.join(folder, DEEP10)):
        print("skipped: MYCELIUM_DATA names no folder with", DEEP10)
        return 77
    failures = []
    for name, stated in STATED.items():
        path = os.path.join(folder, name)
        run = subprocess.run([sys.argv[1], path], capture_output=True, text=True, timeout=120)
        if run.returncode != 0:
            failures.append(f"{name}: exit code {run.returncode}: {run.stderr.strip()}")
            continue
        reader = capture_reader.Reader().read(path)
        found = list(differences(name, json.loads(run.stdout), reader, stated))
        print("differs" if found else "agrees", name)
        failures += found
    print("\n".join(failures))
    return 1 if failures else 0


sys.exit(main())
