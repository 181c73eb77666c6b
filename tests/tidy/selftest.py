#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Shows each rule of tidy something bad, which it must find, and something good, which it must not.

A rule without an example here fails the test: a check that cannot fail checks nothing.
"""
import os
import subprocess
import sys
import tempfile

import rules_api
import rules_layers
import rules_text
from tree import Tree

SPDX = "/* SPDX-License-Identifier: BSD-3-Clause */\n"
TO_DO = "TO" + "DO"
DOC = "/**\n * Does it.\n * Context: any thread.\n */\n"
ROOT = {f"{name}/x": "" for name in rules_text.REQUIRED if "." not in name}
ROOT.update({"meson.build": "", "README.md": ""})


def long_function(lines):
    return "static int\nwork(int a)\n{\n" + "    a++;\n" * lines + "}\n"


# Rule name: (bad trees, good trees). A tree is a dictionary from path to text.
EXAMPLES = {
    "folder_order": (
        [{"fabric/base/a.c": '#include "wire/message.h"\n'},
         {"fabric/actor/a.h": '#include "node/node.h"\n'},
         {"fabric/node/a.c": '#include "node/program/main.h"\n'},
         {"fabric/env/a.c": '#include "port.h"\n'},
         {"fabric/node/a.c": '#include "market/demo.h"\n', "actors/market/demo.h": ""},
         {"fabric/other/a.c": ""}],
        [{"fabric/node/a.c": '#include "base/log.h"\n#include "node/b.h"\n'},
         {"fabric/node/program/a.c": '#include "market/demo.h"\n', "actors/market/demo.h": ""},
         {"fabric/base/a.c": '/* #include "wire/message.h" */\n'.replace("/* #", "/*\n * #")}]),
    "fabric_headers_stay_inside": (
        [{"include/mycelium/a.h": '#include "wire/message.h"\n'}],
        [{"include/mycelium/a.h": "#include <mycelium/ref.h>\n"}]),
    "rte_headers": (
        [{"fabric/env/port.h": "#include <rte_ethdev.h>\n"},
         {"fabric/node/loop.c": "#include <rte_cycles.h>\n"},
         {"include/mycelium/port.h": "#include <rte_mbuf.h>\n"},
         {"actors/tools/echo.c": "#include <rte_mbuf.h>\n"}],
        [{"fabric/env/port.c": "#include <rte_ethdev.h>\n"},
         {"include/mycelium/dpdk.h": "#include <rte_mbuf.h>\n"},
         {"tests/unit/a.c": "#include <rte_mbuf.h>\n"}]),
    "pure_headers": (
        [{"fabric/proto/a.c": "#include <pthread.h>\n"},
         {"fabric/actor/a.h": "#include <time.h>\n"},
         {"fabric/base/a.c": "#include <sys/time.h>\n"}],
        [{"fabric/env/a.c": "#include <pthread.h>\n"},
         {"fabric/base/a.c": "#include <stdio.h>\n"}]),
    "pure_calls": (
        [{"fabric/wire/a.c": "    clock_gettime(1, &now);\n"},
         {"fabric/actor/a.c": "static _Thread_local int current;\n"},
         {"fabric/actor/a.c": "    now = __rdtsc();\n"}],
        [{"fabric/proto/a.c": "/* never clock_gettime(): now_ns */\n"}]),
    "actors_includes": (
        [{"actors/market/a.c": '#include "wire/message.h"\n'},
         {"actors/market/a.c": '#include "../tools/echo.h"\n', "actors/tools/echo.h": ""}],
        [{"actors/market/a.c": '#include "book.h"\n#include <mycelium/actor.h>\n',
          "actors/market/book.h": ""}]),
    "top_level": (
        [{**ROOT, "docs/x": ""}, {k: v for k, v in ROOT.items() if k != "README.md"}], [ROOT]),
    "line_length": (
        [{"a.c": "x" * 101 + "\n"}, {"deploy/test": "#!/bin/sh\n" + "x" * 101 + "\n"}],
        [{"a.c": "x" * 100 + "\n"}]),
    "whitespace": (
        [{"a.c": "int a; \n"}, {"a.py": "a\tb\n"}, {"a.md": "no newline"}, {"a.md": "two\n\n"}],
        [{"a.c": "int a;\n"}]),
    "file_size": (
        [{"fabric/a.c": "\n" * 501}, {"include/mycelium/a.h": "\n" * 251}],
        [{"fabric/a.c": "\n" * 500}, {"include/mycelium/a.h": "\n" * 250}]),
    "function_size": (
        [{"a.c": long_function(61)}, {"a.py": "def work():\n" + "    pass\n" * 61}],
        [{"a.c": long_function(60)}]),
    "left_over_marks": (
        [{"a.c": f"/* {TO_DO}: later */\n"}, {"a.md": f"{TO_DO} write\n"}],
        [{"a.c": f"/* {TO_DO}(#12): when groups come */\n"}, {"a.c": "/* mastodon */\n"}]),
    "commented_code": (
        [{"a.c": "/* push(queue, item); */\n"}, {"a.c": "// size = 4;\n"},
         {"a.c": "/*\n * if (size > 4) {\n */\n"}, {"a.c": "#if 0\nint a;\n#endif\n"},
         {"a.c": "/* return size; */\n"}],
        [{"a.c": "/* The queue is full: wait, then push again; see below. */\n"},
         {"a.c": "/**\n * @code\n * push(queue, item);\n * @endcode\n */\n"},
         {"a.c": "/* what push() takes from the caller; */\n"}, {"a.c": "/* not owned; */\n"}]),
    "licence_line": ([{"a.c": "int a;\n"}], [{"a.c": SPDX + "int a;\n"}]),
    "registry_hosts": (
        [{"a.sh": "curl https://py" + "pi.org/simple\n"}, {"a.md": "deb.deb" + "ian.org has it\n"},
         {"a.md": "see registry.npm" + "js.org\n"}],
        [{"a.md": "apt-get on Debian 12, or a mirror of it\n"}]),
    "documented": (
        [{"include/mycelium/a.h": "MYC_API void myc_a(void);\n"},
         {"include/mycelium/a.h": "/** Does it. */\nMYC_API void myc_a(void);\n"}],
        [{"include/mycelium/a.h": DOC + "MYC_API void myc_a(void);\n"}]),
    "public_prefix": (
        [{"include/mycelium/a.h": DOC + "MYC_API void fab_a(void);\n"},
         {"fabric/node/a.h": DOC + "MYC_API void myc_a(void);\n"}],
        [{"include/mycelium/a.h": DOC + "MYC_API void myc_a(void);\n"}]),
}


def compiled(source):
    """A tree on disk with one pure file, compiled where meson would put the object."""
    folder = tempfile.mkdtemp()
    objects = os.path.join(folder, "fabric", "fabric_pure.p")
    os.makedirs(objects)
    path = os.path.join(folder, "a.c")
    with open(path, "w", encoding="utf-8") as file:
        file.write(source)
    subprocess.run(["gcc", "-fPIC", "-c", path, "-o", os.path.join(objects, "base_a.c.o")],
                   check=True)
    return Tree({"fabric/base/a.c": source}, folder, folder)


def header_tree(text):
    folder = tempfile.mkdtemp()
    os.makedirs(os.path.join(folder, "include", "mycelium"))
    with open(os.path.join(folder, "include/mycelium/a.h"), "w", encoding="utf-8") as file:
        file.write(text)
    return Tree({"include/mycelium/a.h": text}, folder)


def library_tree(function):
    folder = tempfile.mkdtemp()
    os.makedirs(os.path.join(folder, "fabric"))
    source = f"void {function}(void);\nvoid {function}(void) {{ }}\n"
    library = os.path.join(folder, "fabric", "libmycelium.so")
    subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-", "-o", library], check=True,
                   input=source.encode())
    return Tree({"include/mycelium/a.h": "MYC_API void myc_a(void);\n"}, folder, folder)


# Rules that run a compiler: functions that make the trees.
MADE = {
    "mutable_globals": (
        [lambda: compiled("int counter;\n"), lambda: compiled("static int a = 4;\nint *b(void);\n"
                                                              "int *b(void) { return &a; }\n"),
         lambda: compiled("int *f(void);\nint *f(void) { static int n; return &n; }\n"),
         lambda: Tree({"fabric/base/b.c": ""}, "/nonexistent", "/nonexistent")],
        [lambda: compiled('const char *const names[] = { "a", "b" };\nconst int limit = 4;\n')]),
    "headers_alone": (
        [lambda: header_tree("uint32_t myc_a(void);\n"),
         lambda: header_tree("#ifndef A\n#define A\nint myc_a(int class);\n#endif\n")],
        [lambda: header_tree("#ifndef A\n#define A\n#include <stdint.h>\n"
                             "uint32_t myc_a(uint32_t one);\n#endif\n")]),
    "shown_symbols": (
        [lambda: library_tree("fab_a"), lambda: library_tree("myc_b")],
        [lambda: library_tree("myc_a")]),
}


def complaints(rule):
    """What is wrong with a rule, judged by its examples."""
    name = rule.__name__
    bad, good = EXAMPLES.get(name, MADE.get(name, ((), ())))
    if not bad or not good:
        yield "has no bad or no good example in selftest.py"
    if not rule.__doc__:
        yield "has no sentence that says what it wants"
    for index, example in enumerate(bad):
        tree = example() if callable(example) else Tree(example)
        if not list(rule(tree)):
            yield f"does not see what is wrong in bad example {index}: {tree.files}"
    for index, example in enumerate(good):
        tree = example() if callable(example) else Tree(example)
        for finding in rule(tree):
            yield f"complains of good example {index}: {finding}"


def main():
    rules = rules_layers.RULES + rules_text.RULES + rules_api.RULES
    print(f"1..{len(rules)}")
    has_failed = False
    for number, rule in enumerate(rules, 1):
        wrong = list(complaints(rule))
        has_failed = has_failed or bool(wrong)
        print(f"{'not ok' if wrong else 'ok'} {number} - {rule.__name__} can fail")
        for complaint in wrong:
            print(f"# {complaint}")
    return 1 if has_failed else 0


if __name__ == "__main__":
    sys.exit(main())
