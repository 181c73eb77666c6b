/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file ref.h
 * The name of an actor, for ever.
 *
 * A myc_ref is a plain value of 16 bytes: copy it, store it, put it in a message, send it to
 * another host. The same ref works from every place; only the cost of reaching the actor differs.
 *
 *      home                                  actor
 *      63        48 47                 0     63    56 55      32 31             0
 *     +------------+--------------------+   +--------+----------+----------------+
 *     | node id 16 |   incarnation 48   |   |lcore 8 | slot 24  |  generation 32 |
 *     +------------+--------------------+   +--------+----------+----------------+
 *
 * The incarnation is drawn whenever a node starts (the time, and some random bits: a later life has
 * the greater one), and a slot's generation grows by one with each actor that lives in it (a slot
 * whose generations are used up is retired). So a ref to a dead actor or to a restarted node never
 * reaches somebody else: sending to it answers GONE.
 * Both words of the null ref are zero; no actor has it (generations start at 1).
 */
#ifndef MYCELIUM_REF_H
#define MYCELIUM_REF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/api.h>
#include <mycelium/status.h>

MYC_BEGIN_DECLS

/** Names one life of one actor. A value: copy it freely. */
struct myc_ref {
    uint64_t home;  /**< node id and incarnation */
    uint64_t actor; /**< lcore, slot and generation */
};

typedef struct myc_ref myc_ref;

/** Size of a buffer that holds any formatted ref with its final NUL, in bytes. */
#define MYC_REF_TEXT_SIZE 48

static inline bool
myc_ref_is_null(struct myc_ref ref)
{
    return (ref.home | ref.actor) == 0;
}

static inline bool
myc_ref_is_equal(struct myc_ref a, struct myc_ref b)
{
    return a.home == b.home && a.actor == b.actor;
}

/** Node id, 1 to 65535; 0 in the null ref. */
static inline uint16_t
myc_ref_node(struct myc_ref ref)
{
    return (uint16_t)(ref.home >> 48);
}

/** Incarnation of that node, 48 bits. */
static inline uint64_t
myc_ref_incarnation(struct myc_ref ref)
{
    return ref.home & 0xffffffffffffULL;
}

/** Index of the lcore within its node, 0 to 255. */
static inline uint8_t
myc_ref_lcore(struct myc_ref ref)
{
    return (uint8_t)(ref.actor >> 56);
}

/** Index of the slot within its lcore, 24 bits. */
static inline uint32_t
myc_ref_slot(struct myc_ref ref)
{
    return (uint32_t)(ref.actor >> 32) & 0xffffffU;
}

/** Generation of the slot, from 1. */
static inline uint32_t
myc_ref_generation(struct myc_ref ref)
{
    return (uint32_t)ref.actor;
}

/**
 * Writes a ref as text, "node.incarnation/lcore.slot.generation", node, lcore, slot and generation
 * in decimal and the incarnation in 12 hexadecimal digits; the null ref is "null".
 * @param ref   any ref.
 * @param text  buffer of at least MYC_REF_TEXT_SIZE bytes; owned by the caller.
 * @return text.
 * Context: any thread.
 */
MYC_API char *myc_ref_format(struct myc_ref ref, char *text);

/**
 * Reads what myc_ref_format wrote.
 * @param text  NUL-terminated; the whole of it must be a ref.
 * @param ref   set on OK, untouched else.
 * @return OK; INVALID when the text is not a ref.
 * Context: any thread.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_ref_parse(const char *text, struct myc_ref *ref);

MYC_END_DECLS

#endif
