/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies on their way out: which parts of each were granted, sent, lost, acknowledged.
 *
 * A body goes in parts of one size, its *step*, all but the last; part i stands at i x step. So a
 * part is one bit in each of two maps, and parts can neither overlap nor be of a doubtful size. A
 * body has a number that counts on, and the slot number mod 16 until all of it is acknowledged; the
 * receiver has the same slots, and is done with a number before the sender uses its slot again.
 */
#ifndef FAB_PROTO_LARGE_OUT_H
#define FAB_PROTO_LARGE_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/pool.h"
#include "proto/sent_map.h"
#include "wire/frame.h"

#define FAB_LARGE_SLOTS      16U
#define FAB_LARGE_PARTS_MAX  (FAB_MSG_SIZE_MAX / FAB_LARGE_STEP_MIN)
#define FAB_LARGE_HEAD_WORDS (FAB_MSG_HEADER_SIZE / 8U + FAB_MSG_EXTENSIONS_MAX)
#define FAB_LARGE_WORDS      (FAB_LARGE_PARTS_MAX / 64U)

/* In a frame's list of what it carries: where other parts say the lane, this says "of a body". */
#define FAB_PART_LANE_LARGE 3U

struct fab_large_out_slot {
    const uint8_t *body; /* not owned */
    uint64_t loan;       /* the owner's name for it */
    uint32_t id;
    uint32_t size;    /* bytes */
    uint32_t count;   /* parts */
    uint32_t granted; /* parts that may be sent */
    uint32_t next;    /* first part that was never sent */
    uint32_t acked;   /* parts */
    uint32_t lost;    /* parts that must be sent again */
    uint32_t number;  /* of the record in its stream */
    uint16_t step;    /* bytes */
    uint8_t stream;
    uint64_t head[FAB_LARGE_HEAD_WORDS]; /* the record, as it was committed */
    uint64_t is_acked[FAB_LARGE_WORDS];
    uint64_t is_lost[FAB_LARGE_WORDS];
};

/* A slot has memory while its body is announced and some of it is not acknowledged; NULL: free. */
struct fab_large_out {
    struct fab_large_out_slot *slots[FAB_LARGE_SLOTS];
    struct fab_large_out_slot *spare; /* memory for the next one; NULL: not reserved */
    struct fab_pool *pool;            /* shared; not owned */
    uint32_t next_id;
    uint32_t open_count;
    uint32_t turn; /* slot that is looked at first, so that bodies take turns */
    /* A bit for each slot, so that no frame has to look at all of them: */
    uint16_t ready;   /* a part may be sent */
    uint16_t starved; /* all that was granted was sent, and there is more */
};

/* A part to be sent. */
struct fab_large_pick {
    const uint8_t *bytes;
    uint64_t loan;
    uint32_t id;
    uint32_t offset;
    uint32_t size;
    fab_part part;  /* its name in the sent map */
    bool is_repeat; /* it was sent before */
};

enum fab_grant_verdict {
    FAB_GRANT_NEWS = 0, /* more may be sent than before */
    FAB_GRANT_OLD,
    FAB_GRANT_IMPOSSIBLE, /* a body that was never announced, or more of it than there is */
};

/* `pool`: of struct fab_large_out_slot. */
void fab_large_out_init(struct fab_large_out *out, struct fab_pool *pool);

/* Numbers begin at `first`; whatever is open is given up. */
void fab_large_out_reset(struct fab_large_out *out, uint32_t first);

/* Reserves memory for the next body; false: all slots are in use, or all memory is. */
bool fab_large_out_reserve(struct fab_large_out *out);

/* Whether that would be true now. */
bool fab_large_out_has_room(const struct fab_large_out *out);

/* Opens the slot that was reserved, for a body of `size` bytes in parts of `step`, and gives it its
 * id. The caller sets its body, loan, stream, number and head. */
struct fab_large_out_slot *fab_large_out_open(struct fab_large_out *out, uint32_t size,
                                              uint16_t step);

/* What a grant would say, and what it says: bytes from the start that may be sent. */
enum fab_grant_verdict fab_large_out_check(const struct fab_large_out *out, uint32_t id,
                                           uint32_t limit);
void fab_large_out_grant(struct fab_large_out *out, uint32_t id, uint32_t limit);

/* Whether a part may be sent now; the first such, lost ones before new ones. */
static inline bool
fab_large_out_can_send(const struct fab_large_out *out)
{
    return out->ready != 0;
}
bool fab_large_out_pick(struct fab_large_out *out, struct fab_large_pick *pick);

/* The picked part is being sent. */
void fab_large_out_take(struct fab_large_out *out, const struct fab_large_pick *pick);

/* A part that was sent before, to be sent once more as it is; false: no need. */
bool fab_large_out_again(const struct fab_large_out *out, fab_part part,
                         struct fab_large_pick *pick);

/* A frame that carried the part was acknowledged. Returns whether that was the last of its body:
 * then the slot is free, and *loan is what it held. */
bool fab_large_out_on_acked(struct fab_large_out *out, fab_part part, uint64_t *loan);

/* A frame that carried the part was lost. */
void fab_large_out_on_lost(struct fab_large_out *out, fab_part part);

/* Whether a body waits for a grant. */
static inline bool
fab_large_out_is_short(const struct fab_large_out *out)
{
    return out->starved != 0;
}

static inline bool
fab_part_is_large(fab_part part)
{
    return part >> 30 == FAB_PART_LANE_LARGE;
}

#endif
