# SPDX-License-Identifier: BSD-3-Clause
"""C for a whole schema: one header in two sections, so that what only reads bytes (a feed decoder,
a tool) does not need the actors' API."""

import os

from c_member import Names
from c_message import emit_message
from c_send import emit_protocol, emit_protocol_send, emit_send
from c_types import emit_type
from model import snake


def emit_header(schema, prefix=None):
    """The text of the header. `prefix` takes the place of the schema's package in C names."""
    names = Names(snake(prefix or schema.package).strip("_"), schema.is_big_endian)
    guard = f"MYC_SBE_{names.prefix.upper()}_MESSAGES_H"
    source = os.path.basename(schema.file)
    lines = ["/* SPDX-License-Identifier: BSD-3-Clause */", "/**",
             f" * @file Messages of the schema {schema.package}: made from {source} by "
             "mycelium-sbe.",
             " * Do not edit; edit the schema. Define MYC_SBE_WITHOUT_SEND before including it to "
             "leave out", " * what sends.", " */",
             f"#ifndef {guard}", f"#define {guard}", "", "#include <mycelium/sbe.h>", "",
             "MYC_BEGIN_DECLS", "",
             f"#define {names.upper('SCHEMA_ID')} {schema.id}U",
             f"#define {names.upper('SCHEMA_VERSION')} {schema.version}U", ""]
    for made in schema.types:
        lines += emit_type(names, made)
    for message in schema.messages:
        lines += emit_message(names, schema, message)
    for protocol in schema.protocols:
        lines += emit_protocol(names, protocol)
    lines += ["MYC_END_DECLS", "", "#endif", ""] + emit_send_section(names, schema)
    return "\n".join(wrap(line) for line in lines) + "\n"


def emit_send_section(names, schema):
    guard = f"MYC_SBE_{names.prefix.upper()}_SEND_H"
    lines = [f"#if !defined({guard}) && !defined(MYC_SBE_WITHOUT_SEND)", f"#define {guard}", "",
             "#include <mycelium/send.h>", "", "MYC_BEGIN_DECLS", ""]
    for message in schema.messages:
        lines += emit_send(names, message)
    for protocol in schema.protocols:
        lines += emit_protocol_send(names, protocol)
    return lines + ["MYC_END_DECLS", "", "#endif"]


def wrap(line, width=100):
    """Breaks a long line of code after a comma or operator, and a long comment between words."""
    out, first = [], line
    indent = line[:len(line) - len(line.lstrip())]
    is_comment = line.lstrip().startswith("/**") and line.endswith("*/")
    while len(first) > width and '"' not in first and not first.startswith("#"):
        at = first.rfind(" ", len(indent) + 8, width)
        if at < 0:
            break
        out.append(first[:at])
        first = indent + (" *  " if is_comment else "        ") + first[at + 1:]
    return "\n".join(out + [first])
