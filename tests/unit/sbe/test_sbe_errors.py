# SPDX-License-Identifier: BSD-3-Clause
"""What mycelium-sbe refuses: each error has its file, its line and what to do."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, os.path.dirname(PROGRAM))

from reader import read_schema  # noqa: E402
from source import SchemaError  # noqa: E402

HEAD = '<messageSchema package="bad" id="200" version="1">\n<types>\n'
TYPES = HEAD + '''<enum name="Side" encodingType="char"><validValue name="Buy">B</validValue></enum>
<composite name="groupSizeEncoding"><type name="blockLength" primitiveType="uint16"/>
<type name="numInGroup" primitiveType="uint8"/></composite>
<composite name="Text"><type name="length" primitiveType="uint8"/>
<type name="varData" primitiveType="uint8" length="0"/></composite>
</types>
'''
TAIL = "</messageSchema>\n"


def types(text):
    return HEAD + text + "</types>\n" + TAIL


def message(text, attributes='name="M" id="1"'):
    return TYPES + f"<message {attributes}>\n{text}\n</message>\n" + TAIL


# name of the case: (schema, line of the error, words that the error must have)
CASES = {
    "no_xml": ("hello", 1, ["not well-formed"]),
    "another_root": ("<a/>", 1, ["<a>", "messageSchema"]),
    "unknown_namespace": ('<x:messageSchema xmlns:x="urn:x"/>', 1, ["urn:x"]),
    "bad_byte_order": ('<messageSchema byteOrder="middle"/>', 1, ["middle", "bigEndian"]),
    "bad_schema_id": ('<messageSchema id="65536"/>', 1, ["65536", "out of range"]),
    "no_number": ('<messageSchema id="one"/>', 1, ["one", "not a number"]),
    "include": ('<messageSchema xmlns:xi="http://www.w3.org/2001/XInclude">\n'
                '<xi:include href="a"/></messageSchema>', 2, ["xi:include", "not supported"]),
    "unknown_primitive": (types('<type name="T" primitiveType="int128"/>'), 3,
                          ["int128", "uint64"]),
    "type_twice": (types('<type name="T" primitiveType="int8"/>\n'
                         '<type name="T" primitiveType="int8"/>'), 4, ["'T'", "twice", "line 3"]),
    "same_c_name": (types('<enum name="TopSide" encodingType="int8"><validValue name="a">1'
                          '</validValue></enum>\n<enum name="topSide" encodingType="int8">'
                          '<validValue name="b">1</validValue></enum>'), 4, ["top_side", "rename"]),
    "composite_in_itself": (types('<composite name="C"><ref name="c" type="C"/></composite>'), 3,
                            ["'C'", "contains itself"]),
    "wide_enum": (types('<enum name="E" encodingType="uint64"><validValue name="a">1</validValue>'
                        '</enum>'), 3, ["uint64", "not supported", "uint8"]),
    "enum_value_too_big": (types('<enum name="E" encodingType="int8">\n<validValue name="a">128'
                                 '</validValue></enum>'), 4, ["128", "int8"]),
    "enum_value_twice": (types('<enum name="E" encodingType="int8">\n<validValue name="a">1'
                               '</validValue>\n<validValue name="b">1</validValue></enum>'), 5,
                         ["'b'", "'a'"]),
    "enum_values_of_one_name": (types('<set name="Top" encodingType="uint8"><choice '
                                      'name="BookReset">1</choice></set>\n'
                                      '<enum name="TopBook" encodingType="int8">'
                                      '<validValue name="Reset">1</validValue></enum>'), 4,
                                ["TOP_BOOK_RESET", "'Top'", "rename"]),
    "set_bit_too_high": (types('<set name="S" encodingType="uint8">\n<choice name="a">8</choice>'
                               '</set>'), 4, ["bit '8'", "0 to 7"]),
    "constant_without_value": (types('<type name="T" primitiveType="int8" presence="constant"/>'),
                               3, ["'T'", "no value"]),
    "null_too_big": (types('<type name="T" primitiveType="int8" presence="optional" '
                           'nullValue="300"/>'), 3, ["300", "int8"]),
    "member_since": (types('<composite name="C"><type name="a" primitiveType="int8"/>\n'
                           '<type name="b" primitiveType="int8" sinceVersion="1"/></composite>'),
                     4, ["sinceVersion", "composite"]),
    "false_ref": (types('<composite xmlns:myc="urn:mycelium:sbe" myc:ref="true" name="R">'
                        '<type name="a" primitiveType="int8"/></composite>'), 3, ["two uint64"]),
    "unknown_type": (message('<field name="f" id="1" type="Price"/>'), 10,
                     ["unknown type 'Price'", "Side"]),
    "field_id_twice": (message('<field name="f" id="1" type="int8"/>\n'
                               '<field name="g" id="1" type="int8"/>'), 11, ["id 1", "'f'"]),
    "field_name_twice": (message('<field name="someF" id="1" type="int8"/>\n'
                                 '<field name="SomeF" id="2" type="int8"/>'), 11,
                         ["some_f", "rename"]),
    "offset_overlap": (message('<field name="f" id="1" type="int32"/>\n'
                               '<field name="g" id="2" type="int8" offset="3"/>'), 11,
                       ["offset 3", "'g'", "overlaps", "use 4 or more"]),
    "short_block": (message('<field name="f" id="1" type="int32"/>',
                            'name="M" id="1" blockLength="3"'), 9, ["blockLength 3", "4 bytes"]),
    "since_of_the_future": (message('<field name="f" id="1" type="int8" sinceVersion="2"/>'), 10,
                            ["sinceVersion 2", "version 1"]),
    "old_after_new": (message('<field name="f" id="1" type="int8" sinceVersion="1"/>\n'
                              '<field name="g" id="2" type="int8"/>'), 11,
                      ["'g'", "added at the end"]),
    "constant_with_a_taken_name": (message('<field name="size" id="1" type="Side" '
                                           'presence="constant" valueRef="Side.Buy"/>'), 10,
                                   ["'size'", "rename"]),
    "group_name_taken": (TYPES + '<message name="A" id="1"><group name="b" id="1"/></message>\n'
                         '<message name="A_b" id="2"/>' + TAIL, 10, ["a_b", "rename"]),
    "bad_presence": (message('<field name="f" id="1" type="int8" presence="maybe"/>'), 10,
                     ["maybe", "optional"]),
    "bad_value_reference": (message('<field name="f" id="1" type="Side" presence="constant" '
                                    'valueRef="Side.Sell"/>'), 10, ["Side.Sell", "Enum.Value"]),
    "data_as_field": (message('<field name="f" id="1" type="Text"/>'), 10, ["use <data>"]),
    "field_as_data": (message('<data name="d" id="1" type="Side"/>'), 10, ["varData"]),
    "field_after_group": (message('<group name="g" id="1"><field name="f" id="1" type="int8"/>'
                                  '</group>\n<field name="f" id="2" type="int8"/>'), 11,
                          ["<field>", "field, then group, then data"]),
    "bad_dimension": (message('<group name="g" id="1" dimensionType="Text"/>'), 10,
                      ["blockLength", "numInGroup"]),
    "message_id_twice": (TYPES + '<message name="A" id="7"/>\n<message name="B" id="7"/>' + TAIL,
                         10, ["id 7", "'A'", "line 9"]),
    "message_without_id": (TYPES + '<message name="A"/>' + TAIL, 9, ["no attribute 'id'"]),
    "foreign_element": (TYPES + '<template name="A"/>' + TAIL, 9, ["<template>", "not supported"]),
    "unknown_accept": (TYPES + '<p:protocol xmlns:p="urn:mycelium:sbe" name="P">\n'
                       '<p:accept message="Gone"/></p:protocol>' + TAIL, 10, ["'Gone'"]),
    "empty_protocol": (TYPES + '<p:protocol xmlns:p="urn:mycelium:sbe" name="P"/>' + TAIL, 9,
                       ["accepts nothing"]),
    "view_name_taken": (TYPES + '<message name="A" id="1"/><message name="AView" id="2"/>' + TAIL,
                        9, ["a_view", "rename"]),
}


def generate(path, *arguments):
    return subprocess.run([sys.executable, "-B", PROGRAM, "header", path, *arguments],
                          capture_output=True, text=True, check=False)


class Errors(unittest.TestCase):
    """One test for each case of the table is added below."""

    def check(self, schema, line, words):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(schema)
            with self.assertRaises(SchemaError) as raised:
                read_schema(path)
        error = str(raised.exception)
        self.assertTrue(error.startswith(f"{path}:{line}: error: "), error)
        for word in words:
            self.assertIn(word, error)

    def test_the_program_prints_the_error_and_leaves_no_half_header(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "bad.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(message('<field name="f" id="1" type="Price"/>'))
            result = generate(path, "-o", os.path.join(folder, "bad.h"))
            self.assertEqual(result.returncode, 2)
            self.assertTrue(result.stderr.startswith(f"{path}:10: error: unknown type"))
            self.assertEqual(os.listdir(folder), ["bad.xml"])

    def test_a_file_that_is_not_there(self):
        result = generate("/nowhere/at/all.xml")
        self.assertEqual(result.returncode, 2)
        self.assertIn("/nowhere/at/all.xml:0: error: cannot be read", result.stderr)

    def test_the_frame_of_the_cases_is_sound(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "good.xml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(message('<field name="f" id="1" type="Side"/>'))
            result = generate(path)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("struct bad_m {", result.stdout)


def case(arguments):
    return lambda self: self.check(*arguments)


for case_name, case_arguments in CASES.items():
    setattr(Errors, "test_" + case_name, case(case_arguments))

if __name__ == "__main__":
    unittest.main(verbosity=1)
