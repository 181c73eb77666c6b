#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Counts what the test command ran, and says it in a last line that machines read.

    tally.py add  RESULTS STAGE TESTLOG [AGAIN]   reads meson's testlog.json
    tally.py bad  TESTLOG                 prints the names of the tests that did not pass
    tally.py note RESULTS STAGE NAME pass|fail|skip [REASON]
    tally.py sum  RESULTS                 prints the table and the last line

What is counted is test cases: each "ok" or "not ok" line that a program printed in TAP form (cmocka
does with CMOCKA_MESSAGE_OUTPUT=TAP), what Python's unittest says that it ran, or the program itself
when it printed neither. A program that failed in any other way than by a counted case (a crash, a
time-out, a sanitizer's report at the end) is one failure more, so nothing that went wrong can
vanish among cases that went well.

AGAIN is the log of a second run of tests that had not passed beside others, each alone: it counts
in their place. What passed only then is named in the end, so that it does not vanish either.
"""
import json
import re
import sys

CASE = re.compile(r"^\s*(not ok|ok) \d+(?: -)? ?(.*)$")
UNITTEST_RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
UNITTEST_BAD = re.compile(r"^(FAIL|ERROR): (\S+)", re.MULTILINE)
UNITTEST_SKIPPED = re.compile(r"^(?:OK|FAILED) \(.*?skipped=(\d+)", re.MULTILINE)
SAID = re.compile(r"^\s*(?:# )?skipped: ")
UNITTEST_WHY = re.compile(r"^(\S+) \(.*\) \.\.\. skipped ['\"](.*)['\"]$", re.MULTILINE)
REASON = re.compile(r"\bskip(?:ped|s|ping)?\b[:, ]*(.*)", re.IGNORECASE)


def cases_of(text):
    """Yields (outcome, name, reason) for each TAP line of a program's output. Why a case was
    skipped stands in its line, or in one before it that begins with "skipped:"."""
    said = ""
    for line in text.splitlines():
        match = CASE.match(line)
        if not match:
            said = line.strip() if SAID.match(line) else said
            continue
        verdict, rest = match.groups()
        if "# SKIP" in rest:
            before, after = (part.strip() for part in rest.split("# SKIP", 1))
            name, reason = (before, after) if before else (after, said)
            yield "skip", name, reason
        else:
            yield ("pass" if verdict == "ok" else "fail"), rest, ""
        said = ""


def unittests_of(text):
    """Yields the same for a program of Python's unittest, which names only what went wrong."""
    ran = UNITTEST_RAN.search(text)
    if not ran:
        return
    bad = [name for _, name in UNITTEST_BAD.findall(text)]
    skipped = UNITTEST_SKIPPED.search(text)
    skips = int(skipped[1]) if skipped else 0
    good = max(0, int(ran[1]) - len(bad) - skips)
    yield from (("pass", f"case {index}", "") for index in range(1, good + 1))
    why = UNITTEST_WHY.findall(text)[:skips]
    yield from (("skip", name, reason) for name, reason in why)
    yield from (("skip", "a case", "") for _ in range(skips - len(why)))
    yield from (("fail", name, "") for name in bad)


def reason_in(text):
    """The last line with which a program said why it skipped."""
    for line in reversed(text.splitlines()):
        if CASE.match(line):
            continue
        match = REASON.search(line)
        if match:
            return line.strip()
    return "no reason given"


def results_of(test):
    """Yields (outcome, name, reason) for one program of meson's log."""
    name, result = test["name"], test["result"]
    output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
    cases = list(cases_of(test.get("stdout") or "")) or list(unittests_of(output))
    for outcome, case, reason in cases:
        if outcome == "skip" and not reason:
            reason = reason_in(output)
        yield outcome, f"{name}: {case}", reason
    has_failed_case = any(outcome == "fail" for outcome, _, _ in cases)
    if result in ("OK", "EXPECTEDFAIL"):
        if not cases:
            yield "pass", name, ""
    elif result == "SKIP":
        if not any(outcome == "skip" for outcome, _, _ in cases):
            yield "skip", name, reason_in(output)
    elif result != "FAIL" or not has_failed_case:
        yield "fail", name, f"{result.lower()}, exit status {test.get('returncode')}"


def tests_of(testlog):
    with open(testlog, encoding="utf-8") as log:
        return [json.loads(row) for row in log]


def has_passed(test):
    return test["result"] in ("OK", "EXPECTEDFAIL", "SKIP")


def add(path, stage, testlog, again=None):
    second = {test["name"]: test for test in tests_of(again)} if again else {}
    lines = []
    for test in tests_of(testlog):
        repeated = second.get(test["name"])
        if repeated and has_passed(repeated) and not has_passed(test):
            lines.append(("alone", stage, test["name"], "failed beside other tests"))
        for outcome, name, reason in results_of(repeated or test):
            lines.append((outcome, stage, name, reason))
    write(path, lines)


def bad(testlog):
    for test in tests_of(testlog):
        if not has_passed(test):
            print(test["name"].rsplit(" / ", 1)[-1])


def write(path, lines):
    with open(path, "a", encoding="utf-8") as results:
        for line in lines:
            results.write("\t".join(re.sub(r"\s+", " ", field) for field in line) + "\n")


def total(path):
    with open(path, encoding="utf-8") as results:
        rows = [line.rstrip("\n").split("\t") for line in results]
    stages = list(dict.fromkeys(row[1] for row in rows))
    titles = (("skip", "skipped"), ("alone", "passed only alone"), ("fail", "FAILED"))
    for outcome, title in titles:
        for row in (row for row in rows if row[0] == outcome):
            print(f"{title}: [{row[1]}] {row[2]}: {row[3]}")
    print(f"\n{'stage':<28}{'passed':>8}{'failed':>8}{'skipped':>9}")
    for stage in stages:
        counts = [sum(row[0] == o and row[1] == stage for row in rows) for o in OUTCOMES]
        print(f"{stage:<28}{counts[0]:>8}{counts[1]:>8}{counts[2]:>9}")
    passed, failed, skipped = (sum(row[0] == outcome for row in rows) for outcome in OUTCOMES)
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0


OUTCOMES = ("pass", "fail", "skip")


def main(arguments):
    verb, path, *rest = arguments
    if verb == "add":
        add(path, *rest)
    elif verb == "bad":
        bad(path)
    elif verb == "note":
        stage, name, outcome = rest[:3]
        write(path, [(outcome, stage, name, " ".join(rest[3:]))])
    elif verb == "sum":
        return total(path)
    else:
        sys.exit(__doc__)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
