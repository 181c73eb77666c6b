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

MYC_END_DECLS

#endif
