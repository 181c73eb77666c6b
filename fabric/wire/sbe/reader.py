# SPDX-License-Identifier: BSD-3-Clause
"""Reads a schema into the model and refuses, with its place, whatever is wrong or not supported.

First the types (reader_types), then messages, then our own <myc:protocol>. Offsets are resolved
here, so an overlap is found here.
"""

from model import Composite, Data, Group, Member, Message, Protocol, Scalar, Schema
from reader_types import BLOCK_SIZE_MAX, TypeReader
from source import SchemaError, read_xml

LENGTH_ENCODINGS = ("uint8", "uint16", "uint32")


def read_schema(path):
    root = read_xml(path)
    if root.name != "messageSchema":
        raise SchemaError(root, f"the root is <{root.name}>, not <messageSchema>: "
                          "this is no SBE schema")
    return _Reader(root).read()


class _Reader(TypeReader):
    def __init__(self, root):
        super().__init__()
        self.root = root

    def read(self):
        root = self.root
        order = root.get("byteOrder", "littleEndian")
        if order not in ("littleEndian", "bigEndian"):
            raise SchemaError(root, f"byteOrder=\"{order}\": it is littleEndian or bigEndian")
        schema = Schema(root.file, root.get("package", "sbe"), root.number("id", 0, 0, 65535),
                        root.number("version", 0, 0, 65535), order == "bigEndian")
        self.version = schema.version
        for node in root.children:
            if node.name == "types" and not node.is_own:
                self.collect(node)
        for name in list(self.nodes):
            self.type_named(name, root)
        schema.types = self.order
        for node in root.children:
            if node.is_own and node.name == "protocol":
                continue
            if node.name == "message" and not node.is_own:
                schema.messages.append(self.message(node, schema.messages))
            elif node.name != "types":
                raise SchemaError(node, f"<{node.name}> is not supported here: "
                                  "a schema holds types, message and myc:protocol")
        for node in root.children:
            if node.is_own and node.name == "protocol":
                schema.protocols.append(self.protocol(node, schema.messages))
        return schema

    # ---- fields -----------------------------------------------------------------------------

    def since(self, node):
        since = node.number("sinceVersion", 0, 0, 65535)
        if since > self.version:
            raise SchemaError(node, f"sinceVersion {since} is later than the schema's version "
                              f"{self.version}: raise the schema's version")
        return since

    def field(self, node):
        made = self.type_named(node.need("type"), node)
        if isinstance(made, Composite) and made.is_variable:
            raise SchemaError(node, f"'{made.name}' is of variable length: use <data>")
        member = Member(node.need("name"), made,
                        presence=self.presence(node, getattr(made, "presence", "required")),
                        since=self.since(node), id=node.number("id", None, 0, 65535),
                        description=node.get("description", ""), where=node)
        self.values_of(node, member)
        if isinstance(made, Scalar) and made.count == 0 and member.presence != "constant":
            raise SchemaError(node, f"type '{made.name}' has length 0: only the varData of a "
                              "data encoding may")
        return member

    def block(self, node, what, path):
        """Fields, groups and data of a message or group, and its block length."""
        fields, groups, data = [], [], []
        for child in node.children:
            if child.name == "field" and not (groups or data):
                fields.append(self.field(child))
            elif child.name == "group" and not data:
                groups.append(self.group(child, path))
            elif child.name == "data":
                data.append(self.data(child))
            else:
                raise SchemaError(child, f"<{child.name}> is not possible here: within <{what}> "
                                  "stand field, then group, then data")
        self.unique(fields + groups + data)
        ids = {}
        for item in fields + groups + data:
            if item.id in ids:
                raise SchemaError(item.where, f"id {item.id} of '{item.name}' is also that of "
                                  f"'{ids[item.id]}': give it another")
            ids[item.id] = item.name
        size = self.place(node, fields)
        length = node.number("blockLength", size, 0, BLOCK_SIZE_MAX)
        if length < size:
            raise SchemaError(node, f"blockLength {length} is less than the {size} bytes of its "
                              f"fields: use {size} or more, or leave it out")
        self.versions_grow(fields)
        return fields, groups, data, length

    @staticmethod
    def versions_grow(fields):
        """A new field before an old one would move the old one away from its readers."""
        latest = 0
        for member in fields:
            if member.presence == "constant":
                continue
            if member.since < latest and member.where.get("offset") is None:
                raise SchemaError(member.where, f"'{member.name}' (sinceVersion {member.since}) "
                                  f"stands after a field of version {latest}: new fields are "
                                  "added at the end (or give its offset)")
            latest = max(latest, member.since)

    def group(self, node, path):
        name = node.get("dimensionType", "groupSizeEncoding")
        dimension = self.type_named(name, node)
        names = [m.name for m in dimension.members] if isinstance(dimension, Composite) else []
        if names[:2] != ["blockLength", "numInGroup"]:
            raise SchemaError(node, f"dimensionType '{name}' must be a composite of blockLength "
                              "and numInGroup")
        for member in dimension.members[:2]:
            if getattr(member.type, "primitive", None) is None or \
                    member.type.primitive.name not in LENGTH_ENCODINGS:
                raise SchemaError(member.where, f"'{member.name}' must be one of "
                                  + ", ".join(LENGTH_ENCODINGS))
        path += "_" + node.need("name")
        self.claim(node, path)
        self.claim(node, path + "View")
        fields, groups, data, length = self.block(node, "group", path)
        return Group(node.need("name"), node.number("id", None, 0, 65535), length, fields, groups,
                     data, dimension, self.since(node), node.get("description", ""), node)

    def data(self, node):
        made = self.type_named(node.need("type"), node)
        members = made.members if isinstance(made, Composite) else []
        if [m.name for m in members] != ["length", "varData"] or not made.is_variable:
            raise SchemaError(node, f"the type '{made.name}' of <data> must be a composite of "
                              "length and varData, the latter of length 0")
        length, content = members[0].type, members[1].type
        if length.primitive.name not in LENGTH_ENCODINGS or content.primitive.size != 1:
            raise SchemaError(node, f"'{made.name}': length must be one of "
                              f"{', '.join(LENGTH_ENCODINGS)}, and varData of bytes")
        return Data(node.need("name"), node.number("id", None, 0, 65535), length.primitive,
                    self.since(node), node.get("description", ""), node)

    # ---- messages and protocols -------------------------------------------------------------

    def message(self, node, others):
        name = node.need("name")
        number = node.number("id", None, 0, 65535)
        for other in others:
            if other.id == number:
                raise SchemaError(node, f"id {number} of message '{name}' is also that of "
                                  f"'{other.name}' in line {other.where.line}: give it another")
        self.claim(node, name)
        self.claim(node, name + "View")
        fields, groups, data, length = self.block(node, "message", name)
        return Message(name, number, length, fields, groups, data, self.since(node),
                       node.get("description", ""), node)

    def protocol(self, node, messages):
        by_name = {message.name: message for message in messages}
        name = node.need("name")
        accepts = []
        for child in node.children:
            if child.name != "accept" or not child.is_own:
                raise SchemaError(child, f"<{child.name}> is not supported within <myc:protocol>: "
                                  "it holds myc:accept")
            message = child.need("message")
            if message not in by_name:
                raise SchemaError(child, f"protocol '{name}' accepts the unknown message "
                                  f"'{message}': define it in this schema")
            accepts.append(by_name[message])
        if not accepts:
            raise SchemaError(node, f"protocol '{name}' accepts nothing: add <myc:accept "
                              "message=\"...\"/>")
        self.claim(node, name + "Ref")
        self.claim(node, name + "Accepts")
        return Protocol(name, accepts, node.get("description", ""), node)
