# SPDX-License-Identifier: BSD-3-Clause
"""C for what sends: one set of wrappers for each message, and typed refs from <myc:protocol>."""

from c_member import comment
from c_message import has_tail
from c_types import function
from model import snake


def emit_protocol(names, protocol):
    """The typed ref and the list for a class of actor: no function of the fabric is needed."""
    name = names.lower(protocol.name)
    lines = comment(protocol.description or f"A ref to an actor of the protocol {protocol.name}.")
    lines += [f"struct {name}_ref {{", "    struct myc_ref ref;", "};", "",
              "/** Says that a ref is one to such an actor; the receiver checks every message. */"]
    lines += function(f"struct {name}_ref", name + "_ref_of", "struct myc_ref ref",
                      [f"struct {name}_ref typed;", "", "typed.ref = ref;", "return typed;"])
    rows = [f"    &{names.lower(message.name)}_type," for message in protocol.accepts]
    return lines + ["/** What such an actor accepts: for struct myc_class. */",
                    f"static const struct myc_type *const {name}_accepts[] = {{"] + rows + \
        ["};", f"#define {names.upper(protocol.name)}_ACCEPTS_COUNT {len(rows)}U", ""]


def emit_send(names, message):
    name, size = names.lower(message.name), names.upper(message.name, "SIZE")
    value = f"const struct {name} *value"
    local = [f"uint8_t body[{size}{' + 1' if size_is_zero(message) else ''}];", "",
             f"{name}_encode(value, body);"]
    note = " with its groups and data empty" if has_tail(message) else ""
    lines = [f"/** Writes the message{note} at its destination and sends it; answers as "
             "myc_send. */"]
    lines += function("enum myc_status", name + "_send",
                      f"struct myc_self *self, struct myc_ref to, {value}",
                      ["void *body;",
                       f"enum myc_status status = myc_send_claim(self, to, &{name}_type, {size}, "
                       "&body);", "",
                       "if (status != MYC_OK)", "    return status;",
                       f"{name}_encode(value, body);", "myc_send_commit(self);",
                       "return MYC_OK;"])
    lines += ["/** As myc_send_with. */"]
    lines += function("enum myc_status", name + "_send_with",
                      f"struct myc_self *self, struct myc_ref to, {value}, "
                      "const struct myc_send_options *options",
                      local + [f"return myc_send_with(self, to, &{name}_type, body, {size}, "
                               "options);"])
    lines += ["/** As myc_ask. */"]
    lines += function("enum myc_status", name + "_ask",
                      f"struct myc_self *self, struct myc_ref to, {value}, "
                      "const struct myc_ask_options *options, uint64_t *ask",
                      local + [f"return myc_ask(self, to, &{name}_type, body, {size}, options, "
                               "ask);"])
    lines += ["/** As myc_reply. */"]
    return lines + function("enum myc_status", name + "_reply",
                            f"struct myc_self *self, struct myc_request request, {value}",
                            local + [f"return myc_reply(self, request, &{name}_type, body, "
                                     f"{size});"])


def size_is_zero(message):
    return message.block_length == 0 and not has_tail(message)


def emit_protocol_send(names, protocol):
    name, lines = names.lower(protocol.name), []
    for message in protocol.accepts:
        kind = names.lower(message.name)
        to = f"struct myc_self *self, struct {name}_ref to"
        value = f"const struct {kind} *value"
        lines += function("enum myc_status", f"{name}_send_{snake(message.name)}",
                          f"{to}, {value}", [f"return {kind}_send(self, to.ref, value);"])
        lines += function("enum myc_status", f"{name}_ask_{snake(message.name)}",
                          f"{to}, {value}, const struct myc_ask_options *options, uint64_t *ask",
                          [f"return {kind}_ask(self, to.ref, value, options, ask);"])
        if has_tail(message):
            lines += ["/** Sends a body that <message>_build wrote. */"]
            lines += function("enum myc_status", f"{name}_send_{snake(message.name)}_body",
                              f"{to}, const void *body, uint32_t size",
                              [f"return myc_send(self, to.ref, &{kind}_type, body, size);"])
    return lines
