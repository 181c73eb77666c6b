# SPDX-License-Identifier: BSD-3-Clause
"""What a schema is once it has been read and checked: plain data, offsets resolved.

Emitters read it and decide nothing about the format any more.
"""

import re
from dataclasses import dataclass, field
from typing import Optional


@dataclass(frozen=True)
class Primitive:
    name: str
    size: int
    c_type: str
    null: str  # C literal of SBE's default null value
    low: int = 0
    high: int = 0
    is_float: bool = False

    @property
    def constant(self):
        return "MYC_PRIMITIVE_" + self.name.upper()


def _integer(name, bits, is_signed):
    c_type = f"{'' if is_signed else 'u'}int{bits}_t"
    if is_signed:
        low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
        return Primitive(name, bits // 8, c_type, f"INT{bits}_MIN", low, high)
    return Primitive(name, bits // 8, c_type, f"UINT{bits}_MAX", 0, 2 ** bits - 1)


PRIMITIVES = {
    "char": Primitive("char", 1, "char", "'\\0'", 0, 255),
    "float": Primitive("float", 4, "float", "NAN", is_float=True),
    "double": Primitive("double", 8, "double", "(double)NAN", is_float=True),
}
for _bits in (8, 16, 32, 64):
    PRIMITIVES[f"int{_bits}"] = _integer(f"int{_bits}", _bits, True)
    PRIMITIVES[f"uint{_bits}"] = _integer(f"uint{_bits}", _bits, False)


@dataclass
class Scalar:
    """A primitive, or a fixed number of them."""

    name: str
    primitive: Primitive
    count: int = 1  # 0: of variable length, only as the varData member of a data encoding
    presence: str = "required"
    null: Optional[str] = None  # text of nullValue, when the schema gives one
    constant: Optional[str] = None
    description: str = ""
    where: object = None

    @property
    def size(self):
        return self.primitive.size * self.count


@dataclass
class Choice:
    name: str
    value: int
    description: str = ""


@dataclass
class Enum:
    name: str
    primitive: Primitive
    choices: list
    is_open: bool = False  # values that are not in the list verify too
    c_type: Optional[str] = None  # an enum that a header of ours declares already
    c_prefix: Optional[str] = None
    presence: str = "required"  # default of its fields, by the type that it is encoded as
    null: Optional[str] = None  # C literal; None: that of the primitive
    description: str = ""
    where: object = None

    @property
    def size(self):
        return self.primitive.size

    @property
    def null_literal(self):
        return self.null or self.primitive.null


@dataclass
class Set:
    name: str
    primitive: Primitive
    choices: list
    description: str = ""
    where: object = None

    @property
    def size(self):
        return self.primitive.size


@dataclass
class Composite:
    name: str
    members: list
    size: int
    is_ref: bool = False  # represented as struct myc_ref
    is_variable: bool = False  # a length and varData: an encoding of <data>, not a value
    description: str = ""
    where: object = None


@dataclass
class Member:
    """A field of a root block or group entry, or a member of a composite."""

    name: str
    type: object
    offset: int = 0
    presence: str = "required"
    null: Optional[str] = None
    constant: Optional[str] = None
    since: int = 0
    id: int = 0
    description: str = ""
    where: object = None

    @property
    def size(self):
        return 0 if self.presence == "constant" else self.type.size

    @property
    def end(self):
        return self.offset + self.size

    @property
    def is_array(self):
        return isinstance(self.type, Scalar) and self.type.count != 1

    @property
    def is_text(self):
        return self.is_array and self.type.primitive.name == "char"


@dataclass
class Data:
    """A field of variable length: a length, then so many bytes."""

    name: str
    id: int
    length: Primitive
    since: int = 0
    description: str = ""
    where: object = None


@dataclass
class Group:
    """Entries that repeat, after the root block (or after the entry's own block)."""

    name: str
    id: int
    block_length: int
    fields: list
    groups: list
    data: list
    dimension: Composite = None
    since: int = 0
    description: str = ""
    where: object = None


@dataclass
class Message:
    name: str
    id: int
    block_length: int
    fields: list
    groups: list
    data: list
    since: int = 0
    description: str = ""
    where: object = None


@dataclass
class Protocol:
    """A class of actor, and the messages that it accepts."""

    name: str
    accepts: list
    description: str = ""
    where: object = None


@dataclass
class Schema:
    file: str
    package: str
    id: int
    version: int
    is_big_endian: bool
    types: list = field(default_factory=list)  # in an order that C can take them
    messages: list = field(default_factory=list)
    protocols: list = field(default_factory=list)


def snake(name):
    """CamelCase to snake_case: TopOfBook to top_of_book, NoMDEntries to no_md_entries."""
    name = re.sub(r"[^0-9A-Za-z_]", "_", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"__+", "_", name).lower()


C_WORDS = frozenset("""
    alignas alignof and and_eq asm auto bitand bitor bool break case catch char class compl concept
    const const_cast constexpr continue decltype default delete do double dynamic_cast else enum
    explicit export extern false float for friend goto if inline int long mutable namespace new
    noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires restrict return short signed sizeof static static_assert static_cast
    struct switch template this thread_local throw true try typedef typeid typename typeof union
    unsigned using virtual void volatile wchar_t while xor xor_eq NULL EOF NAN INFINITY errno
    stdin stdout stderr linux unix
""".split())


def c_member(name):
    """A name as a struct member or parameter: words that C or C++ keeps get a final underscore."""
    name = snake(name)
    return name + "_" if name in C_WORDS else name
