# SPDX-License-Identifier: BSD-3-Clause
"""C for a whole schema: one header, and within it a second section with what sends."""

import os

from c_member import Names
from c_message import emit_message
from c_types import emit_type
from model import snake


def emit_header(schema, prefix=None, has_send=True):
    """The text of the header. `prefix` takes the place of the schema's package in C names."""
    names = Names(snake(prefix or schema.package).strip("_"), schema.is_big_endian)
    guard = f"MYC_SBE_{names.prefix.upper()}_MESSAGES_H"
    source = os.path.basename(schema.file)
    lines = ["/* SPDX-License-Identifier: BSD-3-Clause */", "/**",
             f" * @file Messages of the schema {schema.package}: made from {source} by "
             "mycelium-sbe.", " * Do not edit; edit the schema.", " */",
             f"#ifndef {guard}", f"#define {guard}", "", "#include <mycelium/sbe.h>", "",
             "MYC_BEGIN_DECLS", "",
             f"#define {names.upper('SCHEMA_ID')} {schema.id}U",
             f"#define {names.upper('SCHEMA_VERSION')} {schema.version}U", ""]
    for made in schema.types:
        lines += emit_type(names, made)
    for message in schema.messages:
        lines += emit_message(names, schema, message)
    lines += ["MYC_END_DECLS", "", "#endif", ""]
    return "\n".join(lines)
