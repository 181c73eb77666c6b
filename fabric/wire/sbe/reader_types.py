# SPDX-License-Identifier: BSD-3-Clause
"""Reads <types> into the model: primitives, enums, sets, composites.

A type is read when it is first asked for, so a composite may use what follows it; one that contains
itself is found on the way.
"""

from model import Choice, Composite, Enum, Member, PRIMITIVES, Scalar, Set, c_member, snake
from source import SchemaError

ENUM_ENCODINGS = ("char", "int8", "uint8", "int16", "uint16", "int32")
SET_ENCODINGS = ("uint8", "uint16", "uint32", "uint64")
BLOCK_SIZE_MAX = 65535
TAKEN_CONSTANTS = ("size", "key", "template_id", "block_length")  # macros of every block


def literal(where, primitive, text, what):
    """Text of a value of a primitive as a C literal."""
    text = text.strip()
    if primitive.name == "char":
        if text.lstrip("-").isdigit() and len(text) > 1:
            return text
        if len(text) != 1:
            raise SchemaError(where, f"{what} '{text}' is not one character")
        return {"'": "'\\''", "\\": "'\\\\'"}.get(text, f"'{text}'")
    if primitive.is_float:
        try:
            value = float(text)
        except ValueError:
            raise SchemaError(where, f"{what} '{text}' is not a number") from None
        if value != value:
            return primitive.null
        if value in (float("inf"), float("-inf")):
            return ("-" if value < 0 else "") + "INFINITY"
        return repr(value) + ("f" if primitive.name == "float" else "")
    try:
        value = int(text, 0) if text.lower().startswith(("0x", "-0x")) else int(text)
    except ValueError:
        raise SchemaError(where, f"{what} '{text}' is not a whole number") from None
    if not primitive.low <= value <= primitive.high:
        raise SchemaError(where, f"{what} {value} does not fit {primitive.name} "
                          f"({primitive.low} to {primitive.high})")
    bits = primitive.size * 8
    if primitive.low < 0 and value == primitive.low:
        return f"INT{bits}_MIN"
    return f"{'' if primitive.low < 0 else 'U'}INT{bits}_C({value})"


class TypeReader:
    """The types of one schema, by name."""

    def __init__(self):
        self.nodes = {}
        self.types = {}
        self.order = []  # in which C can take them
        self.open = []  # being read, to find one that contains itself
        self.names = {}  # C names of structs and enums
        self.constants = {}  # C names of the values of enums and sets

    def claim(self, where, name):
        """Two things of one C name would not compile, far from the place that could say why."""
        c_name = snake(name)
        if c_name in self.names:
            raise SchemaError(where, f"'{name}' and '{self.names[c_name]}' have the same name in "
                              f"C, {c_name}: rename one")
        self.names[c_name] = name

    def collect(self, types):
        for node in types.children:
            if node.name not in ("type", "composite", "enum", "set") or node.is_own:
                raise SchemaError(node, f"<{node.name}> is not supported within <types>")
            name = node.need("name")
            if name in self.nodes:
                raise SchemaError(node, f"type '{name}' is defined twice, first in line "
                                  f"{self.nodes[name].line}: rename one")
            if name in PRIMITIVES and node.get("primitiveType") != name:
                raise SchemaError(node, f"'{name}' is a primitive type of SBE: "
                                  "choose another name")
            self.nodes[name] = node

    def type_named(self, name, where):
        if name in self.types:
            return self.types[name]
        if name not in self.nodes:
            if name in PRIMITIVES:
                return Scalar(name, PRIMITIVES[name])
            known = ", ".join(sorted(self.nodes)) or "none"
            raise SchemaError(where, f"unknown type '{name}': define it in <types> "
                              f"(defined: {known}) or use a primitive")
        if name in self.open:
            raise SchemaError(self.nodes[name], f"composite '{name}' contains itself")
        self.open.append(name)
        made = self.make_type(self.nodes[name])
        self.open.pop()
        self.types[name] = made
        if not isinstance(made, Scalar):
            self.claim(made.where, name)
            self.order.append(made)
        return made

    def make_type(self, node):
        made = {"type": self.scalar, "enum": self.enum, "set": self.set,
                "composite": self.composite}
        return made[node.name](node)

    def scalar(self, node):
        name = node.need("name")
        primitive_name = node.need("primitiveType")
        if primitive_name not in PRIMITIVES:
            raise SchemaError(node, f"unknown primitiveType '{primitive_name}': it is one of "
                              + ", ".join(sorted(PRIMITIVES)))
        primitive = PRIMITIVES[primitive_name]
        scalar = Scalar(name, primitive, node.number("length", 1, 0, BLOCK_SIZE_MAX),
                        self.presence(node), description=node.get("description", ""), where=node)
        if scalar.presence == "constant":
            text = node.text.strip()
            if not text and not node.get("valueRef"):
                raise SchemaError(node, f"constant '{name}' has no value: write it as the "
                                  "element's text")
            if text:
                scalar.constant = self.constant(node, scalar, text)
        if node.get("nullValue") is not None:
            scalar.null = literal(node, primitive, node.get("nullValue"), "nullValue")
        return scalar

    @staticmethod
    def constant(node, scalar, text):
        if scalar.primitive.name == "char" and (scalar.count != 1 or len(text) > 1):
            scalar.count = max(scalar.count, len(text))
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return literal(node, scalar.primitive, text, "constant")

    @staticmethod
    def presence(node, default="required"):
        presence = node.get("presence", default)
        if presence not in ("required", "optional", "constant"):
            raise SchemaError(node, f"presence=\"{presence}\": not required, optional or constant")
        return presence

    def encoding(self, node, allowed):
        """The primitive of an enum or set; the attribute may name a type of the schema."""
        name = node.need("encodingType")
        made = self.type_named(name, node)
        if not isinstance(made, Scalar) or made.count != 1:
            raise SchemaError(node, f"encodingType '{name}' is not a single number")
        if made.primitive.name not in allowed:
            raise SchemaError(node, f"encodingType '{name}' ({made.primitive.name}) is not "
                              f"supported for <{node.name}>: use one of {', '.join(allowed)}")
        return made

    def enum(self, node):
        encoding = self.encoding(node, ENUM_ENCODINGS)
        primitive = encoding.primitive
        choices = []
        for child in node.children:
            if child.name != "validValue":
                raise SchemaError(child, f"<{child.name}> is not supported within <enum>")
            self.add_choice(child, choices, self.enum_value(child, primitive))
        if not choices:
            raise SchemaError(node, f"enum '{node.need('name')}' has no <validValue>: add one")
        self.claim_choices(node, choices, node.own("c-prefix"))
        return Enum(node.need("name"), primitive, choices, node.own("open") == "true",
                    node.own("c-type"), node.own("c-prefix"), encoding.presence, encoding.null,
                    node.get("description", ""), node)

    @staticmethod
    def enum_value(child, primitive):
        text = child.text.strip()
        literal(child, primitive, text, "value")
        if primitive.name != "char":
            return int(text, 16 if text.lower().startswith(("0x", "-0x")) else 10)
        value = ord(text) if len(text) == 1 else int(text)
        if not 0 <= value < 128:
            raise SchemaError(child, f"value '{text}' is not an ASCII character")
        return value

    def set(self, node):
        primitive = self.encoding(node, SET_ENCODINGS).primitive
        choices = []
        for child in node.children:
            if child.name != "choice":
                raise SchemaError(child, f"<{child.name}> is not supported within <set>")
            text = child.text.strip()
            if not text.isdigit() or int(text) >= primitive.size * 8:
                raise SchemaError(child, f"bit '{text}' of choice '{child.need('name')}' is not "
                                  f"a bit of {primitive.name}: 0 to {primitive.size * 8 - 1}")
            self.add_choice(child, choices, int(text))
        self.claim_choices(node, choices)
        return Set(node.need("name"), primitive, choices, node.get("description", ""), node)

    def claim_choices(self, node, choices, c_prefix=None):
        """Values of all enums and sets share C's one space of names."""
        for choice in choices:
            name = (c_prefix or snake(node.need("name")) + "_") + snake(choice.name)
            other = self.constants.setdefault(name, node)
            if other is not node:
                raise SchemaError(node, f"'{choice.name}' has the same name in C, "
                                  f"{name.upper()}, as a value of '{other.need('name')}': "
                                  "rename one")

    @staticmethod
    def add_choice(child, choices, value):
        name = child.need("name")
        for other in choices:
            if snake(other.name) == snake(name) or other.value == value:
                raise SchemaError(child, f"'{name}' ({value}) has the name or the value of "
                                  f"'{other.name}' ({other.value})")
        choices.append(Choice(name, value, child.get("description", "")))

    def composite(self, node):
        name = node.need("name")
        members = []
        for child in node.children:
            made = self.composite_member(child)
            if child.number("sinceVersion", 0, 0, 65535) > node.number("sinceVersion", 0):
                raise SchemaError(child, "sinceVersion is not supported for a member of a "
                                  "composite (its size cannot grow): make a new composite")
            member = Member(child.need("name"), made, presence=self.presence(
                child, getattr(made, "presence", "required")), where=child,
                description=child.get("description", ""))
            self.values_of(child, member)
            members.append(member)
        is_variable = any(isinstance(m.type, Scalar) and m.type.count == 0 for m in members)
        size = 0 if is_variable else self.place(node, members)
        self.unique(members)
        composite = Composite(name, members, size, node.own("ref") == "true", is_variable,
                              node.get("description", ""), node)
        if composite.is_ref:
            kinds = [(m.offset, getattr(m.type, "primitive", None)) for m in members]
            if kinds != [(0, PRIMITIVES["uint64"]), (8, PRIMITIVES["uint64"])]:
                raise SchemaError(node, f"myc:ref composite '{name}' must be two uint64, "
                                  "home and actor")
        return composite

    def composite_member(self, child):
        if child.name == "ref":
            return self.type_named(child.need("type"), child)
        if child.name == "type" and not child.is_own:
            return self.scalar(child)
        if child.name in ("enum", "set", "composite") and not child.is_own:
            made = self.make_type(child)
            self.claim(child, child.need("name"))
            self.order.append(made)
            return made
        raise SchemaError(child, f"<{child.name}> is not supported within <composite>")

    def values_of(self, node, member):
        """Null value and constant of a field or member: its own, or its type's."""
        made = member.type
        if isinstance(made, Scalar):
            member.null, member.constant = made.null, made.constant
        if node.get("nullValue") is not None and isinstance(made, Scalar):
            member.null = literal(node, made.primitive, node.get("nullValue"), "nullValue")
        if member.presence != "constant":
            member.constant = None
            return
        reference = node.get("valueRef")
        if reference:
            member.constant = self.value_reference(node, reference)
        if member.constant is None:
            raise SchemaError(node, f"constant '{member.name}' has no value: give valueRef, or a "
                              "type whose presence is constant")

    def value_reference(self, node, reference):
        name, dot, choice = reference.partition(".")
        enum = self.type_named(name, node)
        names = [c.name for c in enum.choices] if isinstance(enum, Enum) else []
        if not dot or choice not in names:
            raise SchemaError(node, f"valueRef \"{reference}\" names no enum value: "
                              "write Enum.Value")
        return (enum, choice)

    def place(self, node, members, start=0):
        """Gives each member its offset; answers the size of all."""
        end = start
        for member in members:
            if member.presence == "constant":
                continue
            member.offset = member.where.number("offset", end, 0, BLOCK_SIZE_MAX)
            if member.offset < end:
                raise SchemaError(member.where, f"offset {member.offset} of '{member.name}' "
                                  f"overlaps what is before it, which ends at {end}: "
                                  f"use {end} or more")
            end = member.end
        if end > BLOCK_SIZE_MAX:
            raise SchemaError(node, f"'{node.get('name')}' has {end} bytes: "
                              f"at most {BLOCK_SIZE_MAX}")
        return end

    @staticmethod
    def unique(members):
        seen = {}
        for member in members:
            name = c_member(member.name)
            if name in seen:
                raise SchemaError(member.where, f"'{member.name}' and '{seen[name]}' have the "
                                  f"same name in C, {name}: rename one")
            seen[name] = member.name
            if getattr(member, "constant", None) is not None and name in TAKEN_CONSTANTS:
                raise SchemaError(member.where, f"a constant cannot be named '{member.name}': the "
                                  "generated code has a macro of that name; rename it")
