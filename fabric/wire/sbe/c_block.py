# SPDX-License-Identifier: BSD-3-Clause
"""C for a block of fields: the root of a message, or an entry of a group.

Both have a value struct, a view with getters, setters in place and checks; `owner` is the path of
names that leads to the block: [message] or [message, group, ...].
"""

from c_member import (check, comment, declare, element, is_encoded, is_null, load, null_of, place,
                      read, set_null, store, write)
from c_types import constants_of, function, gaps
from model import Scalar, c_member, snake


def encoded(block):
    return [member for member in block.fields if is_encoded(member)]


def emit_field_constants(names, owner, block):
    lines = constants_of(names, owner, block.fields)
    for member in encoded(block):
        name = names.upper(*owner, member.name)
        if member.is_array:
            lines.append(f"#define {name}_COUNT {member.type.count}U")
        if isinstance(member.type, Scalar) and not member.is_text and \
                (member.presence == "optional" or member.since > 0):
            lines.append(f"#define {name}_NULL ({null_of(names, member)})")
    return lines + [""]


def emit_structs(names, owner, block, what):
    name = names.lower(*owner)
    lines = comment(block.description or f"{what} {block.name}.") + [f"struct {name} {{"]
    for member in encoded(block):
        lines += comment(member.description, "    ") + ["    " + declare(names, member)]
    if not encoded(block):
        lines.append("    uint8_t nothing; /**< it has no fields */")
    return lines + ["};", "", "/** It in place: not owned, valid as long as the body is. */",
                    f"struct {name}_view {{", "    const uint8_t *body;",
                    "    uint32_t size; /**< bytes from body to the end of the message */",
                    "    uint16_t block_length; /**< as the sender said */",
                    "    uint16_t version; /**< of the sender's schema */", "};", ""]


def block_checks(names, block):
    """Statements of a check: the shortest block that each version has, then each field."""
    ends = {}
    for member in encoded(block):
        ends[member.since] = max(ends.get(member.since, 0), member.end)
    lines = []
    for since in sorted(ends, reverse=True):
        guard = f"version >= {since} && " if since else ""
        lines += [f"if ({guard}block_length < {ends[since]})", "    return false;"]
    for member in encoded(block):
        test = check(names, member, "at")
        if test:
            guard = f"version >= {member.since} && " if member.since else ""
            lines += [f"if ({guard}!{test})", "    return false;"]
    return lines


def presence_test(member):
    """Whether the sender's version has the field at all."""
    return f"view->version >= {member.since} && view->block_length >= {member.end}"


def emit_getters(names, owner, block):
    view = f"const struct {names.lower(*owner)}_view *view"
    return [line for member in block.fields
            for line in emit_getter(names, owner, member, view)]


def emit_getter(names, owner, member, view):
    get = names.lower(*owner) + "_get_" + snake(member.name)
    if not is_encoded(member):
        is_text = isinstance(member.type, Scalar) and str(member.constant).startswith('"')
        result = "const char *" if is_text else names.type(member.type)
        return function(result, get, view,
                        ["(void)view;", f"return {names.upper(*owner, member.name)};"])
    lines, parameters, result = [], view, names.type(member.type)
    if member.is_text:
        lines = [f"/** {member.type.count} bytes in place, not NUL-terminated; NULL when the "
                 "sender's version has none. */"]
        result, absent = "const char *", "NULL"
        value = f"(const char *)({place('view->body', member.offset)})"
    elif member.is_array:
        lines = [f"/** Element `index`, 0 to {member.type.count - 1}. */"]
        parameters, absent = view + ", uint32_t index", null_of(names, member)
        value = f"myc_sbe_load_{names.order}_{member.type.primitive.name}" \
                f"({element(member, 'view->body', 'index')})"
    else:
        absent, value = null_of(names, member), load(names, member, "view->body")
    body = [f"return {value};"]
    if member.since:
        body = [f"if (!({presence_test(member)}))", f"    return {absent};"] + body
    return lines + function(result, get, parameters, body) + \
        emit_has(names, owner, member, view)


def emit_has(names, owner, member, view):
    tests = [presence_test(member)] if member.since else []
    if member.presence == "optional":
        null = is_null(names, member, "view->body")
        tests += [f"!({null})"] if null else []
    if not tests:
        return []
    return ["/** Whether the sender gave it a value. */"] + \
        function("bool", names.lower(*owner) + "_has_" + snake(member.name), view,
                 ["return " + " && ".join(tests) + ";"])


def emit_read(names, owner, block):
    name, body = names.lower(*owner), []
    for member in encoded(block):
        reading = read(names, member, "view->body", "value->")
        if member.since:
            body += [f"if ({presence_test(member)}) {{"] + ["    " + t for t in reading] + \
                ["} else {"] + ["    " + t for t in set_null(names, member, "value->")] + ["}"]
        else:
            body += reading
    return ["/** Reads all fields of what has verified; those that the sender's version lacks get "
            "their null value. */"] + \
        function("void", name + "_read", f"const struct {name}_view *view, struct {name} *value",
                 body or ["(void)view;", "value->nothing = 0;"])


def write_statements(names, block, at="at"):
    return gaps(encoded(block), block.block_length, at) + \
        [t for m in encoded(block) for t in write(names, m, at, "value->")]


def emit_init(names, owner, block):
    body = [f"memset(body, 0, {names.upper(*owner, 'BLOCK_LENGTH')});"]
    nulled = [m for m in encoded(block) if m.presence == "optional" and not m.is_text]
    for member in nulled:
        if member.is_array:
            body += [f"for (uint32_t i = 0; i < {member.type.count}; i++)",
                     f"    myc_sbe_store_{names.order}_{member.type.primitive.name}("
                     f"{element(member, '(uint8_t *)body', 'i')}, {null_of(names, member)});"]
        else:
            body += store(names, member, "(uint8_t *)body", null_of(names, member))
    return ["/** Starts it in place: zeros, and null where a field is optional. */"] + \
        function("void", names.lower(*owner) + "_init", "void *body", body)


def emit_setters(names, owner, block):
    lines, at = [], "(uint8_t *)body"
    for member in encoded(block):
        c_set = names.lower(*owner) + "_set_" + snake(member.name)
        if member.is_text:
            lines += [f"/** Text, cut at {member.type.count} bytes, filled with NUL. */"]
            lines += function("void", c_set, "void *body, const char *text",
                              [f"myc_sbe_store_text({place(at, member.offset)}, "
                               f"{member.type.count}, text);"])
        elif member.is_array:
            kind = member.type.primitive
            lines += [f"/** Element `index`, 0 to {member.type.count - 1}. */"]
            lines += function("void", c_set, f"void *body, uint32_t index, {kind.c_type} value",
                              [f"myc_sbe_store_{names.order}_{kind.name}("
                               f"{element(member, at, 'index')}, value);"])
        else:
            lines += function("void", c_set, f"void *body, {names.type(member.type)} value",
                              store(names, member, at, "value"))
    return lines
