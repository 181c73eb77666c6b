# SPDX-License-Identifier: BSD-3-Clause
"""The files that the rules look at, and how to see code apart from its comments.

A Tree is a dictionary from path to text, so that a rule can be given a made-up tree and be seen to
fail (selftest.py), and a place on disk for the few rules that run a compiler.
"""
import os
import re
import subprocess
from collections import namedtuple

Finding = namedtuple("Finding", "path line message")

# Folders of the engine in their one order; the program is a folder of its own at the end.
FABRIC_ORDER = ["base", "wire", "proto", "env", "link", "actor", "node", "node/program"]
PURE_FOLDERS = ["base", "wire", "proto", "actor"]

TEXT_SUFFIXES = (
    ".c", ".h", ".py", ".sh", ".md", ".xml", ".yaml", ".yml", ".build", ".txt", ".map", ".lua",
    ".supp", ".json", ".service", ".conf",
)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Tree:
    def __init__(self, files, root=None, build=None):
        self.files = files
        self.root = root
        self.build = build

    @classmethod
    def from_disk(cls, root, build=None):
        return cls({path: read(os.path.join(root, path)) for path in listing(root)}, root, build)

    def under(self, prefix, suffixes=("",)):
        """Yields (path, text) for the files below a folder, in order."""
        for path in sorted(self.files):
            if path.startswith(prefix) and path.endswith(suffixes):
                yield path, self.files[path]

    def code(self, suffixes=(".c", ".h")):
        return self.under("", suffixes)


def listing(root):
    """The files of the project: what git knows or would add; without git, what is on disk."""
    try:
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True).stdout.decode()
        paths = [path for path in out.split("\0") if path]
    except (OSError, subprocess.CalledProcessError):
        paths = [
            os.path.relpath(os.path.join(folder, name), root)
            for folder, _, names in os.walk(root) for name in names
            if not os.path.relpath(folder, root).startswith(("build", ".git/"))
        ]
    return [path for path in paths if os.path.isfile(os.path.join(root, path))]


def read(path):
    """Text of a file; empty when it is not text."""
    with open(path, "rb") as file:
        data = file.read()
    if b"\0" in data[:4096]:
        return ""
    return data.decode("utf-8", "replace")


def is_text(path):
    """Whether the rules about text hold for a file: sources, scripts and documents, not data."""
    if "/corpus/" in path or path == "LICENSE":
        return False
    return path.endswith(TEXT_SUFFIXES) or "." not in os.path.basename(path)


def is_script(path, text):
    return path.endswith(".py") or text.startswith("#!")


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def includes(text):
    """Yields (line, is_system, name) for each #include."""
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start(2)), match.group(1) == "<", match.group(2)


TOKEN = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<text>"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\')',
    re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def without_comments(text):
    """C text with its comments blanked; lines keep their numbers."""
    return TOKEN.sub(lambda m: blank(m[0]) if m["comment"] else m[0], text)


def only_code(text):
    """C text with comments and the insides of strings blanked."""
    return TOKEN.sub(lambda m: blank(m[0]) if m["comment"] else '"' + blank(m[0][1:-1]) + '"', text)


def comments(text):
    """Yields (line, comment) for each comment of C text."""
    for match in TOKEN.finditer(text):
        if match["comment"]:
            yield line_of(text, match.start()), match["comment"]
