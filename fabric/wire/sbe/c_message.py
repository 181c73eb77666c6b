# SPDX-License-Identifier: BSD-3-Clause
"""C for one message: constants, value struct, view, verifier, descriptor, encode and decode."""

from c_block import (block_checks, emit_field_constants, emit_getters, emit_init, emit_read,
                     emit_setters, emit_structs, encoded, write_statements)
from c_group import emit_access, emit_groups, empty_tail, tail_size
from c_member import describe
from c_types import function


def has_tail(message):
    return bool(message.groups or message.data)


def emit_message(names, schema, message):
    owner = [message.name]
    lines = ["/* " + f"---- {message.name} ".ljust(93, "-") + " */", ""]
    lines += emit_constants(names, schema, message) + emit_field_constants(names, owner, message)
    lines += emit_structs(names, owner, message, "Message")
    if has_tail(message):
        lines += emit_groups(names, owner, message)
    lines += emit_verify(names, message) + emit_type(names, schema, message)
    lines += emit_getters(names, owner, message) + emit_read(names, owner, message)
    lines += emit_decode(names, message)
    lines += emit_encode(names, message)
    lines += emit_init(names, owner, message) + emit_setters(names, owner, message)
    if has_tail(message):
        lines += emit_build(names, message) + emit_access(names, owner, message)
    return lines


def emit_constants(names, schema, message):
    size = message.block_length + tail_size(message)
    note = " when its groups and data are empty" if has_tail(message) else ""
    return [f"#define {names.upper(message.name, 'TEMPLATE_ID')} {message.id}U",
            f"#define {names.upper(message.name, 'KEY')} "
            f"MYC_TYPE_KEY({schema.id}U, {message.id}U)",
            f"#define {names.upper(message.name, 'BLOCK_LENGTH')} {message.block_length}U",
            f"/** Bytes of a whole body{note}. */",
            f"#define {names.upper(message.name, 'SIZE')} {size}U"]


def emit_verify(names, message):
    name = names.lower(message.name)
    body = ["const uint8_t *at = (const uint8_t *)body;"]
    if has_tail(message):
        body.append("struct myc_sbe_cursor cursor;")
    body += ["", "if (block_length > size)", "    return false;"]
    body += block_checks(names, message) + ["(void)at;", "(void)version;"]
    if has_tail(message):
        body += ["cursor.at = at + block_length;", "cursor.left = size - block_length;",
                 "cursor.version = version;", f"return {name}_skip_tail(&cursor);"]
    else:
        body.append("return true;")
    return ["/** Whether bytes from outside are such a message: lengths, counts and enums in "
            "bounds. */"] + \
        function("bool", name + "_verify", "const void *body, uint32_t size, "
                 "uint16_t block_length, uint16_t version", body)


def emit_type(names, schema, message):
    name = names.lower(message.name)
    rows = [row for member in encoded(message) for row in describe(names, member)]
    lines = []
    if rows:
        lines += [f"static const struct myc_field {name}_fields[] = {{"]
        lines += ["    " + row for row in rows] + ["};", ""]
    table = f"{name}_fields" if rows else "NULL"
    return lines + [f"static const struct myc_type {name}_type = {{",
                    f'    "{message.name}", {message.block_length}, {message.id}, {schema.id}, '
                    f"{schema.version}, {len(rows)}, {table}, {name}_verify,", "};", ""]


def emit_decode(names, message):
    name = names.lower(message.name)
    lines = ["/** A view of a message of this type that the fabric has handed over (it has "
             "verified). */"]
    lines += function(f"struct {name}_view", name + "_view_of", "const struct myc_message *message",
                      [f"struct {name}_view view;", "",
                       "view.body = (const uint8_t *)message->body;", "view.size = message->size;",
                       "view.block_length = message->block_length;",
                       "view.version = message->version;", "return view;"])
    lines += ["/** Verifies and reads bytes from anywhere; false leaves value untouched. */"]
    lines += function("bool", name + "_decode_body", "const void *body, uint32_t size, uint16_t "
                      f"block_length, uint16_t version, struct {name} *value",
                      [f"struct {name}_view view;", "",
                       f"if (!{name}_verify(body, size, block_length, version))",
                       "    return false;",
                       "view.body = (const uint8_t *)body;", "view.size = size;",
                       "view.block_length = block_length;", "view.version = version;",
                       f"{name}_read(&view, value);", "return true;"])
    lines += ["/** Verifies and reads a message; false, also when it is of another type, leaves "
              "value untouched. */"]
    return lines + function("bool", name + "_decode",
                            f"const struct myc_message *message, struct {name} *value",
                            [f"return myc_message_is(message, &{name}_type) &&",
                             f"       {name}_decode_body(message->body, message->size, "
                             "message->block_length,",
                             "                message->version, value);"])


def emit_encode(names, message):
    name, size = names.lower(message.name), names.upper(message.name, "SIZE")
    body = ["uint8_t *at = (uint8_t *)body;", ""]
    body += write_statements(names, message) + empty_tail(names, message, message.block_length)
    if not encoded(message):
        body += ["(void)value;", "(void)at;"]
    note = ", groups and data empty" if has_tail(message) else ""
    return [f"/** Writes a whole body{note}: {size} bytes, any alignment. */"] + \
        function("void", name + "_encode", f"const struct {name} *value, void *body", body)


def emit_build(names, message):
    """How to write a message with groups or data: block, then what follows, in schema order."""
    name = names.lower(message.name)
    body = ["uint8_t *at;", "", "writer->start = (uint8_t *)body;", "writer->capacity = capacity;",
            "writer->size = 0;", "writer->is_full = false;",
            f"at = myc_sbe_append(writer, {message.block_length});", "if (at)",
            f"    {name}_init(at);", "return at;"]
    return ["/** Starts to write a body with groups or data: the root block, to be filled with "
            "the setters (NULL: no room). Append all groups, then all data, in the schema's "
            "order; myc_sbe_written says the size at the end. */"] + \
        function("void *", name + "_build",
                 "struct myc_sbe_writer *writer, void *body, uint32_t capacity", body)
