# SPDX-License-Identifier: BSD-3-Clause
"""XML with line numbers, and the one kind of error that the generator raises.

The standard library's element tree does not say where an element stood, and an error without a
place is of little use in a schema of a thousand lines, so this builds its own small tree from
expat. Nothing from outside the file is read: no external entity, no DTD.
"""

import xml.parsers.expat

SBE_NAMESPACES = (
    "",
    "http://fixprotocol.io/2016/sbe",
    "http://www.fixprotocol.org/ns/simple/1.0",
    "http://fixprotocol.org/ns/simple/1.0",
)
OWN_NAMESPACE = "urn:mycelium:sbe"


class SchemaError(Exception):
    """What is wrong, where, and what to do about it."""

    def __init__(self, where, text):
        self.file, self.line = where.place() if hasattr(where, "place") else where
        self.text = text
        super().__init__(f"{self.file}:{self.line}: error: {text}")


class Node:
    """One element: its local name, whether it is of our namespace, attributes, children, text."""

    def __init__(self, name, is_own, attributes, file, line):
        self.name = name
        self.is_own = is_own
        self.attributes = attributes
        self.file = file
        self.line = line
        self.children = []
        self.text = ""

    def place(self):
        return self.file, self.line

    def get(self, name, default=None):
        return self.attributes.get(name, default)

    def own(self, name, default=None):
        """An attribute of our namespace."""
        return self.attributes.get("myc:" + name, default)

    def need(self, name):
        value = self.attributes.get(name)
        if value is None or value == "":
            raise SchemaError(self, f"<{self.name}> has no attribute '{name}': add it")
        return value

    def number(self, name, default=None, low=0, high=2**64 - 1):
        value = self.attributes.get(name)
        if value is None:
            if default is None:
                raise SchemaError(self, f"<{self.name}> has no attribute '{name}': add it")
            return default
        try:
            number = int(value, 0) if value.lower().startswith("0x") else int(value)
        except ValueError:
            raise SchemaError(self, f"{name}=\"{value}\" is not a number") from None
        if not low <= number <= high:
            raise SchemaError(self, f"{name}=\"{value}\" is out of range {low} to {high}")
        return number


class _Builder:
    def __init__(self, path):
        self.path = path
        self.stack = []
        self.root = None
        self.parser = xml.parsers.expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.data
        self.parser.EntityDeclHandler = self.entity

    def start(self, qualified, attributes):
        space, _, name = qualified.rpartition(" ")
        line = self.parser.CurrentLineNumber
        if space == "http://www.w3.org/2001/XInclude":
            raise SchemaError((self.path, line),
                              "xi:include is not supported: put the included types into this file")
        if space != OWN_NAMESPACE and space not in SBE_NAMESPACES:
            raise SchemaError((self.path, line), f"<{name}> is of the unknown namespace '{space}': "
                              f"SBE's is '{SBE_NAMESPACES[1]}', ours '{OWN_NAMESPACE}'")
        clean = {}
        for key, value in attributes.items():
            key_space, _, key_name = key.rpartition(" ")
            if key_space in ("", OWN_NAMESPACE):  # others' notes, such as mbx:jsonValue, are theirs
                clean[("myc:" if key_space else "") + key_name] = value
        node = Node(name, space == OWN_NAMESPACE, clean, self.path, line)
        if self.stack:
            self.stack[-1].children.append(node)
        else:
            self.root = node
        self.stack.append(node)

    def end(self, _name):
        self.stack.pop()

    def data(self, text):
        if self.stack:
            self.stack[-1].text += text

    def entity(self, name, *_rest):
        raise SchemaError((self.path, self.parser.CurrentLineNumber),
                          f"the entity '{name}' is not supported: write its text out")


def read_xml(path):
    """The root node of a file."""
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise SchemaError((path, 0), f"cannot be read: {error.strerror}") from None
    builder = _Builder(path)
    try:
        builder.parser.Parse(content, True)
    except xml.parsers.expat.ExpatError as error:
        raise SchemaError((path, error.lineno),
                          f"not well-formed XML: {xml.parsers.expat.ErrorString(error.code)}"
                          ) from None
    return builder.root
