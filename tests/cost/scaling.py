#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts the instructions of an operation as there is more of something, and how they grow.

    scaling.py COST             the test: no curve grows faster than ORDERS says
    scaling.py COST --table     a table for people, with sizes up to 100 000
                                (--only CURVE: of one)

COST is the program of cost.c; the curves are those of `mycelium bench scaling` (scale.h). What an
operation costs is the difference of two runs under callgrind by the difference of their counts, so
what it takes to make the world does not count.
"""

import argparse
import math
import re
import subprocess
import sys

FEW, MANY = 500, 1500
SIZES = (10, 100, 1000)
MORE_SIZES = SIZES + (10000, 100000)
LCORES = (2, 8, 32)
MORE_LCORES = (2, 4, 8, 16, 32, 64)
# What varies by less over all sizes has no growth: chains of a hash differ, and of few actors each
# gets several messages in a turn, which is cheaper.
LEVEL = 0.35
FITS = 0.03  # the error with which a line still is one

# The order of growth of each curve. A line's slope is instructions for each one more.
ORDERS = {
    "lcores": "O(n)",
    "actors": "O(1)",
    "spawns": "O(1)",
    "names": "O(1)",
    "claims": "O(1)",
    "groups": "O(1)",
    "members": "O(1)",
    "monitors": "O(1)",
    "timers": "O(1)",
}


def run(cost, operation, count):
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", cost, operation,
               str(count)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=390)
    collected = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or not collected:
        sys.exit(f"{operation}: no count:\n{result.stderr}")
    return int(collected.group(1))


def cost_of(cost, curve, size):
    operation = f"scale:{curve}:{size}"
    few, many = (run(cost, operation, count) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def line(sizes, costs):
    """Base, slope and relative error of the best line; each point counts as much as another."""
    weights = [1 / c ** 2 for c in costs]
    total = sum(weights)
    mean = sum(w * n for w, n in zip(weights, sizes)) / total
    level = sum(w * c for w, c in zip(weights, costs)) / total
    slope = sum(w * (n - mean) * (c - level) for w, n, c in zip(weights, sizes, costs)) / \
        sum(w * (n - mean) ** 2 for w, n in zip(weights, sizes))
    base = level - slope * mean
    off = [(base + slope * n) / c - 1 for n, c in zip(sizes, costs)]
    return base, slope, math.sqrt(sum(o * o for o in off) / len(off))


def order_of(sizes, costs):
    base, slope, error = line(sizes, costs)
    if max(costs) <= min(costs) * (1 + LEVEL):
        return "O(1)", f"{sum(costs) / len(costs):.0f}"
    if error <= FITS and slope > 0:
        return "O(n)", f"{base:.0f} + {slope:.1f} n"
    return "more than a line", f"off by {error * 100:.0f} %"


def sizes_of(curve, more):
    if curve == "lcores":
        return MORE_LCORES if more else LCORES
    return MORE_SIZES if more else SIZES


def measure(cost, more, only=None):
    """Yields the curve, its sizes, its costs, its order, and the fit in words."""
    for curve in [only] if only else ORDERS:
        sizes = sizes_of(curve, more)
        costs = [cost_of(cost, curve, size) for size in sizes]
        yield curve, sizes, costs, *order_of(sizes, costs)


def table(cost, only):
    for curve, sizes, costs, order, fit in measure(cost, True, only):
        cells = ", ".join(f"{size}: {instructions:.0f}" for size, instructions in zip(sizes, costs))
        print(f"| `{curve}` | {cells} | {order}: {fit} |", flush=True)
    return 0


def check(cost):
    failed = False
    print(f"1..{len(ORDERS)}")
    for number, (curve, _, costs, order, fit) in enumerate(measure(cost, False), 1):
        is_good = order in (ORDERS[curve], "O(1)")
        failed |= not is_good
        counts = " ".join(f"{instructions:.0f}" for instructions in costs)
        print(f"{'ok' if is_good else 'not ok'} {number} - {curve}: {order}, {fit} instructions "
              f"({counts}); at most {ORDERS[curve]}", flush=True)
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("cost")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--only", choices=ORDERS, help="with --table: this curve")
    arguments = parser.parse_args()
    if arguments.table:
        return table(arguments.cost, arguments.only)
    return check(arguments.cost)


if __name__ == "__main__":
    sys.exit(main())
