/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The message record: one layout in a ring slot, in a segment slot, in a mailbox and in a frame.
 *
 *    0        8        16       24       32       40       48
 *    +--------+--------+--------+--------+--------+--------+- - - - - - - - -+- - - - -
 *    |   to   |  from  |  SBE   |size k f|  tag   | origin | extension words | body
 *    +--------+--------+--------+--------+--------+--------+- - - - - - - - -+- - - - -
 *
 * All numbers are little-endian. `to` and `from` are the actor words of refs: their homes are those
 * of the link's two ends, which the link's handshake has fixed, so they need not travel. What is
 * rarely needed (deadline, the address to reply to when it is not the sender) follows in extension
 * words of 8 bytes, by flag and in the order of the flags.
 *
 * A body of more than FAB_MSG_SMALL_MAX bytes stands in a heap buffer (FAB_MSG_HAS_BUFFER): the
 * record ends behind its extension words, the last of which says where the body is. Its meaning is
 * that of the place where the record lies: on a ring or segment the sender's heap unit and the
 * number under which it waits for the buffer to come back (fab_msg_lent_word), in a mailbox the
 * core's own name for the buffer, on the wire the transfer that brings it.
 *
 * Records are padded to FAB_MSG_ALIGN wherever they follow one another, counted from where the
 * first begins: that of a frame is where the device has put it, at an even address.
 */
#ifndef FAB_WIRE_MESSAGE_H
#define FAB_WIRE_MESSAGE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mycelium/message.h>

#include "base/compiler.h"

#define FAB_MSG_HEADER_SIZE    48U
#define FAB_MSG_ALIGN          8U
#define FAB_MSG_SIZE_MAX       (16U * 1024U * 1024U) /* bytes of body, any link */
#define FAB_MSG_SMALL_MAX      1024U /* bytes of body that every link takes without a heap buffer */
#define FAB_MSG_EXTENSIONS_MAX 4U    /* words */

/* How the record is to be treated; beyond the public kinds come those between cores. */
enum fab_msg_kind {
    FAB_MSG_SEND = MYC_KIND_SEND,
    FAB_MSG_ASK = MYC_KIND_ASK,
    FAB_MSG_REPLY = MYC_KIND_REPLY,
    FAB_MSG_EVENT = MYC_KIND_EVENT, /* for an actor, made by the fabric on its behalf */
    FAB_MSG_SYSTEM = 4,             /* core to core: see wire/system.h; rides the system lane */
    FAB_MSG_KIND_COUNT
};

enum fab_msg_flag {
    FAB_MSG_HAS_DEADLINE = 1 << 0, /* 1 word: ns on the sender's host clock, or left on a flow */
    FAB_MSG_HAS_REPLY_TO = 1 << 1, /* 2 words: ref of the asker of a delegated ask */
    FAB_MSG_IS_URGENT = 1 << 2,
    FAB_MSG_HAS_BUFFER = 1 << 3, /* 1 word: where the body is, for it does not follow here */
    FAB_MSG_IS_LATEST = 1 << 4,  /* a later one to the same actor, of the same type and tag, may
                                  * take its place while it waits to leave */
    FAB_MSG_FLAGS_ALL = 31,
};

struct fab_msg {
    uint64_t to;           /* actor word of the receiver; 0 with kind SYSTEM: the core itself */
    uint64_t from;         /* actor word of the sender; 0: the fabric */
    uint16_t block_length; /* the SBE message header, in its standard order */
    uint16_t template_id;
    uint16_t schema_id;
    uint16_t version;
    uint32_t size;      /* bytes of body */
    uint8_t kind;       /* enum fab_msg_kind */
    uint8_t flags;      /* enum fab_msg_flag */
    uint8_t extensions; /* words between header and body, as the flags say */
    uint8_t margin;     /* places that must stay free in the mailbox behind it. In a mailbox itself:
                         * of a SEND, 1: it stands in its table of keys (actor/keyed.h); of an ASK,
                         * the life of the link that it came by (actor/request.h) */
    uint64_t tag;       /* the sender's tag, or the id of an ask */
    uint64_t origin;    /* when the frame that caused it arrived: mycelium/origin.h; 0 unknown */
} FAB_UNALIGNED;

static_assert(sizeof(struct fab_msg) == FAB_MSG_HEADER_SIZE, "header layout");
static_assert(offsetof(struct fab_msg, block_length) == 16, "header layout");
static_assert(offsetof(struct fab_msg, size) == 24, "header layout");
static_assert(offsetof(struct fab_msg, tag) == 32, "header layout");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "records are read in place");

static inline uint32_t
fab_msg_body_offset(const struct fab_msg *msg)
{
    return FAB_MSG_HEADER_SIZE + 8U * msg->extensions;
}

static inline void *
fab_msg_body(struct fab_msg *msg)
{
    return (uint8_t *)msg + fab_msg_body_offset(msg);
}

static inline const void *
fab_msg_body_const(const struct fab_msg *msg)
{
    return (const uint8_t *)msg + fab_msg_body_offset(msg);
}

static inline bool
fab_msg_has_buffer(const struct fab_msg *msg)
{
    return (msg->flags & FAB_MSG_HAS_BUFFER) != 0;
}

/* Of a record in a mailbox: whether it stands in the table of keys. */
static inline bool
fab_msg_is_keyed(const struct fab_msg *msg)
{
    return msg->margin != 0 && msg->kind == FAB_MSG_SEND;
}

/* Bytes of the whole record without padding. */
static inline uint32_t
fab_msg_total(const struct fab_msg *msg)
{
    return fab_msg_body_offset(msg) + (fab_msg_has_buffer(msg) ? 0 : msg->size);
}

/* Bytes that the record takes where another follows it. */
static inline uint32_t
fab_msg_stride(const struct fab_msg *msg)
{
    return (fab_msg_total(msg) + FAB_MSG_ALIGN - 1U) & ~(FAB_MSG_ALIGN - 1U);
}

/* Words that a set of flags needs between header and body. */
static inline uint8_t
fab_msg_extensions_of(uint8_t flags)
{
    return (uint8_t)(((flags & FAB_MSG_HAS_DEADLINE) ? 1 : 0) +
                     ((flags & FAB_MSG_HAS_REPLY_TO) ? 2 : 0) +
                     ((flags & FAB_MSG_HAS_BUFFER) ? 1 : 0));
}

static_assert(offsetof(struct myc_type, version) - offsetof(struct myc_type, block_length) ==
                      offsetof(struct fab_msg, version) - offsetof(struct fab_msg, block_length) &&
                  offsetof(struct myc_type, block_length) % 8 == 0,
              "the SBE header is one word in both");

/* The MYC_TYPE_KEY of a type. */
static inline uint32_t
fab_type_key(const struct myc_type *type)
{
    uint32_t key;

    memcpy(&key, &type->template_id, sizeof(key)); /* template id below, schema id above */
    return key;
}

/* The MYC_TYPE_KEY of a record. */
static inline uint32_t
fab_msg_key(const struct fab_msg *msg)
{
    uint32_t key;

    memcpy(&key, &msg->template_id, sizeof(key));
    return key;
}

/* Whether a record is a SEND with nothing to it: no deadline, extension, urgency or margin. */
static inline bool
fab_msg_is_plain(const struct fab_msg *msg)
{
    uint32_t word;

    static_assert(FAB_MSG_SEND == 0 && offsetof(struct fab_msg, kind) % 4 == 0, "one look");
    memcpy(&word, &msg->kind, sizeof(word));
    return word == 0;
}

/* Writes the SBE header as one word: who reads it soon after reads it as one. */
static inline void
fab_msg_set_type(struct fab_msg *msg, const struct myc_type *type)
{
    uint64_t word;

    memcpy(&word, &type->block_length, sizeof(word));
    memcpy(&msg->block_length, &word, sizeof(word));
}

/* An extension word, by place. */
static inline uint64_t
fab_msg_word(const struct fab_msg *msg, unsigned place)
{
    uint64_t word;

    memcpy(&word, (const uint8_t *)msg + FAB_MSG_HEADER_SIZE + 8U * place, sizeof(word));
    return word;
}

static inline void
fab_msg_set_word(struct fab_msg *msg, unsigned place, uint64_t word)
{
    memcpy((uint8_t *)msg + FAB_MSG_HEADER_SIZE + 8U * place, &word, sizeof(word));
}

/* The deadline of a record that has one: the first word. */
static inline uint64_t
fab_msg_deadline_ns(const struct fab_msg *msg)
{
    return fab_msg_word(msg, 0);
}

/* Who is to get the reply: the words behind the deadline, or the sender. */
static inline struct myc_ref
fab_msg_reply_to(const struct fab_msg *msg, struct myc_ref from)
{
    unsigned place = (msg->flags & FAB_MSG_HAS_DEADLINE) ? 1 : 0;

    if (!(msg->flags & FAB_MSG_HAS_REPLY_TO))
        return from;
    return (struct myc_ref){ fab_msg_word(msg, place), fab_msg_word(msg, place + 1) };
}

/* The word of a record whose body stands in a buffer. */
static inline uint64_t
fab_msg_buffer_word(const struct fab_msg *msg)
{
    return fab_msg_word(msg, msg->extensions - 1U);
}

static inline void
fab_msg_set_buffer_word(struct fab_msg *msg, uint64_t word)
{
    fab_msg_set_word(msg, msg->extensions - 1U, word);
}

/* The word on a ring or segment: `unit` of the sender's heap, `lend` its number for the loan. */
static inline uint64_t
fab_msg_lent_word(uint32_t unit, uint32_t lend)
{
    return (uint64_t)lend << 32 | unit;
}

/* Whether bytes from another process are a record that may be read: every field in its range and
 * the whole of it within `available` bytes. The body is not looked at (see struct myc_type.verify).
 */
bool fab_msg_is_valid(const struct fab_msg *msg, size_t available);

#endif
