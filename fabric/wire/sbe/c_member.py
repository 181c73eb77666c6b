# SPDX-License-Identifier: BSD-3-Clause
"""C text for one member of a block or composite: its type, and how it is read, written, nulled,
checked and described. Blocks (messages, group entries) and composites are made of these pieces.

`at` is a C expression of type (const) uint8_t * for the start of what contains the member.
"""

from model import Composite, Enum, Scalar, Set, c_member, snake


class Names:
    """The C names of one schema."""

    def __init__(self, prefix, is_big_endian):
        self.prefix = prefix
        self.order = "be" if is_big_endian else "le"
        self.is_big_endian = is_big_endian

    def lower(self, *parts):
        return "_".join([self.prefix] + [snake(part) for part in parts])

    def upper(self, *parts):
        return self.lower(*parts).upper()

    def type(self, made):
        """How a single value of a type is declared."""
        if isinstance(made, Scalar):
            return made.primitive.c_type
        if isinstance(made, Enum):
            return made.c_type or "enum " + self.lower(made.name)
        if isinstance(made, Set):
            return self.lower(made.name)
        return "struct myc_ref" if made.is_ref else "struct " + self.lower(made.name)

    def enum_prefix(self, enum):
        return enum.c_prefix or self.upper(enum.name) + "_"


def comment(text, indent=""):
    """A schema's description as a doc comment, or nothing."""
    text = " ".join(text.split()).replace("*/", "* /")
    return [f"{indent}/** {text} */"] if text else []


def place(at, offset):
    return f"{at} + {offset}" if offset else at


def is_encoded(member):
    return member.presence != "constant"


def null_of(names, member):
    """C expression of a member's null value; not for arrays."""
    made = member.type
    if isinstance(made, Scalar):
        return member.null or made.primitive.null
    if isinstance(made, Enum):
        return f"({names.type(made)}){made.null_literal}"
    if isinstance(made, Set):
        return "0"
    return "myc_sbe_ref(0, 0)" if made.is_ref else names.lower(made.name, "null") + "()"


def load(names, member, at):
    """C expression that reads a member which is no array."""
    made, where = member.type, place(at, member.offset)
    if isinstance(made, Composite):
        if made.is_ref:
            words = [f"myc_sbe_load_{names.order}_uint64({place(at, member.offset + o)})"
                     for o in (0, 8)]
            return f"myc_sbe_ref({words[0]}, {words[1]})"
        return f"{names.lower(made.name, 'load')}({where})"
    value = f"myc_sbe_load_{names.order}_{made.primitive.name}({where})"
    return f"({names.type(made)}){value}" if isinstance(made, Enum) else value


def store(names, member, at, value):
    """C statements that write a member which is no array."""
    made, where = member.type, place(at, member.offset)
    if isinstance(made, Composite):
        if made.is_ref:
            put = f"myc_sbe_store_{names.order}_uint64"
            return [f"{put}({where}, {value}.home);",
                    f"{put}({place(at, member.offset + 8)}, {value}.actor);"]
        return [f"{names.lower(made.name, 'store')}({where}, {value});"]
    if isinstance(made, Enum):
        value = f"({made.primitive.c_type}){value}"
    return [f"myc_sbe_store_{names.order}_{made.primitive.name}({where}, {value});"]


def declare(names, member):
    count = f"[{member.type.count}]" if member.is_array else ""
    return f"{names.type(member.type)} {c_member(member.name)}{count};"


def element(member, at, index):
    """Address of one element of an array."""
    size = member.type.primitive.size
    return f"{place(at, member.offset)} + {index}" + (f" * {size}U" if size > 1 else "")


def read(names, member, at, target):
    """Statements that read a member into a member of a struct."""
    target = f"{target}{c_member(member.name)}"
    if not member.is_array:
        return [f"{target} = {load(names, member, at)};"]
    if member.type.primitive.size == 1:
        return [f"memcpy({target}, {place(at, member.offset)}, {member.size});"]
    return [f"for (uint32_t i = 0; i < {member.type.count}; i++)",
            f"    {target}[i] = myc_sbe_load_{names.order}_{member.type.primitive.name}"
            f"({element(member, at, 'i')});"]


def write(names, member, at, source):
    """Statements that write a member out of a struct."""
    source = f"{source}{c_member(member.name)}"
    if not member.is_array:
        return store(names, member, at, source)
    if member.type.primitive.size == 1:
        return [f"memcpy({place(at, member.offset)}, {source}, {member.size});"]
    return [f"for (uint32_t i = 0; i < {member.type.count}; i++)",
            f"    myc_sbe_store_{names.order}_{member.type.primitive.name}"
            f"({element(member, at, 'i')}, {source}[i]);"]


def set_null(names, member, target):
    """Statements that give a member of a struct its null value."""
    target = f"{target}{c_member(member.name)}"
    if not member.is_array:
        return [f"{target} = {null_of(names, member)};"]
    if member.is_text:
        return [f"memset({target}, 0, {member.size});"]
    return [f"for (uint32_t i = 0; i < {member.type.count}; i++)",
            f"    {target}[i] = {null_of(names, member)};"]


def is_null(names, member, at):
    """C expression: does the member have its null value? None where that cannot be."""
    made = member.type
    if member.is_text:
        return f"myc_sbe_is_zero({place(at, member.offset)}, {member.size})"
    if member.is_array or isinstance(made, (Composite, Set)):
        return None
    value = load(names, member, at)
    if isinstance(made, Scalar) and made.primitive.is_float and "NAN" in null_of(names, member):
        return f"__builtin_isnan({value})"
    return f"{value} == {null_of(names, member)}"


def check(names, member, at):
    """C expression that is true when the member's bytes may be read, or None: always."""
    made, where = member.type, place(at, member.offset)
    if isinstance(made, Composite):
        return f"{names.lower(made.name, 'verify')}({where})" if needs_check(made) else None
    if not isinstance(made, Enum) or made.is_open:
        return None
    value = f"myc_sbe_load_{names.order}_{made.primitive.name}({where})"
    valid = f"{names.lower(made.name, 'is_valid')}({value})"
    if member.presence == "optional" or member.since > 0:
        return f"({valid} || {value} == {made.null_literal})"
    return valid


def needs_check(composite):
    for member in composite.members:
        if is_encoded(member):
            made = member.type
            if isinstance(made, Enum) and not made.is_open:
                return True
            if isinstance(made, Composite) and needs_check(made):
                return True
    return False


def describe(names, member, base=0, dotted="", since=0):
    """Rows of a descriptor table; a composite gives one for each of its members."""
    if not is_encoded(member):
        return []
    made, name = member.type, dotted + member.name
    since = max(since, member.since)
    if isinstance(made, Composite):
        return [row for inner in made.members
                for row in describe(names, inner, base + member.offset, name + ".", since)]
    kind, choices, count = "MYC_FIELD_SCALAR", "NULL", 0
    if isinstance(made, (Enum, Set)):
        kind = "MYC_FIELD_ENUM" if isinstance(made, Enum) else "MYC_FIELD_SET"
        count = len(made.choices)
        choices = names.lower(made.name, "choices") if count else "NULL"
    elements = made.count if isinstance(made, Scalar) else 1
    big = "true" if names.is_big_endian else "false"
    is_optional = member.presence == "optional" and not isinstance(made, Set)
    null = "0"
    if is_optional and not made.primitive.is_float and not member.is_text:
        null = f"(uint64_t){null_of(names, member)}"
    optional = "true" if is_optional else "false"
    return [f'{{ "{name}", {base + member.offset}, {elements}, {since}, {made.primitive.constant}, '
            f"{kind}, {count}, {big}, {optional}, {choices}, {null} }},"]
