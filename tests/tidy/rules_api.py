# SPDX-License-Identifier: BSD-3-Clause
"""What users see: headers that compile alone, documentation, and the symbols of the library."""
import os
import re
import shlex
import shutil
import subprocess
import tempfile

from tree import Finding, line_of, without_comments

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wno-sign-conversion",
            "-Wstrict-prototypes", "-Werror", "-march=x86-64-v2"]
# (compiler, language, options); those that are not installed are said and left out.
COMPILERS = [
    ("gcc", "c", ["-std=c11"]), ("g++", "c++", ["-std=c++17"]),
    ("clang", "c", ["-std=c11"]), ("clang++", "c++", ["-std=c++17"]),
]
# A declaration from MYC_API to its semicolon, with the comment before it, if any.
EXPORT = re.compile(
    r"(?P<comment>/\*\*(?:(?!\*/).)*\*/\n)?^(?P<indent>)MYC_API\b(?P<declaration>[^;{]*)[;{]",
    re.MULTILINE | re.DOTALL)
CONTEXT = re.compile(r"\bContext: ?\s*\S|\bAny thread\b")
ALLOWED_SYMBOLS = re.compile(r"^myc_\w+$")
VERSION_NODE = re.compile(r"^MYCELIUM_\d+$")


def dpdk_flags():
    out = subprocess.run(["pkg-config", "--cflags", "libdpdk"], capture_output=True, text=True,
                         check=False)
    flags = []
    for flag in shlex.split(out.stdout):
        flags += ["-isystem", flag[2:]] if flag.startswith("-I") else [flag]
    return flags


def header_compiles(tree, header, compiler, language, options):
    """The compiler's complaint about a file that includes one header alone, twice; empty: none."""
    name = header[len("include/"):]
    with tempfile.TemporaryDirectory() as folder:
        source = os.path.join(folder, "alone." + ("c" if language == "c" else "cc"))
        with open(source, "w", encoding="utf-8") as file:
            file.write(f"#include <{name}>\n#include <{name}>\nextern int alone;\nint alone;\n")
        warnings = [w for w in WARNINGS if language == "c" or w != "-Wstrict-prototypes"]
        more = dpdk_flags() if name.endswith("dpdk.h") else []
        command = [compiler, *options, *warnings, "-I" + os.path.join(tree.root, "include"),
                   "-I" + os.path.join(tree.build or "/nowhere", "include"), *more,
                   "-fsyntax-only", source]
        out = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if out.returncode == 0 else (out.stderr.strip() or "fails without a word")


def headers_alone(tree):
    """Every public header compiles alone, as C11 and as C++17, with gcc and clang, pedantically."""
    for header, _ in tree.under("include/", (".h",)):
        for compiler, language, options in COMPILERS:
            if not shutil.which(compiler):
                continue
            complaint = header_compiles(tree, header, compiler, language, options)
            if complaint:
                first = next((line for line in complaint.splitlines() if "error" in line),
                             complaint.splitlines()[0])
                yield Finding(header, 1, f"{compiler} {options[0]}: {first}")


def declarations(text):
    """Yields (line, name, comment) for each exported function of a header."""
    for match in EXPORT.finditer(text):
        plain = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", match["declaration"], flags=re.DOTALL)
        name = re.search(r"\b(myc_\w+)\s*\(", plain)
        if name:
            yield line_of(text, match.start("indent")), name[1], match["comment"] or ""


def data_names(text):
    """Yields the name of each exported constant of a header."""
    for match in EXPORT.finditer(text):
        name = re.search(r"\bextern\b[^(]*\b(myc_\w+)\s*;?\s*$", match["declaration"])
        if name:
            yield name[1]


def documented(tree):
    """Every exported function has a comment whose `Context:` says who may call it and when."""
    for path, text in tree.under("include/", (".h",)):
        for line, name, comment in declarations(text):
            if not comment:
                yield Finding(path, line, f"{name} has no comment")
            elif not CONTEXT.search(re.sub(r"\n\s*\*", " ", comment)):
                yield Finding(path, line, f"the comment of {name} has no `Context:`")


def public_prefix(tree):
    """Whatever carries MYC_API is called myc_ and stands in a public header."""
    for path, text in tree.code():
        code = without_comments(text)
        for match in EXPORT.finditer(code):
            if path.startswith("include/"):
                if not re.search(r"\bmyc_\w+", match["declaration"]):
                    yield Finding(path, line_of(code, match.start("indent")), "exports a name "
                                  "without the prefix myc_")
            elif path.startswith("fabric/"):
                yield Finding(path, line_of(code, match.start("indent")), "MYC_API outside of "
                              "include/: declare it there")


def shown_symbols(tree):
    """The library shows names with the prefix myc_ that a public header declares, and no other."""
    library = library_of(tree)
    if library:
        yield from compare_symbols(dynamic_symbols(library), declared_names(tree))


def library_of(tree):
    path = os.path.join(tree.build or "/nowhere", "fabric", "libmycelium.so")
    return path if os.path.exists(path) else None


def declared_names(tree):
    return {name for _, text in tree.under("include/", (".h",))
            for name in [name for _, name, _ in declarations(text)] + list(data_names(text))}


def missing_symbols_note(tree):
    """Declared names that the library does not have."""
    library = library_of(tree)
    return sorted(set(declared_names(tree)) - dynamic_symbols(library)) if library else []


def dynamic_symbols(library):
    out = subprocess.run(["nm", "-D", "--defined-only", library], check=True, capture_output=True,
                         text=True).stdout
    names = {row.split()[-1].split("@")[0] for row in out.splitlines() if row.strip()}
    return {name for name in names if not VERSION_NODE.match(name)}


def compare_symbols(shown, declared):
    """Findings for what the library shows and what the headers declare."""
    for name in sorted(shown):
        if not ALLOWED_SYMBOLS.match(name):
            yield Finding("fabric/mycelium.map", 1, f"the library shows {name}: no prefix myc_")
        elif name not in declared:
            yield Finding("fabric/mycelium.map", 1, f"the library shows {name}: in no header")


def missing_compilers():
    return [compiler for compiler, _, _ in COMPILERS if not shutil.which(compiler)]


RULES = [headers_alone, documented, public_prefix, shown_symbols]
