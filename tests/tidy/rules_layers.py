# SPDX-License-Identifier: BSD-3-Clause
"""Who may include what: the one straight line of fabric/, DPDK behind its doors, pure folders."""
import glob
import os
import re
import subprocess

from tree import FABRIC_ORDER, PURE_FOLDERS, Finding, includes, line_of, only_code

PROGRAM = FABRIC_ORDER[-1]
# Headers that mycelium-sbe makes from the schemas of actors.
GENERATED = re.compile(r"_messages\.h$")
IMPURE_HEADERS = re.compile(
    r"^(pthread|threads|time|sys/time|unistd|poll|sys/poll|sys/epoll|sys/socket|netinet/.*|"
    r"signal|sched|fcntl|sys/mman|x86intrin|ucontext)\.h$")
IMPURE_CALLS = re.compile(
    r"\b(clock_gettime|gettimeofday|nanosleep|usleep|pthread_\w+|thrd_\w+|__rdtscp?|_rdtsc|"
    r"__builtin_ia32_rdtscp?|getrandom|sched_yield)\s*\(")
# What a pure folder may reach for all the same, said here and nowhere else.
THREAD_LOCAL = re.compile(r"\b(_Thread_local|__thread)\b")
MUTABLE_SECTIONS = (".data", ".bss", ".tdata", ".tbss", "COM")
# The log's sink is the host program's choice for the whole process.
MUTABLE_EXCEPTIONS = {("base/log.c", "log_state")}


def folder_of(path):
    """The place of a file in FABRIC_ORDER, or None."""
    inner = path[len("fabric/"):]
    for folder in reversed(FABRIC_ORDER):
        if inner.startswith(folder + "/"):
            return folder
    return None


def is_of_program(tree, name):
    """The program is built from actors and benchmarks too, as a user's program would be."""
    is_file = any(f"{folder}/{name}" in tree.files for folder in ("actors", "benchmarks"))
    return is_file or bool(GENERATED.search(name))


def folder_order(tree):
    """A file of fabric/ includes only what is in its own folder or to the left of it."""
    for path, text in tree.under("fabric/", (".c", ".h")):
        own = folder_of(path)
        if own is None:
            yield Finding(path, 1, "is in no folder of the engine: " + " -> ".join(FABRIC_ORDER))
            continue
        for line, is_system, name in includes(text):
            if is_system:
                continue
            other = folder_of("fabric/" + name)
            if other is None and own == PROGRAM and is_of_program(tree, name):
                continue
            if other is None:
                yield Finding(path, line, f'"{name}" is not written from fabric/ on')
            elif FABRIC_ORDER.index(other) > FABRIC_ORDER.index(own):
                yield Finding(path, line, f"{own} includes {other}, which is to its right")


def fabric_headers_stay_inside(tree):
    """Public headers, and whatever is not engine, program, test or benchmark, include no "..."."""
    for path, text in tree.under("include/", (".h",)):
        for line, is_system, name in includes(text):
            if not is_system:
                yield Finding(path, line, f'includes "{name}": write <mycelium/...>')


def rte_headers(tree):
    """<rte_*.h> appears only in .c files of env and link, and in mycelium/dpdk.h."""
    for path, text in tree.code():
        is_door = path == "include/mycelium/dpdk.h" or (
            path.startswith(("fabric/env/", "fabric/link/")) and path.endswith(".c"))
        is_ours = path.startswith(("fabric/", "actors/", "include/", "pmd-config/"))
        if is_door or not is_ours:
            continue
        for line, _, name in includes(text):
            if os.path.basename(name).startswith("rte_"):
                yield Finding(path, line, f"<{name}> outside env/*.c, link/*.c and mycelium/dpdk.h")


def is_pure(path):
    return path.startswith(tuple(f"fabric/{folder}/" for folder in PURE_FOLDERS))


def pure_headers(tree):
    """base, wire, proto and actor include no header of clocks, threads or input and output."""
    for path, text in tree.code():
        if is_pure(path):
            for line, _, name in includes(text):
                if IMPURE_HEADERS.match(name):
                    yield Finding(path, line, f"<{name}> in a pure folder: time comes in as now_ns")


def pure_calls(tree):
    """base, wire, proto and actor read no clock, start no thread, and keep nothing per thread."""
    for path, text in tree.code():
        if not is_pure(path):
            continue
        code = only_code(text)
        for pattern in (IMPURE_CALLS, THREAD_LOCAL):
            for match in pattern.finditer(code):
                yield Finding(path, line_of(code, match.start()),
                              f"{match[1]} in a pure folder: ask the caller for it")


def actors_includes(tree):
    """actors/ includes <mycelium/...>, system headers and what lies in its own folder."""
    for path, text in tree.under("actors/", (".c", ".h")):
        for line, is_system, name in includes(text):
            if is_system:
                continue
            folder = os.path.dirname(path)
            beside = os.path.normpath(os.path.join(folder, name))
            is_ours = beside in tree.files and beside.startswith(folder + "/")
            is_rooted = f"actors/{name}" in tree.files
            is_generated = bool(GENERATED.search(name))
            if not (is_ours or is_rooted or is_generated):
                yield Finding(path, line, f'"{name}" is not beside it: actors see only include/')


def objects_of(tree, source):
    """Compiled objects of a file of fabric/, by the names that meson gives them."""
    name = source[len("fabric/"):].replace("/", "_") + ".o"
    return glob.glob(os.path.join(glob.escape(tree.build), "fabric", "*.p", name))


def mutable_symbols(object_path):
    """Names of the variables that an object file may write to."""
    out = subprocess.run(["objdump", "-t", object_path], check=True, capture_output=True,
                         text=True).stdout
    for row in out.splitlines():
        match = re.match(r"^[0-9a-f]+ .{6}O\s+(\S+)\s+[0-9a-f]+\s+(?:\.hidden )?(\S+)$", row) or \
            re.match(r"^[0-9a-f]+ .{7}\s?(\*COM\*)\s+[0-9a-f]+\s+(?:\.hidden )?(\S+)$", row)
        if not match:
            continue
        section, name = match.groups()
        is_mutable = section.strip("*").startswith(MUTABLE_SECTIONS)
        if is_mutable and not section.startswith(".data.rel.ro"):
            yield name


def mutable_globals(tree):
    """base, wire, proto and actor have no variable that outlives a call, static ones included."""
    if not tree.build:
        return
    for path, _ in tree.code((".c",)):
        if not is_pure(path):
            continue
        objects = objects_of(tree, path)
        if not objects:
            yield Finding(path, 1, "is compiled into no library of fabric/: add it to meson.build")
        for name in sorted({name for item in objects for name in mutable_symbols(item)}):
            plain = name.split(".")[0]
            if (path[len("fabric/"):], plain) not in MUTABLE_EXCEPTIONS:
                yield Finding(path, 1, f"variable `{plain}` can be written to in a pure folder")


RULES = [
    folder_order, fabric_headers_stay_inside, rte_headers, pure_headers, pure_calls,
    actors_includes, mutable_globals,
]
