# SPDX-License-Identifier: BSD-3-Clause
"""Compares two versions of a schema: may programs built with either talk to one another?

Evolution is SBE's: what is there stays where it is, new fields go to the end of their block, new
groups and data to the end of their list, all with a sinceVersion of the new version. Each finding
has the place in the new schema; a breaking one makes the command fail.
"""

from dataclasses import dataclass

from model import Composite, Enum, Scalar, Set


@dataclass
class Finding:
    is_breaking: bool
    where: object
    text: str

    def __str__(self):
        file, line = self.where.place() if hasattr(self.where, "place") else self.where
        return f"{file}:{line}: {'breaking' if self.is_breaking else 'note'}: {self.text}"


def compare(old, new):
    """All findings, in the order of the new schema."""
    return _Comparison(old, new).run()


class _Comparison:
    def __init__(self, old, new):
        self.old, self.new = old, new
        self.findings = []
        self.has_changed = False
        self.compared = set()  # types that have been looked at, by name

    def breaking(self, where, text):
        self.findings.append(Finding(True, where, text))

    def note(self, where, text):
        self.findings.append(Finding(False, where, text))

    def run(self):
        old, new, top = self.old, self.new, (self.new.file, 1)
        if old.id != new.id:
            self.breaking(top, f"the schema's id changed from {old.id} to {new.id}")
        if old.is_big_endian != new.is_big_endian:
            self.breaking(top, "the byte order changed")
        for one, other in self.pairs(old.messages, new.messages, "message", top):
            self.block(one, other, f"message '{other.name}'")
        self.protocols(top)
        if new.version < old.version:
            self.breaking(top, f"the version went from {old.version} back to {new.version}")
        elif new.version == old.version and self.has_changed:
            self.breaking(top, f"something was added, but the version is still {old.version}: "
                          "raise it, and give what is new that sinceVersion")
        return self.findings

    def pairs(self, olds, news, what, where):
        """What is in both, by id; what is gone breaks, what is new only counts."""
        by_id = {item.id: item for item in news}
        both = []
        for item in olds:
            other = by_id.pop(item.id, None)
            if other is None:
                self.breaking(where, f"{what} '{item.name}' (id {item.id}) was removed: keep it, "
                              "or raise the schema's id")
                continue
            if other.name != item.name:
                self.note(other.where, f"{what} '{item.name}' is called '{other.name}' now: the "
                          "same on the wire, not in programs")
            both.append((item, other))
        for item in by_id.values():
            self.has_changed = True
            if what != "message" and item.since <= self.old.version:
                self.breaking(item.where, f"new {what} '{item.name}' has sinceVersion "
                              f"{item.since}: readers would look for it in messages of version "
                              f"{self.old.version}; give it {self.new.version}")
        return both

    def block(self, old, new, what):
        for one, other in self.pairs(old.fields, new.fields, "field", new.where):
            self.field(one, other, what)
        if new.block_length < old.block_length:
            self.breaking(new.where, f"{what}: the block shrank from {old.block_length} to "
                          f"{new.block_length} bytes")
        elif new.block_length > old.block_length:
            self.has_changed = True
        known = {field.id for field in old.fields}
        for field in new.fields:
            if field.id not in known and field.presence != "constant" and \
                    field.offset < old.block_length:
                self.breaking(field.where, f"{what}: new field '{field.name}' is at "
                              f"{field.offset}, within the old block of {old.block_length} bytes: "
                              "put it at the end")
        self.tail(old.groups, new.groups, "group", what, new.where)
        self.tail(old.data, new.data, "data", what, new.where)
        if old.data and len(new.groups) > len(old.groups):
            self.breaking(new.where, f"{what}: a group was added before data that old readers "
                          "expect there")

    def tail(self, olds, news, kind, what, where):
        both = self.pairs(olds, news, kind, where)
        if [item.id for item in news[:len(olds)]] != [item.id for item in olds]:
            self.breaking(where, f"{what}: what was there of {kind} must stay first, in its order")
        for one, other in both:
            path = f"{what}, {kind} '{other.name}'"
            if one.since != other.since:
                self.breaking(other.where, f"{path}: sinceVersion changed")
            if kind == "group":
                self.encoding(one.dimension, other.dimension, other.where, path)
                self.block(one, other, path)
            elif one.length != other.length:
                self.breaking(other.where, f"{path}: its length was a {one.length.name}, it is a "
                              f"{other.length.name} now")

    def field(self, old, new, what):
        path = f"{what}, field '{new.name}'"
        if old.presence != "constant" and old.offset != new.offset:
            self.breaking(new.where, f"{path}: moved from {old.offset} to {new.offset}")
        if old.since != new.since:
            self.breaking(new.where, f"{path}: sinceVersion changed from {old.since} to "
                          f"{new.since}")
        if "constant" in (old.presence, new.presence):
            if old.presence != new.presence or constant(old) != constant(new):
                self.breaking(new.where, f"{path}: the constant changed")
            return
        if old.presence == "optional" and new.presence == "required":
            self.note(new.where, f"{path}: no longer optional; old senders may send null")
        elif old.presence != new.presence:
            self.breaking(new.where, f"{path}: became optional; old readers take null for a value")
        elif old.null != new.null:
            self.breaking(new.where, f"{path}: the null value changed")
        self.encoding(old.type, new.type, new.where, path)

    def encoding(self, old, new, where, path):
        """Whether a type still is what it was on the wire."""
        if type(old) is not type(new):
            self.breaking(where, f"{path}: was {kind_of(old)}, is {kind_of(new)} now")
        elif isinstance(old, Composite):
            self.composite(old, new, where, path)
        elif old.primitive != new.primitive or getattr(old, "count", 1) != getattr(new, "count", 1):
            self.breaking(where, f"{path}: was {kind_of(old)}, is {kind_of(new)} now")
        elif isinstance(old, (Enum, Set)) and (old.name, new.name) not in self.compared:
            self.compared.add((old.name, new.name))
            self.choices(old, new)

    def composite(self, old, new, where, path):
        if [m.name for m in old.members] != [m.name for m in new.members] or old.size != new.size:
            self.breaking(where, f"{path}: composite '{new.name}' has other members or another "
                          "size: make a new composite")
            return
        for one, other in zip(old.members, new.members):
            self.field(one, other, f"{path}, composite '{new.name}'")

    def choices(self, old, new):
        names = {choice.name: choice.value for choice in new.choices}
        values = {choice.value for choice in old.choices}
        what = "enum" if isinstance(old, Enum) else "set"
        for choice in old.choices:
            if names.get(choice.name) != choice.value:
                self.breaking(new.where, f"{what} '{new.name}': '{choice.name}' ({choice.value}) "
                              "was removed or changed")
        for choice in new.choices:
            if choice.value not in values:
                self.has_changed = True
                if what == "enum" and not old.is_open:
                    self.note(new.where, f"enum '{new.name}': '{choice.name}' ({choice.value}) is "
                              f"new; receivers of version {self.old.version} refuse messages with "
                              "it (myc:open=\"true\" in their schema lets them pass)")
        if isinstance(old, Enum) and old.null_literal != new.null_literal:
            self.breaking(new.where, f"enum '{new.name}': the null value changed")

    def protocols(self, top):
        by_name = {protocol.name: protocol for protocol in self.new.protocols}
        for old in self.old.protocols:
            new = by_name.get(old.name)
            if new is None:
                self.breaking(top, f"protocol '{old.name}' was removed")
                continue
            ids = {message.id for message in new.accepts}
            for message in old.accepts:
                if message.id not in ids:
                    self.breaking(new.where, f"protocol '{new.name}' no longer accepts "
                                  f"'{message.name}'")


def constant(member):
    """The value of a constant, comparable between schemas."""
    if isinstance(member.constant, tuple):
        enum, name = member.constant
        return next(choice.value for choice in enum.choices if choice.name == name)
    return member.constant


def kind_of(made):
    if isinstance(made, Scalar):
        return made.primitive.name + (f"[{made.count}]" if made.count != 1 else "")
    if isinstance(made, (Enum, Set)):
        return f"{type(made).__name__.lower()} of {made.primitive.name}"
    return f"composite '{made.name}'"
