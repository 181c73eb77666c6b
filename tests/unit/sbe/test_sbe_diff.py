# SPDX-License-Identifier: BSD-3-Clause
"""Which changes of a schema break programs of the old version, and which do not."""
import os
import subprocess
import sys
import tempfile
import unittest

PROGRAM = os.path.abspath(sys.argv.pop(1))
sys.path.insert(0, os.path.dirname(PROGRAM))

from diff import compare  # noqa: E402
from reader import read_schema  # noqa: E402

OLD = '''<m:messageSchema xmlns:m="http://fixprotocol.io/2016/sbe" xmlns:myc="urn:mycelium:sbe"
 package="p" id="7" version="3">
<types>
<enum name="Side" encodingType="uint8"><validValue name="Buy">1</validValue></enum>
<enum name="Open" encodingType="uint8" myc:open="true"><validValue name="A">1</validValue></enum>
<set name="Flags" encodingType="uint8"><choice name="Last">1</choice></set>
<type name="Symbol" primitiveType="char" length="8"/>
<type name="Fixed" primitiveType="int8" presence="constant">4</type>
<composite name="Price"><type name="mantissa" primitiveType="int64"/></composite>
<composite name="groupSizeEncoding"><type name="blockLength" primitiveType="uint16"/>
<type name="numInGroup" primitiveType="uint16"/></composite>
<composite name="Text"><type name="length" primitiveType="uint16"/>
<type name="varData" primitiveType="uint8" length="0"/></composite>
</types>
<message name="Order" id="1">
<field name="symbol" id="1" type="Symbol"/>
<field name="price" id="2" type="Price"/>
<field name="side" id="3" type="Side"/>
<field name="open" id="4" type="Open"/>
<field name="flags" id="5" type="Flags"/>
<field name="fixed" id="6" type="Fixed"/>
<field name="size" id="7" type="uint32" presence="optional"/>
<group name="legs" id="8"><field name="ratio" id="1" type="int8"/></group>
<data name="note" id="9" type="Text"/>
</message>
<message name="Cancel" id="2"/>
<myc:protocol name="Gateway"><myc:accept message="Order"/><myc:accept message="Cancel"/>
</myc:protocol>
</m:messageSchema>
'''
SIZE = '<field name="size" id="7" type="uint32" presence="optional"/>\n'
RATIO = '<field name="ratio" id="1" type="int8"/>'
NOTE = '<data name="note" id="9" type="Text"/>\n'
NEWER = ('version="3"', 'version="4"')

# name: (replacements, whether it breaks, words of the finding)
CASES = {
    "nothing": ([], False, []),
    "a_new_last_field": ([NEWER, (SIZE, SIZE + '<field name="n" id="20" type="int8" '
                                  'sinceVersion="4"/>\n')], False, []),
    "a_new_message": ([NEWER, ('<message name="Cancel"', '<message name="New" id="3"/>\n'
                               '<message name="Cancel"')], False, []),
    "a_new_last_data": ([NEWER, (NOTE, NOTE + '<data name="more" id="21" type="Text" '
                                 'sinceVersion="4"/>\n')], False, []),
    "a_new_field_of_a_group": ([NEWER, (RATIO, RATIO + '<field name="n" id="2" type="int8" '
                                        'sinceVersion="4"/>')], False, []),
    "a_value_of_an_open_enum": ([NEWER, ('A">1</validValue>', 'A">1</validValue><validValue '
                                         'name="B">2</validValue>')], False, []),
    "a_value_of_a_closed_enum": ([NEWER, ('Buy">1</validValue>', 'Buy">1</validValue><validValue '
                                          'name="Sell">2</validValue>')], False,
                                 ["note", "'Sell'", "refuse"]),
    "a_new_name": ([('name="size"', 'name="quantity"')], False, ["note", "'quantity'"]),
    "a_new_schema_id": ([('id="7" version', 'id="8" version')], True, ["from 7 to 8"]),
    "another_byte_order": ([('id="7" version', 'id="7" byteOrder="bigEndian" version')], True,
                           ["byte order"]),
    "an_older_version": ([('version="3"', 'version="2"')], True, ["back to 2"]),
    "a_version_not_raised": ([('<message name="Cancel"', '<message name="New" id="3"/>\n'
                               '<message name="Cancel"')], True, ["still 3", "raise it"]),
    "a_removed_message": ([('<message name="Cancel" id="2"/>', ""),
                           ('<myc:accept message="Cancel"/>', "")], True,
                          ["'Cancel'", "removed"]),
    "a_removed_field": ([(SIZE, "")], True, ["'size'", "removed"]),
    "a_moved_field": ([('id="7" type="uint32"', 'id="7" offset="24" type="uint32"')], True,
                      ["'size'", "moved from 19 to 24"]),
    "a_field_of_another_type": ([('type="uint32"', 'type="int32"')], True,
                                ["was uint32, is int32"]),
    "a_longer_array": ([('length="8"', 'length="9"')], True, ["char[8]", "char[9]"]),
    "a_new_field_without_since": ([NEWER, (SIZE, SIZE + '<field name="n" id="20" type="int8"/>\n')],
                                  True, ["'n'", "sinceVersion 0", "give it 4"]),
    "a_new_field_in_the_middle": ([NEWER, (SIZE, '<field name="n" id="20" type="int8" offset="19" '
                                           'sinceVersion="4"/>\n' +
                                           SIZE.replace("type=", 'offset="20" type='))], True,
                                  ["'n'", "at 19", "put it at the end"]),
    "a_field_no_longer_optional": ([(' presence="optional"', "")], False, ["note", "null"]),
    "a_field_that_becomes_optional": ([('name="side" id="3"', 'name="side" id="3" '
                                        'presence="optional"')], True, ["became optional"]),
    "another_constant": ([('"constant">4<', '"constant">5<')], True, ["constant changed"]),
    "a_changed_enum_value": ([('Buy">1<', 'Buy">2<')], True, ["'Buy' (1)"]),
    "a_moved_bit": ([('Last">1<', 'Last">2<')], True, ["'Last' (1)"]),
    "a_composite_that_grew": ([('primitiveType="int64"/>', 'primitiveType="int64"/><type '
                                'name="exponent" primitiveType="int8"/>')], True,
                              ["composite 'Price'", "make a new composite"]),
    "another_group_header": ([('"numInGroup" primitiveType="uint16"',
                               '"numInGroup" primitiveType="uint8"')], True, ["another size"]),
    "another_length_of_data": ([('"length" primitiveType="uint16"',
                                 '"length" primitiveType="uint8"')], True, ["was a uint16"]),
    "a_group_before_old_data": ([NEWER, ("</group>", '</group><group name="g" id="22" '
                                         'sinceVersion="4"/>')], True, ["before data"]),
    "a_protocol_that_accepts_less": ([('<myc:accept message="Cancel"/>', "")], True,
                                     ["no longer accepts 'Cancel'"]),
}


class Diff(unittest.TestCase):
    """One test for each case of the table is added below."""

    def with_schemas(self, new, act):
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("old.xml", "new.xml")]
            for path, text in zip(paths, (OLD, new)):
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)
            return act(*paths)

    def check(self, replacements, is_breaking, words):
        new = OLD
        for old_text, new_text in replacements:
            self.assertIn(old_text, new)
            new = new.replace(old_text, new_text)
        findings = self.with_schemas(new, lambda *paths: compare(*map(read_schema, paths)))
        said = "\n".join(map(str, findings))
        self.assertEqual(any(finding.is_breaking for finding in findings), is_breaking, said)
        for word in words:
            self.assertIn(word, said)

    def exit_code(self, new):
        return self.with_schemas(new, lambda *paths: subprocess.run(
            [sys.executable, "-B", PROGRAM, "diff", *paths], capture_output=True,
            check=False).returncode)

    def test_the_exit_code_says_whether_it_breaks(self):
        self.assertEqual(self.exit_code(OLD), 0)
        self.assertEqual(self.exit_code(OLD.replace(SIZE, "")), 1)
        self.assertEqual(self.exit_code("<a/>"), 2)


def case(arguments):
    return lambda self: self.check(*arguments)


for case_name, case_arguments in CASES.items():
    setattr(Diff, "test_" + case_name, case(case_arguments))

if __name__ == "__main__":
    unittest.main(verbosity=1)
