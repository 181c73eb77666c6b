# SPDX-License-Identifier: BSD-3-Clause
"""A page in a real browser: its text after its scripts have run, and a picture of it."""
import shutil
import struct
import subprocess
import zlib
from html.parser import HTMLParser

BROWSERS = ["chromium", "chromium-browser", "google-chrome"]
LATE_S = 120


def browser():
    """Its path; None when there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def visit(page, profile, *what):
    """Opens a file in the browser without a window; what it printed. No network is needed."""
    return subprocess.run(
        [browser(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--no-first-run", "--virtual-time-budget=10000", f"--user-data-dir={profile}",
         "--host-resolver-rules=MAP * ~NOTFOUND", *what, "file://" + page],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        timeout=LATE_S, check=True).stdout


class Dom(HTMLParser):
    """The cells that carry a figure, counts of elements, and the words outside of scripts."""

    def __init__(self, text):
        super().__init__()
        self.figures = {}  # data-key -> (exact value, words in the cell)
        self.counts = {}
        self.words = []
        self.body = {}
        self.cell = None
        self.is_script = False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.is_script = tag in ("script", "style")
        if tag == "body":
            self.body = attributes
        self.cell = attributes.get("data-key") if tag == "td" else None
        if self.cell:
            self.figures[self.cell] = (float(attributes["data-value"]), "")

    def handle_endtag(self, tag):
        self.is_script = False
        self.cell = None

    def handle_data(self, data):
        if self.cell:
            self.figures[self.cell] = (self.figures[self.cell][0], data)
        if not self.is_script:
            self.words.append(data)


def colours(path):
    """How often each colour is in a PNG of 8 bits a channel, as the browser writes it."""
    with open(path, "rb") as file:
        content = file.read()
    width, high, depth, kind = struct.unpack(">IIBB", content[16:26])
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and depth == 8 and kind in (2, 6)
    size = 3 if kind == 2 else 4
    data, at = b"", 8
    while at < len(content):
        length, name = struct.unpack(">I4s", content[at:at + 8])
        if name == b"IDAT":
            data += content[at + 8:at + 8 + length]
        at += length + 12
    raw = zlib.decompress(data)
    above, counts = bytearray(width * size), {}
    for row in range(high):
        start = row * (width * size + 1)
        line = bytearray(raw[start + 1:start + 1 + width * size])
        unfilter(raw[start], line, above, size)
        for place in range(0, len(line), size * 4):  # every fourth pixel is enough
            colour = bytes(line[place:place + 3])
            counts[colour] = counts.get(colour, 0) + 1
        above = line
    return counts


def unfilter(kind, line, above, size):
    for place, value in enumerate(line):
        left = line[place - size] if place >= size else 0
        corner = above[place - size] if place >= size else 0
        guess = [0, left, above[place], (left + above[place]) // 2,
                 paeth(left, above[place], corner)][kind]
        line[place] = (value + guess) & 255


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda one: abs(guess - one))
