# SPDX-License-Identifier: BSD-3-Clause
"""mycelium bench --report: the JSON, the .hgrm files, and the page as a real browser shows it."""
import json
import os
import re
import unittest

from page import Dom, browser, colours, visit
from program import ProgramTest, main, run

BENCHES = ["dispatch", "ring-rtt", "ring-rate", "wire-rtt", "attach", "cache-line", "jitter",
           "scaling", "savina-ping-pong", "wire-load"]
SAMPLED = {"ring-rtt", "wire-rtt", "attach"}
SAMPLED_ROWS = {"cache-line": 2, "jitter": 2, "wire-load": 18}
LABELS = {"wire-load": ["body_bytes", "rate_per_s"]}
PEERS = [
    {"question": "rtt", "title": "round trip", "who": "Mycelium", "kind": "latency",
     "p50_ns": 161.5, "p99_ns": 190, "ratio_to_ours": 1},
    {"question": "rtt", "title": "round trip", "who": "</script><b>tokio & co", "kind": "latency",
     "p50_ns": 5209.25, "p99_ns": 53990, "ratio_to_ours": 32.25},
    {"peer": "CAF", "absent": "absent: Debian has it in libcaf-dev"},
]
OURS, RAW = bytes.fromhex("0b7a4b"), bytes.fromhex("7a828c")


def figures_of(report):
    """Every figure that the page must show: key -> value."""
    found = {}
    for place, row in enumerate(report["figures"]):
        if "raw" in row:
            for side in ("raw", "fabric"):
                for key in ("per_s", "p50_ns", "p99_ns", "p999_ns", "max_ns"):
                    if row["raw"].get(key) or row["fabric"].get(key):
                        found[f"figures/{place}/{side}/{key}"] = row[side][key]
            for key in ("ratio", "ratio_min", "ratio_max"):
                found[f"figures/{place}/{key}"] = row[key]
        for at, point in enumerate(row.get("points", [])):
            found.update({f"figures/{place}/points/{at}/{key}": value
                          for key, value in point.items()})
    for name in ("figures", "peers"):
        for place, row in enumerate(report[name]):
            if "who" in row:
                found.update({f"{name}/{place}/{key}": value for key, value in row.items()
                              if isinstance(value, (int, float))})
    return found


class Report(ProgramTest):
    def report(self):
        peers = self.write("peers.jsonl", "".join(json.dumps(row) + "\n" for row in PEERS))
        result = run("bench", *BENCHES, "--smoke", "--report", self.path("report"), "--peers",
                     peers)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(self.path("report/report.json"), encoding="utf-8") as file:
            return json.load(file)

    def check_json(self, report):
        names = [row["bench"] for row in report["figures"]]
        self.assertEqual(list(dict.fromkeys(names)), BENCHES)
        self.assertEqual(report["peers"], PEERS)
        self.assertTrue(report["settings"]["smoke"])
        for key in ("cpu", "cores", "kernel"):
            self.assertIn(key, report["machine"])

    def check_hgrm(self, report):
        """The text of HdrHistogram for all that is sampled, with the curve that the JSON has."""
        files = set()
        for row in report["figures"]:
            name = row["bench"]
            if "raw" in row:
                self.assertEqual("curve" in row["raw"], name in SAMPLED)
                for side in [side for side in ("raw", "fabric") if "curve" in row[side]]:
                    files.add(f"{name}-{side}.hgrm")
                    self.check_file(f"{name}-{side}.hgrm", row[side])
            elif "curve" in row:
                words = [name, row["who"], *(f"{row[key]:g}" for key in LABELS.get(name, []))]
                file = re.sub("[^a-z0-9]+", "-", "-".join(words).lower()) + ".hgrm"
                files.add(file)
                self.check_file(file, row)
        self.assertEqual(files, {file for file in os.listdir(self.path("report"))
                                 if file.endswith(".hgrm")})
        for name, count in SAMPLED_ROWS.items():
            self.assertEqual(len([file for file in files if file.startswith(name)]), count)

    def check_file(self, name, figures):
        with open(self.path("report/" + name), encoding="ascii") as file:
            lines = file.read().splitlines()
        self.assertEqual(lines[0].split(), ["Value", "Percentile", "TotalCount",
                                            "1/(1-Percentile)"])
        points = [list(map(float, line.split())) for line in lines[2:]
                  if not line.startswith("#")]
        self.check_points(points, figures)
        self.assertEqual(len(points), len(figures["curve"]))
        for point, (part, value) in zip(points, figures["curve"]):
            self.assertEqual(point[0], value)
            self.assertAlmostEqual(point[1], part, delta=1e-6)
        total = re.search(r"Max +=\s+([\d.]+), Total count +=\s+(\d+)", lines[-2])
        self.assertAlmostEqual(float(total[1]) / figures["max_ns"], 1, delta=1e-5)
        self.assertEqual(int(total[2]), points[-1][2])

    def check_points(self, points, figures):
        self.assertEqual(points[0][1], 0)
        self.assertEqual(points[-1][1], 1)
        for before, after in zip(points, points[1:]):
            self.assertTrue(before[0] <= after[0] and before[1] < after[1]
                            and before[2] <= after[2])
        for point in points[:-1]:
            self.assertAlmostEqual(point[3], 1 / (1 - point[1]), delta=0.01 + 1e-4 * point[3])
        # Buckets are as wide as 0.8 %, and the rank of a percentile may be one sample off.
        middle = next(at for at, point in enumerate(points) if point[1] >= 0.5)
        self.assertLessEqual(points[middle][0], figures["p50_ns"] * 1.01 + 1)
        above = points[min(middle + 1, len(points) - 1)]
        self.assertGreaterEqual(above[0] * 1.01 + 1, figures["p50_ns"])

    def check_page(self, report):
        page = self.path("report/report.html")
        dom = Dom(visit(page, self.path("profile"), "--dump-dom"))
        self.assertEqual(dom.body.get("data-drawn"), "yes")
        wanted = figures_of(report)
        self.assertEqual({key: value for key, (value, _) in dom.figures.items()}, wanted)
        for key, (value, words) in dom.figures.items():
            self.assertAlmostEqual(float(words.replace("\u202f", "").replace(" ", "")), value,
                                   delta=abs(value) * 0.001 + 1e-9, msg=key)
        self.assertGreater(dom.counts["polyline"], 3)
        self.assertGreater(dom.counts["rect"], 10)
        words = " ".join(dom.words)
        for expected in (report["machine"]["cpu"], report["machine"]["kernel"], "repetitions",
                         "tokio & co", "libcaf-dev", "These figures mean nothing"):
            self.assertIn(expected, words)

    def check_picture(self):
        picture = self.path("page.png")
        visit(self.path("report/report.html"), self.path("profile"), "--window-size=1100,2400",
              "--screenshot=" + picture)
        counts = colours(picture)
        self.assertGreater(len(counts), 8)
        for colour in (OURS, RAW):
            self.assertGreater(counts.get(colour, 0), 200)
        self.assertLess(max(counts.values()), 0.995 * sum(counts.values()))

    def test_folder_has_the_figures_and_a_browser_shows_the_same(self):
        report = self.report()
        self.check_json(report)
        self.check_hgrm(report)
        with open(self.path("report/report.html"), encoding="utf-8") as file:
            text = file.read()
        for outside in ("src=", "href=", "@import", "url("):
            self.assertNotIn(outside, text)
        if not browser():
            self.skipTest("no browser: install chromium")
        self.check_page(report)
        self.check_picture()

    def test_what_cannot_be_written_or_read_is_said(self):
        self.write("file", "")
        result = run("bench", "dispatch", "--smoke", "--report", self.path("file"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(self.path("file"), result.stderr)
        result = run("bench", "dispatch", "--smoke", "--report", self.path("new"), "--peers",
                     self.write("bad", "no JSON\n"))
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("bad", result.stderr)

    @unittest.skipUnless(os.environ.get("MYCELIUM_LONG"), "all questions: MYCELIUM_LONG=1")
    def test_all_is_every_question_of_the_list(self):
        result = run("bench", "all", "--smoke", "--report", self.path("report"), timeout=1800)
        with open(self.path("report/report.json"), encoding="utf-8") as file:
            report = json.load(file)
        self.assertEqual([row for row in report["figures"] if "failed" in row], [])
        self.assertEqual({row["bench"] for row in report["figures"]}, set(report["questions"]))
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    main()
