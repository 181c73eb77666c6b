# SPDX-License-Identifier: BSD-3-Clause
"""How a file reads: sizes, left-overs, and what must not be written anywhere."""
import ast
import re

from tree import Finding, comments, is_script, is_text, line_of, only_code

LINE_WIDTH = 100
FILE_LINES_AIM = 400
FILE_LINES_MAX = 500
HEADER_LINES_MAX = 250
FUNCTION_LINES_MAX = 60
PARAMETERS_MAX = 5

REQUIRED = ["meson.build", "fabric", "pmd-config", "actors", "include", "tests", "benchmarks",
            "deploy", "README.md"]
ROOT_TOOLS = [".ci", ".clang-format", ".gitignore", "LICENSE", "CHANGELOG.md", "meson_options.txt"]

# Written in two halves, so that this file does not find itself.
MARKS = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b(?!\(#\d+\)| ?\(?issue \d+)")
HOSTS = re.compile(
    r"(?:https?://|ftp://|\b(?:[a-z0-9-]+\.)+)"
    r"(?:[a-z0-9-]+\.)*(?:py" r"pi|npm" r"js|crates|deb" r"ian|ubun" r"tu|maven|ruby" r"gems|"
    r"golang|nuget|anaconda|docker|artifactory)[a-z0-9-]*\.(?:org|com|io|net|dev|internal|local)\b"
    r"|\b(?:py" r"pi|npm" r"js|crates|nuget|ruby" r"gems)\.(?:org|com|io|net|dev)\b", re.IGNORECASE)
FUNCTION = re.compile(r"^(?P<name>[A-Za-z_]\w*)\((?P<parameters>[^;{}]*?)\)\n\{\n(?P<body>.*?)^\}$",
                      re.MULTILINE | re.DOTALL)
# Words between operators, a call or an assignment, and the semicolon at the end of the line.
DEAD_CODE = re.compile(
    r"^(?:(?:const |static |struct |unsigned |u?int\d*(?:_t)? |char |void |bool )*"
    r"[*&]*[A-Za-z_][\w.\[\]>-]*(?: = [^;]+|\([^;]*\)|\+\+|--)|return\b[^;,]*|break|continue|"
    r"#\s*(?:if|else|endif|define|include)\b.*|(?:if|while|for|switch) \([^)]*\) ?\{?.*[{;)]);?$")


def top_level(tree):
    """The top level holds exactly the entries of the design, and what tools look for at a root."""
    entries = {path.split("/")[0] for path in tree.files}
    for name in sorted(entries - set(REQUIRED) - set(ROOT_TOOLS)):
        yield Finding(name, 1, "has no place at the top level")
    for name in sorted(set(REQUIRED) - entries):
        yield Finding(name, 1, "is missing at the top level")


def line_length(tree):
    """No line of a source or script is wider than 100 columns."""
    for path, text in tree.files.items():
        if path.endswith((".c", ".h", ".py", ".sh", ".build", ".yaml")) or is_script(path, text):
            for number, line in enumerate(text.splitlines(), 1):
                if len(line) > LINE_WIDTH:
                    yield Finding(path, number, f"is {len(line)} columns wide, limit {LINE_WIDTH}")


def whitespace(tree):
    """No tab, no blank at the end of a line, and one newline at the end of a file."""
    for path, text in tree.files.items():
        if not is_text(path) or not text:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip() or "\t" in line or "\r" in line:
                yield Finding(path, number, "has a tab, or a blank at its end")
        if not text.endswith("\n") or text.endswith("\n\n"):
            yield Finding(path, text.count("\n"), "does not end with exactly one newline")


def file_size(tree):
    """A file past 400 lines usually holds a second noun; past 500 it fails (headers: past 250)."""
    for path, text in tree.files.items():
        if path.endswith((".c", ".h", ".py", ".sh")) or is_script(path, text):
            lines = text.count("\n")
            is_public = path.startswith("include/")
            limit = HEADER_LINES_MAX if is_public else FILE_LINES_MAX
            if lines > limit:
                yield Finding(path, lines, f"has {lines} lines, limit {limit}: split by nouns")


def file_size_note(tree):
    """Files above the aim, for the list that the suite prints."""
    return sorted((text.count("\n"), path) for path, text in tree.code((".c", ".h", ".py"))
                  if text.count("\n") > FILE_LINES_AIM)


def function_size(tree):
    """A function is a screenful: at most 60 lines; about 25 is the aim."""
    for path, text in tree.code():
        for match in FUNCTION.finditer(only_code(text)):
            lines = match["body"].count("\n")
            if lines > FUNCTION_LINES_MAX:
                yield Finding(path, line_of(text, match.start()),
                              f"{match['name']} has {lines} lines, limit {FUNCTION_LINES_MAX}")
    for path, text in tree.code((".py",)):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = node.end_lineno - node.lineno
                if lines > FUNCTION_LINES_MAX:
                    yield Finding(path, node.lineno,
                                  f"{node.name} has {lines} lines, limit {FUNCTION_LINES_MAX}")


def left_over_marks(tree):
    """A note to do something later names its issue, or is not written."""
    for path, text in tree.files.items():
        if is_text(path):
            for match in MARKS.finditer(text):
                yield Finding(path, line_of(text, match.start()), f"{match[1]} without an issue")


def commented_code(tree):
    """No code in comments (but for an example between @code and @endcode), and no #if 0."""
    for path, text in tree.code():
        for match in re.finditer(r"^\s*#\s*if\s+(0|false)\b", text, re.MULTILINE):
            yield Finding(path, line_of(text, match.start()), "code under #if 0: delete it")
        for start, comment in comments(text):
            shown = re.sub(r"@code.*?@endcode", lambda m: re.sub(r"[^\n]", " ", m[0]), comment,
                           flags=re.DOTALL)
            for offset, line in enumerate(shown.split("\n")):
                bare = re.sub(r"^\s*(/\*+<?|//+|\*(?!/))", "", line)
                is_example = bare.startswith("     ")
                bare = re.sub(r"\*/\s*$", "", bare).strip()
                if bare.endswith((";", "{")) and DEAD_CODE.match(bare) and not is_example:
                    yield Finding(path, start + offset, f"commented-out code: {bare}")


def licence_line(tree):
    """Each source file says its licence in the first lines."""
    for path, text in tree.files.items():
        if path.endswith((".c", ".h", ".py")):
            if "SPDX-License-Identifier: BSD-3-Clause" not in "".join(text.splitlines(True)[:3]):
                yield Finding(path, 1, "has no SPDX-License-Identifier: BSD-3-Clause line")


def registry_hosts(tree):
    """No file names the host of a package registry."""
    for path, text in tree.files.items():
        for match in HOSTS.finditer(text):
            yield Finding(path, line_of(text, match.start()), "names the host of a registry")


RULES = [
    top_level, line_length, whitespace, file_size, function_size, left_over_marks, commented_code,
    licence_line, registry_hosts,
]
