# SPDX-License-Identifier: BSD-3-Clause
"""Reads the structs, enums and numbers of the wire's headers, so that nobody writes them twice.

It knows what those headers use: fields of fixed width, arrays of them, natural alignment without
holes. Whatever else it meets in a struct of the wire, it refuses.
"""

import re

SIZES = {"uint8_t": 1, "uint16_t": 2, "uint32_t": 4, "uint64_t": 8}
STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)^\}(?: FAB_UNALIGNED)?;", re.MULTILINE | re.DOTALL)
ENUM = re.compile(r"^enum (\w+) \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)
DEFINE = re.compile(r"^#define (\w+)\s+\(?([\w\s<|*+-]+?)\)?$", re.MULTILINE)
FIELD = re.compile(r"^(\w+) (\w+)(?:\[(\w+)\])?$")
SIZEOF = re.compile(r"static_assert\(sizeof\(struct (\w+)\) == (\w+),")


class LayoutError(Exception):
    """A header that this reader does not understand."""


class Layout:
    """structs: name to (size, [(field, offset, bytes of one, count)]); enums: name to pairs."""

    def __init__(self):
        self.numbers, self.enums, self.structs = {}, {}, {}

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
        text = re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE)
        for name, value in DEFINE.findall(text):
            number = self.number(value)
            if number is not None:
                self.numbers[name] = number
        for name, body in ENUM.findall(text):
            self.enums[name] = self.choices(name, body)
        sizes = dict(SIZEOF.findall(text))
        for name, body in STRUCT.findall(text):
            if name in sizes:
                self.structs[name] = self.fields(name, body, self.number(sizes[name]))

    def number(self, text):
        """The value of an expression over numbers that are known; None: it is something else."""
        parts = re.findall(r"\w+|<<|[|*+-]", text)
        for i, part in enumerate(parts):
            literal = re.fullmatch(r"(0x[0-9a-fA-F]+|\d+)[UL]*", part)
            if literal:
                parts[i] = literal.group(1)
            elif part in self.numbers:
                parts[i] = str(self.numbers[part])
            elif part[0].isalpha() or part[0] == "_":
                return None
        try:
            return eval(" ".join(parts), {"__builtins__": {}})  # digits and operators only
        except SyntaxError:
            return None

    def choices(self, name, body):
        pairs, value = [], -1
        for entry in filter(None, (part.strip() for part in body.split(","))):
            word, _, given = (part.strip() for part in entry.partition("="))
            value = self.number(given) if given else value + 1
            if value is None:
                raise LayoutError(f"enum {name}: cannot read {entry}")
            self.numbers[word] = value
            pairs.append((word, value))
        return pairs

    def fields(self, name, body, stated):
        rows, offset = [], 0
        for entry in filter(None, (" ".join(part.split()) for part in body.split(";"))):
            match = FIELD.match(entry)
            if not match or match.group(1) not in SIZES:
                raise LayoutError(f"struct {name}: cannot read {entry}")
            size = SIZES[match.group(1)]
            count = self.number(match.group(3)) if match.group(3) else 1
            if offset % size:
                raise LayoutError(f"struct {name}: a hole before {match.group(2)}")
            rows.append((match.group(2), offset, size, count))
            offset += size * count
        if offset != stated:
            raise LayoutError(f"struct {name}: {offset} bytes, but the header says {stated}")
        return offset, rows
