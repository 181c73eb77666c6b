/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file sbe.h
 * What generated message code stands on: loads and stores of the primitives of SBE 1.0 at any
 * address, in either byte order.
 *
 * A body may start at an odd place in a frame, so everything goes through memcpy, which compilers
 * turn into one move (and one swap for the other byte order). Users of generated code rarely call
 * these themselves; myc_sbe_store_text is the exception.
 */
#ifndef MYCELIUM_SBE_H
#define MYCELIUM_SBE_H

#include <assert.h>
#include <math.h>
#include <string.h>

#include <mycelium/message.h>

MYC_BEGIN_DECLS

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the loads below are little-endian");

#define MYC_SBE_SAME(raw) (raw)

/** Defines myc_sbe_load_ and myc_sbe_store_<order>_<name> for a primitive. */
#define MYC_SBE_DEFINE_ACCESS(order, name, type, raw_type, swap)            \
    static inline type myc_sbe_load_##order##_##name(const void *from)      \
    {                                                                       \
        raw_type raw;                                                       \
        type value;                                                         \
        memcpy(&raw, from, sizeof(raw));                                    \
        raw = swap(raw);                                                    \
        memcpy(&value, &raw, sizeof(value));                                \
        return value;                                                       \
    }                                                                       \
    static inline void myc_sbe_store_##order##_##name(void *to, type value) \
    {                                                                       \
        raw_type raw;                                                       \
        memcpy(&raw, &value, sizeof(raw));                                  \
        raw = swap(raw);                                                    \
        memcpy(to, &raw, sizeof(raw));                                      \
    }

/** Both byte orders of a primitive. */
#define MYC_SBE_DEFINE_BOTH(name, type, raw_type, swap)           \
    MYC_SBE_DEFINE_ACCESS(le, name, type, raw_type, MYC_SBE_SAME) \
    MYC_SBE_DEFINE_ACCESS(be, name, type, raw_type, swap)

MYC_SBE_DEFINE_BOTH(char, char, uint8_t, MYC_SBE_SAME)
MYC_SBE_DEFINE_BOTH(int8, int8_t, uint8_t, MYC_SBE_SAME)
MYC_SBE_DEFINE_BOTH(uint8, uint8_t, uint8_t, MYC_SBE_SAME)
MYC_SBE_DEFINE_BOTH(int16, int16_t, uint16_t, __builtin_bswap16)
MYC_SBE_DEFINE_BOTH(uint16, uint16_t, uint16_t, __builtin_bswap16)
MYC_SBE_DEFINE_BOTH(int32, int32_t, uint32_t, __builtin_bswap32)
MYC_SBE_DEFINE_BOTH(uint32, uint32_t, uint32_t, __builtin_bswap32)
MYC_SBE_DEFINE_BOTH(int64, int64_t, uint64_t, __builtin_bswap64)
MYC_SBE_DEFINE_BOTH(uint64, uint64_t, uint64_t, __builtin_bswap64)
MYC_SBE_DEFINE_BOTH(float, float, uint32_t, __builtin_bswap32)
MYC_SBE_DEFINE_BOTH(double, double, uint64_t, __builtin_bswap64)

/** A ref from its two words. */
static inline struct myc_ref
myc_sbe_ref(uint64_t home, uint64_t actor)
{
    struct myc_ref ref;

    ref.home = home;
    ref.actor = actor;
    return ref;
}

/**
 * Puts a string into a char array of a message or of its value struct: cut at `size`, the rest
 * filled with NUL; a text of exactly `size` bytes has no NUL.
 * @param to    `size` bytes.
 * @param text  NUL-terminated.
 * Context: any thread.
 */
static inline void
myc_sbe_store_text(void *to, size_t size, const char *text)
{
    char *out = (char *)to;
    size_t i;

    for (i = 0; i < size && text[i] != '\0'; i++)
        out[i] = text[i];
    memset(out + i, 0, size - i);
}

/** Whether `count` bytes are all zero: the null value of a char array. */
static inline bool
myc_sbe_is_zero(const void *at, size_t count)
{
    const uint8_t *byte = (const uint8_t *)at;

    for (size_t i = 0; i < count; i++)
        if (byte[i] != 0)
            return false;
    return true;
}

/* ---- groups and data ------------------------------------------------------------------------ */

/** Where a walk through groups and data is. */
struct myc_sbe_cursor {
    const uint8_t *at; /**< not owned */
    uint32_t left;     /**< bytes from `at` to the end of the message */
    uint16_t version;  /**< of the sender's schema */
};

/** Where the reading of a group is: see <message>_<group>_begin and _next. */
struct myc_sbe_iterator {
    struct myc_sbe_cursor cursor;
    uint32_t left;         /**< entries that are still to come */
    uint16_t block_length; /**< bytes of an entry's block, as the sender said */
};

/** Bytes of variable length, in place. */
struct myc_sbe_bytes {
    const uint8_t *at; /**< not owned; valid as long as the message */
    uint32_t size;     /**< bytes */
};

/** Where the writing of a body is: see <message>_build. */
struct myc_sbe_writer {
    uint8_t *start;    /**< the body; not owned */
    uint32_t capacity; /**< bytes that may be written */
    uint32_t size;     /**< bytes written */
    bool is_full;      /**< something did not fit: the body is not whole */
};

/** Moves past `count` bytes; false, and no move, when there are fewer. */
static inline bool
myc_sbe_skip(struct myc_sbe_cursor *cursor, uint32_t count)
{
    if (count > cursor->left)
        return false;
    cursor->at += count;
    cursor->left -= count;
    return true;
}

/** Room for `count` bytes at the end of a body; NULL, and is_full for ever, when there is none. */
static inline uint8_t *
myc_sbe_append(struct myc_sbe_writer *writer, uint32_t count)
{
    uint8_t *at = writer->start + writer->size;

    if (writer->is_full || count > writer->capacity - writer->size) {
        writer->is_full = true;
        return NULL;
    }
    writer->size += count;
    return at;
}

/** Bytes of the finished body; 0 when something did not fit. */
static inline uint32_t
myc_sbe_written(const struct myc_sbe_writer *writer)
{
    return writer->is_full ? 0 : writer->size;
}

/** Defines how data with such a length are read and skipped; reading none gives size 0. */
#define MYC_SBE_DEFINE_DATA(order, name)                                                 \
    static inline struct myc_sbe_bytes myc_sbe_read_data_##order##_##name(               \
        const struct myc_sbe_cursor *cursor)                                             \
    {                                                                                    \
        const uint32_t head = (uint32_t)sizeof(name##_t);                                \
        struct myc_sbe_bytes bytes = { cursor->at, 0 };                                  \
        if (cursor->left >= head) {                                                      \
            bytes.size = myc_sbe_load_##order##_##name(cursor->at);                      \
            bytes.at += head;                                                            \
            if (bytes.size > cursor->left - head)                                        \
                bytes.size = 0;                                                          \
        }                                                                                \
        return bytes;                                                                    \
    }                                                                                    \
    static inline bool myc_sbe_skip_data_##order##_##name(struct myc_sbe_cursor *cursor) \
    {                                                                                    \
        const uint32_t head = (uint32_t)sizeof(name##_t);                                \
        uint32_t size;                                                                   \
        if (cursor->left < head)                                                         \
            return false;                                                                \
        size = myc_sbe_load_##order##_##name(cursor->at);                                \
        return myc_sbe_skip(cursor, head) && myc_sbe_skip(cursor, size);                 \
    }

MYC_SBE_DEFINE_DATA(le, uint8)
MYC_SBE_DEFINE_DATA(le, uint16)
MYC_SBE_DEFINE_DATA(le, uint32)
MYC_SBE_DEFINE_DATA(be, uint8)
MYC_SBE_DEFINE_DATA(be, uint16)
MYC_SBE_DEFINE_DATA(be, uint32)

MYC_END_DECLS

#endif
