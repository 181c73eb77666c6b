/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file message.h
 * Typed, immutable messages.
 *
 * Types come from a schema in FIX SBE 1.0 XML; the generator (actors and programs run it from
 * meson) emits, per message, a static const struct myc_type, a plain value struct, views and
 * builders in place, a verifier and typed send wrappers. This header is what generated code stands
 * on.
 *
 * A message has the same bytes at every level: a header of the fabric's own, then the SBE body
 * (root block, then groups and varData), little-endian unless the schema says otherwise. The four
 * fields of the SBE message header travel within the fabric's header, so the body starts at the
 * root block.
 */
#ifndef MYCELIUM_MESSAGE_H
#define MYCELIUM_MESSAGE_H

#include <mycelium/origin.h>
#include <mycelium/ref.h>

MYC_BEGIN_DECLS

/** Primitive encodings of SBE 1.0. */
enum myc_primitive {
    MYC_PRIMITIVE_CHAR = 0,
    MYC_PRIMITIVE_INT8,
    MYC_PRIMITIVE_UINT8,
    MYC_PRIMITIVE_INT16,
    MYC_PRIMITIVE_UINT16,
    MYC_PRIMITIVE_INT32,
    MYC_PRIMITIVE_UINT32,
    MYC_PRIMITIVE_INT64,
    MYC_PRIMITIVE_UINT64,
    MYC_PRIMITIVE_FLOAT,
    MYC_PRIMITIVE_DOUBLE,
};

/** How the bits of a field are to be read. */
enum myc_field_kind {
    MYC_FIELD_SCALAR = 0, /**< a number, or an array of `count` numbers (char arrays are text) */
    MYC_FIELD_ENUM,       /**< one of `choices`, by value */
    MYC_FIELD_SET,        /**< a bit set; a choice's value is its bit index */
};

/** One named value of an enum, or one named bit of a set. */
struct myc_choice {
    const char *name;
    uint64_t value;
};

/**
 * One leaf field of a root block; the members of a composite are listed one by one with a dotted
 * name ("price.mantissa"). Everything points to constants of the generated code.
 */
struct myc_field {
    const char *name;
    uint32_t offset;        /**< bytes from the start of the root block */
    uint16_t count;         /**< elements, 1 for a single value */
    uint16_t since_version; /**< schema version that added it */
    enum myc_primitive primitive;
    enum myc_field_kind kind;
    uint16_t choice_count;            /**< 0 unless kind is ENUM or SET */
    bool is_big_endian;               /**< as the schema's byteOrder */
    bool is_optional;                 /**< may have the null value; a float's is NaN */
    const struct myc_choice *choices; /**< not owned; NULL when choice_count is 0 */
    uint64_t null_value;              /**< sign-extended bits; 0 unless is_optional */
};

/** What a type of message is. One static constant per message of a schema; compare by key. */
struct myc_type {
    const char *name; /**< as in the schema */
    /* The SBE message header of such a message, in its standard order. */
    uint16_t block_length; /**< bytes of the root block in that version */
    uint16_t template_id;  /**< SBE message id */
    uint16_t schema_id;    /**< SBE schema id */
    uint16_t version;      /**< version of the schema that this program was built with */
    uint16_t field_count;
    const struct myc_field *fields; /**< not owned */
    /**
     * Checks bytes from outside before anything else reads them: every length, offset, count and
     * enum in bounds.
     * @param body          the root block; may be unaligned; `size` bytes.
     * @param size          bytes, 0 up.
     * @param block_length  as the sender's header says.
     * @param version       as the sender's header says.
     * @return whether views of it are safe.
     */
    bool (*verify)(const void *body, uint32_t size, uint16_t block_length, uint16_t version);
};

/** Identity of a type as one number, for a switch: schema id in the high half. */
#define MYC_TYPE_KEY(schema_id, template_id) (((uint32_t)(schema_id) << 16) | (template_id))

/** Why a message came. */
enum myc_kind {
    MYC_KIND_SEND = 0,  /**< sent by an actor */
    MYC_KIND_ASK = 1,   /**< sent by an actor that waits for a reply: see myc_reply */
    MYC_KIND_REPLY = 2, /**< answers an ask of ours; `tag` is the tag given to the ask */
    MYC_KIND_EVENT = 3, /**< made by the fabric: a type of the schema mycelium.xml */
};

/**
 * A message as a handler sees it. Borrowed: the view and the body belong to the fabric and are
 * valid until the handler returns; copy what must stay.
 */
struct myc_message {
    const void *body;      /**< root block and what follows; may be unaligned; not owned */
    struct myc_ref from;   /**< the sender; null when the fabric made it */
    uint16_t block_length; /**< SBE header: bytes of the sender's root block */
    uint16_t template_id;  /**< SBE header */
    uint16_t schema_id;    /**< SBE header */
    uint16_t version;      /**< SBE header: the sender's schema version */
    uint32_t size;         /**< bytes of body */
    uint8_t kind;          /**< enum myc_kind */
    uint8_t reserved[3];   /**< the fabric's own */
    uint64_t tag;          /**< the sender's tag; a reply's or event's tag is the receiver's own */
    uint64_t origin; /**< when the outside event that caused it came, and how wrong that may be:
                      * origin.h; 0 unknown */
};

/** The message's MYC_TYPE_KEY. */
static inline uint32_t
myc_message_key(const struct myc_message *message)
{
    return MYC_TYPE_KEY(message->schema_id, message->template_id);
}

/** Whether the message is of this type. */
static inline bool
myc_message_is(const struct myc_message *message, const struct myc_type *type)
{
    return message->schema_id == type->schema_id && message->template_id == type->template_id;
}

/**
 * Prints a message's root block as text, "Name{field=value, ...}", for logs and tools.
 * @param type     the message's type.
 * @param body     a body that verified.
 * @param size     its bytes; of a message with groups or data, those of its root block.
 * @param text     buffer, owned by the caller; always NUL-terminated, cut when too small.
 * @param capacity bytes of text, at least 1.
 * @return bytes that the whole text has, without NUL (as snprintf).
 * Context: any thread; not on a hot path.
 */
MYC_API size_t myc_type_format(const struct myc_type *type, const void *body, uint32_t size,
                               char *text, size_t capacity);

MYC_END_DECLS

#endif
