# SPDX-License-Identifier: BSD-3-Clause
"""C for the types of a schema: enums, sets, composites."""

from c_member import (check, comment, declare, describe, is_encoded, needs_check, null_of, place,
                      read, set_null, write)
from model import Composite, Enum, Set, c_member, snake


def function(result, name, parameters, body):
    """A static inline function in the project's form."""
    return ["static inline " + result, f"{name}({parameters})", "{"] + \
           ["    " + line if line else "" for line in body] + ["}", ""]


def constant_text(names, member):
    """C expression of a constant."""
    if isinstance(member.constant, tuple):
        enum, choice = member.constant
        return f"{names.enum_prefix(enum)}{snake(choice).upper()}"
    return member.constant


def emit_type(names, made):
    if isinstance(made, Enum):
        return emit_enum(names, made)
    if isinstance(made, Set):
        return emit_set(names, made)
    return [] if made.is_variable else emit_composite(names, made)


def choices_table(names, made):
    if not made.choices:
        return []
    rows = [f'    {{ "{choice.name}", {choice.value}U }},' if choice.value >= 0 else
            f'    {{ "{choice.name}", (uint64_t)INT64_C({choice.value}) }},'
            for choice in made.choices]
    return [f"static const struct myc_choice {names.lower(made.name, 'choices')}[] = {{"] + rows + \
           ["};", ""]


def emit_enum(names, enum):
    prefix, c_type = names.enum_prefix(enum), names.type(enum)
    lines = comment(enum.description or f"Enum {enum.name}.")
    if enum.c_type:
        lines = [f"static_assert({prefix}{snake(c.name).upper()} == {c.value}, "
                 f"\"{enum.name} differs from {enum.c_type}\");" for c in enum.choices] + [""]
    else:
        lines.append(c_type + " {")
        for choice in enum.choices:
            value = f"'{chr(choice.value)}'" if enum.primitive.name == "char" and \
                chr(choice.value).isalnum() else str(choice.value)
            if value == str(-2 ** 31):
                value = "INT32_MIN"
            note = comment(choice.description)
            note = " /**<" + note[0][3:] if note else ""
            lines.append(f"    {prefix}{snake(choice.name).upper()} = {value},{note}")
        if all(snake(choice.name) != "null_value" for choice in enum.choices):
            lines.append(f"    {prefix}NULL_VALUE = {enum.null_literal}, /**< no value */")
        lines += ["};", ""]
    lines += choices_table(names, enum)
    cases = [f"case {c.value}:" for c in enum.choices]
    lines += ["/** Whether the schema has this value. */"]
    lines += function("bool", names.lower(enum.name, "is_valid"),
                      f"{enum.primitive.c_type} value",
                      ["switch (value) {"] + cases + ["    return true;", "default:",
                                                      "    return false;", "}"])
    if enum.c_type:
        return lines
    lines += ["/** The schema's name of a value; \"?\" for one that it does not have. */"]
    lines += function("const char *", names.lower(enum.name, "name"), f"{c_type} value",
                      ["switch ((int)value) {"] +
                      [text for c in enum.choices
                       for text in (f"case {c.value}:", f'    return "{c.name}";')] +
                      ["default:", '    return "?";', "}"])
    return lines


def emit_set(names, made):
    name, c_type = names.lower(made.name), made.primitive.c_type
    lines = comment(made.description or f"Set {made.name}: bits, joined with |.")
    lines += [f"typedef {c_type} {name};", ""]
    bits = made.primitive.size * 8
    width = 64 if bits == 64 else 32
    lines += [f"#define {names.upper(made.name, c.name)} "
              f"(({name})(UINT{width}_C(1) << {c.value}))" for c in made.choices]
    lines.append("")
    lines += choices_table(names, made)
    lines += ["/** Whether all of these bits are in the set. */"]
    lines += function("bool", name + "_has", f"{name} value, {name} bits",
                      ["return (value & bits) == bits;"])
    return lines


def constants_of(names, owner, members):
    """Macros of the constants of a block or composite: they take no bytes."""
    return [f"#define {names.upper(*owner, m.name)} ({constant_text(names, m)})"
            for m in members if not is_encoded(m)]


def emit_composite(names, made):
    encoded = [m for m in made.members if is_encoded(m)]
    lines = constants_of(names, [made.name], made.members)
    size = f"#define {names.upper(made.name, 'SIZE')} {made.size}U"
    if made.is_ref:
        return [size, ""]
    lines += [size, ""] + comment(made.description or f"Composite {made.name}.")
    c_type = names.type(made)
    lines += [c_type + " {"]
    for member in encoded:
        lines += comment(member.description, "    ") + ["    " + declare(names, member)]
    lines += ["};", ""]
    lines += function(c_type, names.lower(made.name, "load"), "const uint8_t *at",
                      [f"{c_type} value;", ""] +
                      [t for m in encoded for t in read(names, m, "at", "value.")] +
                      ["return value;"])
    lines += function("void", names.lower(made.name, "store"), f"uint8_t *at, {c_type} value",
                      gaps(encoded, made.size, "at") +
                      [t for m in encoded for t in write(names, m, "at", "value.")])
    lines += function(c_type, names.lower(made.name, "null"), "void",
                      [f"{c_type} value;", ""] +
                      [t for m in encoded for t in set_null(names, m, "value.")] +
                      ["return value;"])
    if needs_check(made):
        checks = [c for c in (check(names, m, "at") for m in encoded) if c]
        lines += function("bool", names.lower(made.name, "verify"), "const uint8_t *at",
                          ["return " + " && ".join(checks) + ";"])
    return lines


def gaps(members, size, at):
    """Statements that zero the bytes that no member covers: nothing old goes on the wire."""
    lines, end = [], 0
    for member in members:
        if member.offset > end:
            lines.append(f"memset({place(at, end)}, 0, {member.offset - end});")
        end = member.end
    if size > end:
        lines.append(f"memset({place(at, end)}, 0, {size - end});")
    return lines
