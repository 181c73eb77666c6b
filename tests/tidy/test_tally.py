#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""The counting behind the last line of deploy/test: what went wrong may not vanish."""
import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../deploy/lib"))
import tally  # noqa: E402


def outcomes(result, stdout="", stderr="", returncode=0):
    test = {"name": "t", "result": result, "stdout": stdout, "stderr": stderr,
            "returncode": returncode}
    return [(outcome, reason) for outcome, _, reason in tally.results_of(test)]


class Tally(unittest.TestCase):
    def counts(self, *arguments):
        found = [outcome for outcome, _ in outcomes(*arguments)]
        return tuple(found.count(kind) for kind in tally.OUTCOMES)

    def test_cases_are_counted_each(self):
        self.assertEqual(self.counts("OK", "1..2\nok 1 - a\nok 2 - b\n"), (2, 0, 0))

    def test_a_program_without_cases_counts_once(self):
        self.assertEqual(self.counts("OK", "fine\n"), (1, 0, 0))
        self.assertEqual(self.counts("FAIL", "not so fine\n"), (0, 1, 0))

    def test_a_failed_case_is_one_failure(self):
        self.assertEqual(self.counts("FAIL", "ok 1 - a\nnot ok 2 - b\n"), (1, 1, 0))

    def test_a_failure_after_good_cases_is_counted(self):
        self.assertEqual(self.counts("FAIL", "ok 1 - a\nok 2 - b\n"), (2, 1, 0))

    def test_a_hang_is_a_failure_even_beside_a_failed_case(self):
        self.assertEqual(self.counts("TIMEOUT", "ok 1 - a\nnot ok 2 - b\n"), (1, 2, 0))
        self.assertEqual(self.counts("TIMEOUT"), (0, 1, 0))

    def test_skips_keep_their_reason(self):
        self.assertEqual(outcomes("SKIP", "", "skipped: no hugepages\n", 77),
                         [("skip", "skipped: no hugepages")])
        self.assertEqual(outcomes("OK", "skipped: no NIC\nnot ok 1 # SKIP a\n"),
                         [("skip", "skipped: no NIC")])
        self.assertEqual(outcomes("OK", "ok 1 - a # SKIP too old\n"), [("skip", "too old")])
        self.assertEqual(outcomes("OK", "skipped: one\nnot ok 1 # SKIP a\nok 2 - b\nskipped: two\n"
                                        "not ok 3 # SKIP c\nlib: skipping a section\n"),
                         [("skip", "skipped: one"), ("pass", ""), ("skip", "skipped: two")])
        self.assertEqual(outcomes("OK", "", "test_x (__main__.T.test_x) ... skipped 'too long'\n"
                                            "Ran 1 test in 1.0s\n\nOK (skipped=1)\n"),
                         [("skip", "too long")])

    def test_unittest_is_counted_by_what_it_ran(self):
        self.assertEqual(self.counts("OK", "", "Ran 5 tests in 1.0s\n\nOK (skipped=1)\n"),
                         (4, 0, 1))
        self.assertEqual(
            self.counts("FAIL", "", "FAIL: test_a (x.Y)\nRan 3 tests in 1.0s\n\n"
                        "FAILED (failures=1)\n"), (2, 1, 0))

    def test_what_passed_only_alone_counts_and_is_named(self):
        first = [{"name": "s / a", "result": "OK"}, {"name": "s / b", "result": "TIMEOUT"},
                 {"name": "s / c", "result": "FAIL"}]
        again = [{"name": "s / b", "result": "OK"}, {"name": "s / c", "result": "FAIL"}]
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("first", "again", "results")]
            for path, tests in zip(paths, (first, again)):
                with open(path, "w", encoding="utf-8") as log:
                    log.writelines(json.dumps(test) + "\n" for test in tests)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                tally.bad(paths[0])
                tally.add(paths[2], "gcc", paths[0], paths[1])
                self.assertEqual(tally.total(paths[2]), 1)
        self.assertTrue(out.getvalue().startswith("b\nc\n"))
        self.assertIn("passed only alone: [gcc] s / b", out.getvalue())
        self.assertTrue(out.getvalue().endswith("2 passed, 1 failed, 0 skipped\n"))


if __name__ == "__main__":
    unittest.main()
