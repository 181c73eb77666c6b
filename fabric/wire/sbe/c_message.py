# SPDX-License-Identifier: BSD-3-Clause
"""C for one message: constants, value struct, view, verifier, descriptor, encode and decode."""

from c_member import (check, comment, declare, describe, element, is_encoded, is_null, load,
                      null_of, place, read, set_null, store, write)
from c_types import constants_of, function, gaps
from model import Scalar, c_member, snake
from source import SchemaError


def emit_message(names, schema, message):
    if message.groups or message.data:
        item = (message.groups + message.data)[0]
        raise SchemaError(item.where, "groups and data are not supported yet: use fixed-width "
                          "fields")
    fields = [m for m in message.fields if is_encoded(m)]
    lines = ["/* " + f"---- {message.name} ".ljust(93, "-") + " */", ""]
    lines += emit_constants(names, schema, message, fields)
    lines += emit_structs(names, message, fields)
    lines += emit_verify(names, message, fields)
    lines += emit_type(names, schema, message, fields)
    lines += emit_getters(names, message)
    lines += emit_decode(names, message, fields)
    lines += emit_encode(names, message, fields)
    lines += emit_setters(names, message, fields)
    return lines


def emit_constants(names, schema, message, fields):
    def macro(suffix, value):
        return f"#define {names.upper(message.name, suffix)} {value}"
    lines = [macro("TEMPLATE_ID", f"{message.id}U"),
             macro("KEY", f"MYC_TYPE_KEY({schema.id}U, {message.id}U)"),
             macro("BLOCK_LENGTH", f"{message.block_length}U"),
             "/** Bytes of a whole body. */", macro("SIZE", f"{message.block_length}U")]
    lines += constants_of(names, [message.name], message.fields)
    for member in fields:
        name = c_member(member.name)
        if member.is_array:
            lines.append(macro(name + "_COUNT", f"{member.type.count}U"))
        if isinstance(member.type, Scalar) and not member.is_text and \
                (member.presence == "optional" or member.since > 0):
            lines.append(macro(name + "_NULL", f"({null_of(names, member)})"))
    return lines + [""]


def emit_structs(names, message, fields):
    name = names.lower(message.name)
    lines = comment(message.description or f"Message {message.name}.")
    lines += [f"struct {name} {{"]
    for member in fields:
        lines += comment(member.description, "    ") + ["    " + declare(names, member)]
    if not fields:
        lines.append("    uint8_t nothing; /**< the message has no fields */")
    lines += ["};", "", "/** A body in place: not owned, valid as long as the body is. */",
              f"struct {name}_view {{", "    const uint8_t *body;",
              "    uint32_t size; /**< bytes of body */",
              "    uint16_t block_length; /**< of the sender */",
              "    uint16_t version; /**< of the sender's schema */", "};", ""]
    return lines


def length_checks(fields):
    """The shortest root block that a sender of each version can have sent."""
    ends = {}
    for member in fields:
        ends[member.since] = max(ends.get(member.since, 0), member.end)
    lines = []
    for since in sorted(ends, reverse=True):
        condition = f"block_length < {ends[since]}"
        if since:
            condition = f"version >= {since} && " + condition
        lines += [f"if ({condition})", "    return false;"]
    return lines


def emit_verify(names, message, fields):
    body = ["const uint8_t *at = (const uint8_t *)body;", "",
            "if (block_length > size)", "    return false;"]
    body += length_checks(fields)
    for member in fields:
        test = check(names, member, "at")
        if test:
            guard = f"version >= {member.since} && " if member.since else ""
            body += [f"if ({guard}!{test})", "    return false;"]
    body += ["(void)at;", "(void)version;", "return true;"]
    lines = ["/** Whether bytes from outside are such a message: lengths and enums in bounds. */"]
    return lines + function("bool", names.lower(message.name, "verify"),
                            "const void *body, uint32_t size, uint16_t block_length, "
                            "uint16_t version", body)


def emit_type(names, schema, message, fields):
    name = names.lower(message.name)
    rows = [row for member in fields for row in describe(names, member)]
    lines = []
    if rows:
        lines += [f"static const struct myc_field {name}_fields[] = {{"]
        lines += ["    " + row for row in rows] + ["};", ""]
    table = f"{name}_fields" if rows else "NULL"
    return lines + [f"static const struct myc_type {name}_type = {{",
                    f'    "{message.name}", {schema.id}, {message.id}, {schema.version}, '
                    f"{message.block_length}, {len(rows)}, {table}, {name}_verify,", "};", ""]


def presence_test(member):
    """Whether the sender's version has the field at all."""
    return f"view->version >= {member.since} && view->block_length >= {member.end}"


def emit_getters(names, message):
    lines = []
    view = f"const struct {names.lower(message.name)}_view *view"
    for member in message.fields:
        lines += emit_getter(names, message, member, view)
    return lines


def emit_getter(names, message, member, view):
    get = names.lower(message.name) + "_get_" + snake(member.name)
    if not is_encoded(member):
        constant = names.upper(message.name, member.name)
        is_text = isinstance(member.type, Scalar) and str(member.constant).startswith('"')
        result = "const char *" if is_text else names.type(member.type)
        return function(result, get, view, ["(void)view;", f"return {constant};"])
    at, parameters, result = "view->body", view, names.type(member.type)
    absent = None if member.is_text else null_of(names, member)
    value = load(names, member, at) if not member.is_array else ""
    lines = []
    if member.is_text:
        lines = [f"/** {member.type.count} bytes in place, not NUL-terminated; NULL when the "
                 "sender's version has none. */"]
        result, value, absent = "const char *", f"(const char *)({place(at, member.offset)})", \
            "NULL"
    elif member.is_array:
        lines = [f"/** Element `index`, 0 to {member.type.count - 1}. */"]
        parameters += ", uint32_t index"
        value = f"myc_sbe_load_{names.order}_{member.type.primitive.name}" \
                f"({element(member, at, 'index')})"
    body = []
    if member.since:
        body = [f"if (!({presence_test(member)}))", f"    return {absent};"]
    lines += function(result, get, parameters, body + [f"return {value};"])
    return lines + emit_has(names, message, member, view)


def emit_has(names, message, member, view):
    tests = [presence_test(member)] if member.since else []
    if member.presence == "optional":
        null = is_null(names, member, "view->body")
        tests += [f"!({null})"] if null else []
    if not tests:
        return []
    return ["/** Whether the sender gave it a value. */"] + \
        function("bool", names.lower(message.name) + "_has_" + snake(member.name), view,
                 ["return " + " && ".join(tests) + ";"])


def emit_decode(names, message, fields):
    name = names.lower(message.name)
    lines = ["/** A view of a message of this type that the fabric has handed over (it has "
             "verified). */"]
    lines += function(f"struct {name}_view", name + "_view_of", "const struct myc_message *message",
                      [f"struct {name}_view view;", "",
                       "view.body = (const uint8_t *)message->body;", "view.size = message->size;",
                       "view.block_length = message->block_length;",
                       "view.version = message->version;", "return view;"])
    body = []
    for member in fields:
        reading = read(names, member, "view->body", "value->")
        if member.since:
            body += [f"if ({presence_test(member)}) {{"] + ["    " + t for t in reading] + \
                ["} else {"] + ["    " + t for t in set_null(names, member, "value->")] + ["}"]
        else:
            body += reading
    if not fields:
        body = ["(void)view;", "value->nothing = 0;"]
    lines += ["/** Reads all fields of a view that has verified; what the sender's version lacks "
              "gets its null value. */"]
    lines += function("void", name + "_read",
                      f"const struct {name}_view *view, struct {name} *value", body)
    lines += ["/** Verifies and reads bytes from anywhere; false leaves value untouched. */"]
    lines += function("bool", name + "_decode_body", "const void *body, uint32_t size, uint16_t "
                      f"block_length, uint16_t version, struct {name} *value",
                      [f"struct {name}_view view;", "",
                       f"if (!{name}_verify(body, size, block_length, version))",
                       "    return false;",
                       "view.body = (const uint8_t *)body;", "view.size = size;",
                       "view.block_length = block_length;", "view.version = version;",
                       f"{name}_read(&view, value);", "return true;"])
    lines += ["/** Reads a message; false when it is of another type or does not verify. */"]
    return lines + function("bool", name + "_decode",
                            f"const struct myc_message *message, struct {name} *value",
                            [f"return myc_message_is(message, &{name}_type) &&",
                             f"       {name}_decode_body(message->body, message->size, "
                             "message->block_length,", "           message->version, value);"])


def emit_encode(names, message, fields):
    name, size = names.lower(message.name), names.upper(message.name, "BLOCK_LENGTH")
    body = ["uint8_t *at = (uint8_t *)body;", ""]
    body += gaps(fields, message.block_length, "at")
    body += [t for m in fields for t in write(names, m, "at", "value->")]
    if not fields:
        body += ["(void)value;", "(void)at;"]
    lines = [f"/** Writes the root block: {size} bytes at body, any alignment. */"]
    lines += function("void", name + "_encode", f"const struct {name} *value, void *body", body)
    body = [f"memset(body, 0, {size});"]
    nulled = [m for m in fields if m.presence == "optional" and not m.is_text]
    if nulled:
        body = ["uint8_t *at = (uint8_t *)body;", ""] + body
    for member in nulled:
        if member.is_array:
            body += [f"for (uint32_t i = 0; i < {member.type.count}; i++)",
                     f"    myc_sbe_store_{names.order}_{member.type.primitive.name}("
                     f"{element(member, 'at', 'i')}, {null_of(names, member)});"]
        else:
            body += store(names, member, "at", null_of(names, member))
    lines += ["/** Starts a body in place: zeros, and null where a field is optional. */"]
    return lines + function("void", name + "_init", "void *body", body)


def emit_setters(names, message, fields):
    lines = []
    for member in fields:
        c_set = names.lower(message.name) + "_set_" + snake(member.name)
        at = "(uint8_t *)body"
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
