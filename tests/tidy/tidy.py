#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks the rules of the code, one TAP case for each rule.

    tidy.py GROUP --source ROOT [--build BUILD]

GROUP is `layers`, `text` or `api`. A rule is a generator of findings over a Tree; its docstring is
the sentence that is printed when it fails. selftest.py shows each rule something bad.
"""
import argparse
import sys

import rules_api
import rules_layers
import rules_text
from tree import Tree

GROUPS = {"layers": rules_layers, "text": rules_text, "api": rules_api}
FINDINGS_SHOWN_MAX = 40


def run_rule(number, rule, tree):
    """Prints one TAP case. Returns whether the rule holds."""
    findings = list(rule(tree))
    print(f"{'not ok' if findings else 'ok'} {number} - {rule.__name__}")
    if findings:
        print(f"# {rule.__doc__.strip()}")
    for path, line, message in findings[:FINDINGS_SHOWN_MAX]:
        print(f"# {path}:{line}: {message}")
    if len(findings) > FINDINGS_SHOWN_MAX:
        print(f"# and {len(findings) - FINDINGS_SHOWN_MAX} more")
    return not findings


def print_notes(group, tree):
    """What is worth knowing and fails nothing."""
    if group == "text":
        for lines, path in rules_text.file_size_note(tree):
            print(f"# note: {path} has {lines} lines, aim {rules_text.FILE_LINES_AIM}")
    if group == "api":
        for name in rules_api.missing_symbols_note(tree):
            print(f"# note: {name} is declared and not in the library yet")
        for compiler in rules_api.missing_compilers():
            print(f"# note: {compiler} is not installed: headers were not compiled with it")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("group", choices=sorted(GROUPS))
    parser.add_argument("--source", required=True)
    parser.add_argument("--build")
    arguments = parser.parse_args()
    tree = Tree.from_disk(arguments.source, arguments.build)
    rules = GROUPS[arguments.group].RULES
    print(f"1..{len(rules)}")
    results = [run_rule(number, rule, tree) for number, rule in enumerate(rules, 1)]
    print_notes(arguments.group, tree)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
