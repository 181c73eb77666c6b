#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds the hot path to the instruction counts that are recorded for this compiler.

    guard.py COST COMPILER                    the test
    guard.py COST COMPILER --record REASON    writes the counts down, each changed one with REASON

COST is the program of cost.c. An operation's count is the difference of two runs under callgrind by
the difference of their repetitions; of some operations only what one function and its callees do.
The test fails when a count grew by more than GROWTH; a record that changes carries its reason.
"""

import argparse
import json
import os
import re
import subprocess
import sys

RECORD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recorded.json")
FEW, MANY = 2000, 12000
GROWTH = 0.05

# What is counted: of which operation, and within which function (None: all).
COUNTED = {
    "send": ("dispatch", "myc_send"),
    "dispatch": ("dispatch", None),
    "guarded_dispatch": ("guarded_dispatch", None),
    "spawn_and_stop": ("spawn", None),
    "ring_hop": ("ring_hop", None),
    "idle_turn": ("idle_turn", None),
    "frame_encode": ("flows_16", "fab_flow_prepare_untimed"),
    "frame_decode": ("flows_16", "fab_frame_decode"),
    "ack": ("flows_16", "fab_flow_on_ack"),
    "ack_beside_loss": ("loss", "fab_flow_on_ack"),
    "flow_message": ("flows_16", None),
}


def run(cost, operation, within, repetitions):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    if within:
        command.append(f"--toggle-collect={within}")
    result = subprocess.run(command + [cost, operation, str(repetitions)], capture_output=True,
                            text=True, check=False, timeout=240)
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not collected:
        sys.exit(f"{operation}: no count:\n{result.stderr}")
    return int(collected.group(1))


def count(cost, operation, within):
    few, many = (run(cost, operation, within, repetitions) for repetitions in (FEW, MANY))
    if many <= few:
        sys.exit(f"{operation}: {within} did nothing; was it renamed, or inlined?")
    return round((many - few) / (MANY - FEW), 1)


def load():
    if not os.path.exists(RECORD):
        return {}
    with open(RECORD, encoding="utf-8") as file:
        return json.load(file)


def record(cost, compiler, reason):
    records = load()
    of_compiler = records.setdefault(compiler, {})
    for name, (operation, within) in COUNTED.items():
        instructions = count(cost, operation, within)
        if of_compiler.get(name, {}).get("instructions") != instructions:
            of_compiler[name] = {"instructions": instructions, "reason": reason}
        print(f"{name}: {instructions}")
    with open(RECORD, "w", encoding="utf-8") as file:
        json.dump(records, file, indent=2, sort_keys=True)
        file.write("\n")
    return 0


def check(cost, compiler):
    of_compiler = load().get(compiler)
    if of_compiler is None:
        print(f"1..0 # SKIP no counts are recorded for {compiler}: guard.py --record")
        return 0
    failed = False
    print(f"1..{len(COUNTED)}")
    for number, (name, (operation, within)) in enumerate(COUNTED.items(), 1):
        instructions = count(cost, operation, within)
        recorded = of_compiler.get(name, {}).get("instructions", 0)
        is_good = instructions <= recorded * (1 + GROWTH)
        failed |= not is_good
        print(f"{'ok' if is_good else 'not ok'} {number} - {name}: {instructions} instructions, "
              f"{recorded} recorded", flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("cost")
    parser.add_argument("compiler", help="as in recorded.json")
    parser.add_argument("--record", metavar="REASON")
    arguments = parser.parse_args()
    if arguments.record:
        return record(arguments.cost, arguments.compiler, arguments.record)
    return check(arguments.cost, arguments.compiler)


if __name__ == "__main__":
    sys.exit(main())
