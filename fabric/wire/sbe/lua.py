# SPDX-License-Identifier: BSD-3-Clause
"""Wireshark Lua for a schema: the walker of sbe.lua, then the schema as a table."""

import os

from c_group import dimension_of
from c_member import is_encoded
from model import Composite, Enum, Scalar, Set, snake

_WALKER = os.path.join(os.path.dirname(os.path.realpath(__file__)), "sbe.lua")


def emit_lua(schema, prefix=None):
    name = snake(prefix or schema.package).strip("_")
    with open(_WALKER, encoding="utf-8") as file:
        lines = [file.read()]
    lines += [f"-- The schema {schema.package}, from {os.path.basename(schema.file)}.",
              "mycelium_sbe.register({",
              f'    name = "{name}", id = {schema.id}, is_big = {boolean(schema.is_big_endian)},',
              "    messages = {"]
    for message in schema.messages:
        lines.append(f'        [{message.id}] = {{ name = "{message.name}",')
        lines += block(message, [name, snake(message.name)], "            ")
        lines.append("        },")
    return "\n".join(lines + ["    },", "})"]) + "\n"


def boolean(value):
    return "true" if value else "false"


def block(owner, path, indent):
    lines = [indent + "fields = {"]
    for member in owner.fields:
        lines += [indent + "    " + row for row in leaves(member, path, 0, "", 0)]
    lines += [indent + "},", indent + "groups = {"]
    for group in owner.groups:
        length_at, length_kind, count_at, count_kind, size = dimension_of(None, group)
        lines.append(f'{indent}    {{ name = "{group.name}", since = {group.since}, size = {size}, '
                     f'length_at = {length_at}, length_kind = "{length_kind}", '
                     f'count_at = {count_at}, count_kind = "{count_kind}",')
        lines += block(group, path + [snake(group.name)], indent + "        ")
        lines.append(indent + "    },")
    lines += [indent + "},", indent + "data = {"]
    for data in owner.data:
        lines.append(f'{indent}    {{ name = "{data.name}", '
                     f'filter = "{".".join(path + [snake(data.name)])}", '
                     f'kind = "{data.length.name}", since = {data.since} }},')
    return lines + [indent + "},"]


def leaves(member, path, base, dotted, since):
    """One row for each field that is on the wire; a composite gives its members."""
    if not is_encoded(member):
        return []
    made, since = member.type, max(since, member.since)
    if isinstance(made, Composite):
        return [row for inner in made.members
                for row in leaves(inner, path + [snake(member.name)], base + member.offset,
                                  dotted + member.name + ".", since)]
    parts = [f'name = "{dotted}{member.name}"',
             f'filter = "{".".join(path + [snake(member.name)])}"',
             f"offset = {base + member.offset}", f'kind = "{made.primitive.name}"',
             f"count = {made.count if isinstance(made, Scalar) else 1}", f"since = {since}"]
    if isinstance(made, (Enum, Set)):
        rows = ", ".join(f'[{choice.value}] = "{choice.name}"' for choice in made.choices)
        parts.append(("choices" if isinstance(made, Enum) else "bits") + f" = {{ {rows} }}")
    null = null_number(member)
    if null is not None and (member.presence == "optional" or since):
        parts.append(f'null = "{null}"')
    return ["{ " + ", ".join(parts) + " },"]


def null_number(member):
    """The null value as decimal text; None where there is none to compare with."""
    made = member.type
    if isinstance(made, Set) or made.primitive.is_float or member.is_text:
        return None
    text = (member.null if isinstance(made, Scalar) else made.null) or made.primitive.null
    if text.startswith("'"):
        return 0 if text == made.primitive.null else ord(text.strip("'")[-1])
    if text.endswith("_MIN"):
        return made.primitive.low
    if text.endswith("_MAX"):
        return made.primitive.high
    return int(text[text.index("(") + 1:-1]) if "(" in text else int(text)
