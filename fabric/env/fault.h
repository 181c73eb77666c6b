/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line that treats frames badly on purpose: loses, doubles, reorders, delays and damages them,
 * by seed, so that the same seed and the same frames give the same damage.
 *
 * It knows no frame, only pointers: ports put mbufs through it (env/port.h), the interposer of the
 * tests what it read from a socket. The decisions are taken when a frame goes in, in the order
 * mask, loss, duplication, damage, reordering, delay.
 *
 *      push --> lost? doubled? damaged? --> held back? --> delayed --> pop
 *
 * A frame that is held back goes after at most reorder_frames later ones, or after reorder_ns when
 * nothing follows it. Pure: no clock, no DPDK.
 */
#ifndef FAB_ENV_FAULT_H
#define FAB_ENV_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/wire_fault.h>

#define FAB_FAULT_HELD_MAX    64U   /* frames held back at once */
#define FAB_FAULT_DELAYED_MAX 8192U /* frames on the line at once; more are lost */

/* What the line does to frames. `context` is the line's. */
struct fab_fault_ops {
    void *(*copy)(void *context, void *frame); /* NULL when there is no memory */
    void (*drop)(void *context, void *frame);
    void (*corrupt)(void *context, void *frame, uint64_t random);
};

struct fab_fault_counters {
    uint64_t frames; /* that came in */
    uint64_t lost;
    uint64_t duplicated;
    uint64_t corrupted;
    uint64_t reordered;
    uint64_t overflowed; /* lost because the line was full */
};

struct fab_fault_line;

/* Whether any of the values does something. */
bool fab_wire_fault_is_active(const struct myc_wire_fault *fault);

/* What is wrong with the values, and what to do; NULL: nothing. */
const char *fab_wire_fault_check(const struct myc_wire_fault *fault);

/* NULL when there is no memory. `ops` and `context` must outlive the line. */
struct fab_fault_line *fab_fault_line_create(const struct myc_wire_fault *fault,
                                             const struct fab_fault_ops *ops, void *context);

/* Drops what is on the line. *line is set to NULL. */
void fab_fault_line_destroy(struct fab_fault_line **line);

/* Puts a frame on the line, which owns it from now on. */
void fab_fault_line_push(struct fab_fault_line *line, void *frame, uint64_t now_ns);

/* The next frame that is through, now the caller's; NULL: none yet. */
void *fab_fault_line_pop(struct fab_fault_line *line, uint64_t now_ns);

/* Whether frames are on the line. */
bool fab_fault_line_is_empty(const struct fab_fault_line *line);

const struct fab_fault_counters *fab_fault_line_counters(const struct fab_fault_line *line);

#endif
