#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes mycelium.lua, which explains the wire protocol in Wireshark.

usage: make.py OUTPUT SBE_FOLDER WALKER HEADER... -- SCHEMA...

It is the walker of SBE with the API's own schemas, the layouts of the wire's headers as a table,
and wire.lua, which knows in what order the parts of a frame follow each other. The offsets come
from the C headers alone; a block or flag that wire.lua does not know ends the build.
"""

import re
import sys

from c_layout import Layout, LayoutError

HAS = re.compile(r"\w+_HAS_\w+")
# What wire.lua looks up by name; a change of these names is found here, not in Wireshark.
USED = re.compile(r"\b(FAB_[A-Z0-9_]+)\b")


def table(layout):
    lines = ["local layout = {", "    numbers = {"]
    lines += [f"        {name} = {value}," for name, value in sorted(layout.numbers.items())]
    lines += ["    },", "    enums = {"]
    for name, pairs in sorted(layout.enums.items()):
        inside = ", ".join(f'{{ "{word}", {value} }}' for word, value in pairs)
        lines.append(f"        {name} = {{ {inside} }},")
    lines += ["    },", "    structs = {"]
    for name, (size, rows) in sorted(layout.structs.items()):
        lines.append(f"        {name} = {{ size = {size}, fields = {{")
        lines += [f'            {{ name = "{field}", offset = {offset}, size = {one}, '
                  f"count = {count} }}," for field, offset, one, count in rows]
        lines.append("        } },")
    return "\n".join(lines + ["    },", "}"]) + "\n"


def check(layout, walker):
    used = set(USED.findall(walker))
    unknown = sorted(name for name in used if name not in layout.numbers)
    if unknown:
        raise LayoutError(f"wire.lua names what no header has: {', '.join(unknown)}")
    missing = sorted(name for name in layout.numbers if HAS.fullmatch(name) and name not in used)
    if missing:
        raise LayoutError(f"wire.lua does not know {', '.join(missing)}: teach it what follows")


def main():
    output, sbe_folder, walker_path, *rest = sys.argv[1:]
    headers, schemas = rest[:rest.index("--")], rest[rest.index("--") + 1:]
    sys.path.insert(0, sbe_folder)
    from lua import emit_lua
    from reader import read_schema

    layout = Layout()
    for header in headers:
        layout.read(header)
    with open(walker_path, encoding="utf-8") as file:
        walker = file.read()
    check(layout, walker)
    parts = [emit_lua(read_schema(schema)) for schema in schemas]
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(parts + [table(layout), walker]))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LayoutError as error:
        sys.exit(f"make.py: {error}")
