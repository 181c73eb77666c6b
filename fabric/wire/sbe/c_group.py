# SPDX-License-Identifier: BSD-3-Clause
"""C for what follows a block: repeating groups, which may nest, and data of variable length.

Where a group begins is known only after what is before it has been walked, so reading goes through
an iterator, and writing through a writer that appends in the order of the schema. The walk of
<owner>_skip is both the check of a foreign message and the way to the second group.
"""

from c_block import (block_checks, emit_field_constants, emit_getters, emit_init, emit_read,
                     emit_setters, emit_structs)
from c_types import function
from model import snake


def dimension_of(names, group):
    """Offsets and primitives of a group's header."""
    length, count = group.dimension.members[:2]
    return (length.offset, length.type.primitive.name, count.offset, count.type.primitive.name,
            group.dimension.size)


def tail_size(block):
    """Bytes of the groups and data of a block when they are all empty."""
    return sum(g.dimension.size for g in block.groups) + sum(d.length.size for d in block.data)


def emit_groups(names, owner, block):
    """Everything for the groups and data of a block, innermost first."""
    lines = []
    for group in block.groups:
        path = owner + [group.name]
        lines += emit_groups(names, path, group) + emit_group(names, path, group)
    lines += emit_skip_tail(names, owner, block)
    return lines


def emit_access(names, owner, block):
    """What reads and writes the groups and data: needs the views of owner and entries."""
    lines = []
    for index, group in enumerate(block.groups):
        path = owner + [group.name]
        lines += emit_iteration(names, owner, block, index)
        lines += emit_access(names, path, group)
        lines += emit_group_writer(names, path, group)
    for index in range(len(block.data)):
        lines += emit_data(names, owner, block, index)
    return lines


def emit_group(names, path, group):
    name = names.lower(*path)
    lines = [f"#define {names.upper(*path, 'BLOCK_LENGTH')} {group.block_length}U"]
    lines += emit_field_constants(names, path, group)
    lines += emit_structs(names, path, group, "Entry of the group")
    lines += emit_getters(names, path, group) + emit_read(names, path, group)
    lines += emit_init(names, path, group) + emit_setters(names, path, group)
    body = ["const uint8_t *at = cursor->at;", "uint16_t version = cursor->version;", "",
            "if (!myc_sbe_skip(cursor, block_length))", "    return false;"]
    body += block_checks(names, group) + ["(void)at;", "(void)version;",
                                          f"return {name}_skip_tail(cursor);"]
    lines += ["/** Checks one entry and moves past it. */"]
    lines += function("bool", name + "_skip_entry",
                      "struct myc_sbe_cursor *cursor, uint16_t block_length", body)
    body = ["uint32_t block_length, count;", ""]
    if group.since:
        body += [f"if (cursor->version < {group.since})", "    return true;"]
    body += open_dimension(names, group, "cursor", "block_length", "count")
    body += ["for (uint32_t i = 0; i < count; i++) {", "    uint32_t left = cursor->left;", "",
             f"    if (!{name}_skip_entry(cursor, (uint16_t)block_length) || cursor->left == left)",
             "        return false;", "}", "return true;"]
    lines += ["/** Checks a whole group and moves past it. An entry of no bytes is refused, so "
              "that a short message cannot make this long. */"]
    return lines + function("bool", name + "_skip", "struct myc_sbe_cursor *cursor", body)


def open_dimension(names, group, cursor, length, count):
    length_at, length_kind, count_at, count_kind, size = dimension_of(names, group)
    at = f"{cursor}->at"
    return [f"if ({cursor}->left < {size})", "    return false;",
            f"{length} = myc_sbe_load_{names.order}_{length_kind}({at} + {length_at});",
            f"{count} = myc_sbe_load_{names.order}_{count_kind}({at} + {count_at});",
            f"if ({length} > UINT16_MAX)", "    return false;",
            f"(void)myc_sbe_skip({cursor}, {size});"]


def data_skip(names, data, cursor):
    kind = data.length.name
    skip = [f"if (!myc_sbe_skip_data_{names.order}_{kind}({cursor}))", "    return false;"]
    if data.since:
        return [f"if ({cursor}->version >= {data.since}) {{"] + ["    " + t for t in skip] + ["}"]
    return skip


def emit_skip_tail(names, owner, block):
    body = []
    for group in block.groups:
        body += [f"if (!{names.lower(*owner, group.name)}_skip(cursor))", "    return false;"]
    for data in block.data:
        body += data_skip(names, data, "cursor")
    return ["/** Checks the groups and data that follow a block, and moves past them. */"] + \
        function("bool", names.lower(*owner) + "_skip_tail", "struct myc_sbe_cursor *cursor",
                 body + ["(void)cursor;", "return true;"])


def cursor_at(names, owner, block, before, data_before=0):
    """Statements that put `cursor` on one group or data of a verified view."""
    lines = ["struct myc_sbe_cursor cursor;", "",
             "cursor.at = view->body + view->block_length;",
             "cursor.left = view->size - view->block_length;",
             "cursor.version = view->version;"]
    for group in block.groups[:before]:
        lines.append(f"(void){names.lower(*owner, group.name)}_skip(&cursor);")
    for data in block.data[:data_before]:
        skip = f"(void)myc_sbe_skip_data_{names.order}_{data.length.name}(&cursor);"
        lines += [f"if (cursor.version >= {data.since})", "    " + skip] if data.since else [skip]
    return lines


def emit_iteration(names, owner, block, index):
    group = block.groups[index]
    name, view = names.lower(*owner, group.name), f"struct {names.lower(*owner)}_view"
    length_at, length_kind, count_at, count_kind, size = dimension_of(names, group)
    body = cursor_at(names, owner, block, index)
    body += ["iterator->block_length = 0;", "iterator->left = 0;", "iterator->cursor = cursor;"]
    start = [f"iterator->block_length = (uint16_t)myc_sbe_load_{names.order}_{length_kind}"
             f"(cursor.at + {length_at});",
             f"iterator->left = myc_sbe_load_{names.order}_{count_kind}(cursor.at + {count_at});",
             f"(void)myc_sbe_skip(&iterator->cursor, {size});"]
    guard = [f"view->version >= {group.since}"] if group.since else []
    guard.append(f"cursor.left >= {size}")
    body += [f"if ({' && '.join(guard)}) {{"] + ["    " + t for t in start] + ["}"]
    lines = ["/** Starts to read the group of a view that has verified; `left` says how many "
             "entries there are. */"]
    lines += function("void", name + "_begin",
                      f"const {view} *view, struct myc_sbe_iterator *iterator", body)
    body = ["if (iterator->left == 0)", "    return false;",
            "entry->body = iterator->cursor.at;", "entry->size = iterator->cursor.left;",
            "entry->block_length = iterator->block_length;",
            "entry->version = iterator->cursor.version;",
            f"if (!{name}_skip_entry(&iterator->cursor, iterator->block_length)) {{",
            "    iterator->left = 0;", "    return false;", "}",
            "iterator->left--;", "return true;"]
    lines += ["/** The next entry; false after the last. */"]
    return lines + function("bool", name + "_next",
                            f"struct myc_sbe_iterator *iterator, struct {name}_view *entry", body)


def emit_group_writer(names, path, group):
    name = names.lower(*path)
    length_at, length_kind, count_at, count_kind, size = dimension_of(names, group)
    length = f"({group.dimension.members[0].type.primitive.c_type}){group.block_length}U"
    count = group.dimension.members[1].type.primitive
    body = [f"uint8_t *at = myc_sbe_append(writer, {size});", "", "if (!at)", "    return;",
            f"memset(at, 0, {size});",
            f"myc_sbe_store_{names.order}_{length_kind}(at + {length_at}, {length});",
            f"myc_sbe_store_{names.order}_{count_kind}(at + {count_at}, count);"]
    lines = ["/** Appends the group's header; then `count` entries must be appended. */"]
    lines += function("void", name + "_start",
                      f"struct myc_sbe_writer *writer, {count.c_type} count", body)
    body = [f"uint8_t *at = myc_sbe_append(writer, {group.block_length});", "",
            "if (at)", f"    {name}_init(at);", "return at;"]
    lines += ["/** Appends one entry, to be filled with the setters; NULL when the writer is "
              "full. */"]
    return lines + function("void *", name + "_append", "struct myc_sbe_writer *writer", body)


def emit_data(names, owner, block, index):
    data = block.data[index]
    name = names.lower(*owner)
    load = f"myc_sbe_read_data_{names.order}_{data.length.name}(&cursor)"
    body = cursor_at(names, owner, block, len(block.groups), index)
    if data.since:
        body += [f"if (view->version < {data.since})", "    cursor.left = 0;"]
    lines = ["/** The bytes in place, of a view that has verified. */"]
    lines += function("struct myc_sbe_bytes", f"{name}_get_{snake(data.name)}",
                      f"const struct {name}_view *view", body + [f"return {load};"])
    kind = data.length
    body = [f"uint8_t *length = myc_sbe_append(writer, {kind.size});",
            "uint8_t *at = myc_sbe_append(writer, size);", "", "if (!length || !at)",
            "    return;", f"myc_sbe_store_{names.order}_{kind.name}(length, size);",
            "if (size > 0)", "    memcpy(at, from, size);"]
    lines += ["/** Appends the length and a copy of the bytes. */"]
    return lines + function("void", f"{name}_append_{snake(data.name)}",
                            "struct myc_sbe_writer *writer, const void *from, "
                            f"{kind.c_type} size", body)


def empty_tail(names, block, start):
    """Statements that write a block's groups and data as empty, from `at` + start on."""
    lines = []
    for group in block.groups:
        length_at, length_kind, _, _, size = dimension_of(names, group)
        c_type = group.dimension.members[0].type.primitive.c_type
        lines += [f"memset(at + {start}, 0, {size});",
                  f"myc_sbe_store_{names.order}_{length_kind}(at + {start + length_at}, "
                  f"({c_type}){group.block_length}U);"]
        start += size
    for data in block.data:
        lines.append(f"memset(at + {start}, 0, {data.length.size});")
        start += data.length.size
    return lines
