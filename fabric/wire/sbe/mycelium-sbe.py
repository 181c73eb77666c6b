#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""mycelium-sbe: C11 and C++17 message code from a FIX SBE 1.0 schema.

The modules beside it, in the order in which a schema passes through them: source (XML with line
numbers), reader_types and reader (XML to model, all checks), model (plain data), then what writes:
c_member, c_types, c_block, c_group, c_message, c_send, c_header, lua; diff compares two models.
README.md describes the subset of SBE and the code that comes out.
"""

import argparse
import os
import sys

from c_header import emit_header
from diff import compare
from lua import emit_lua
from reader import read_schema
from source import SchemaError


def command_header(arguments):
    text = emit_header(read_schema(arguments.schema), arguments.prefix)
    write(arguments.output, text)
    return 0


def command_lua(arguments):
    write(arguments.output, emit_lua(read_schema(arguments.schema), arguments.prefix))
    return 0


def command_diff(arguments):
    findings = compare(read_schema(arguments.old), read_schema(arguments.new))
    for finding in findings:
        print(finding)
    return 1 if any(finding.is_breaking for finding in findings) else 0


def write(path, text):
    """Whole or not at all: a build that was cut off must not leave half a header."""
    if path == "-":
        sys.stdout.write(text)
        return
    partial = path + ".partial"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(partial, path)


def main():
    parser = argparse.ArgumentParser(prog="mycelium-sbe", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, run, text in (("header", command_header, "write the C header of a schema"),
                            ("lua", command_lua, "write a Wireshark plugin for a schema")):
        writer = commands.add_parser(name, help=text)
        writer.add_argument("schema", help="SBE XML file")
        writer.add_argument("-o", "--output", default="-", help="file to write (default: stdout)")
        writer.add_argument("--prefix", help="prefix of all names in place of the schema's package")
        writer.set_defaults(run=run)
    difference = commands.add_parser("diff", help="compare two versions of a schema; exit code 1 "
                                     "when programs of both could not talk to one another")
    difference.add_argument("old", help="SBE XML file, as it was")
    difference.add_argument("new", help="SBE XML file, as it is")
    difference.set_defaults(run=command_diff)
    arguments = parser.parse_args()
    try:
        return arguments.run(arguments)
    except (SchemaError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
