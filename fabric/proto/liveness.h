/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the peer lives: silence since it was last heard of, by any frame, on any flow of the
 * pair.
 *
 *      heard          keepalive        suspect          down
 *      ---|---------------|---------------|---------------|---->
 *         quiet           asked           suspected       the epoch ends
 *
 * A timer that fires late says that we ourselves did not run. Then the peer's frames may be
 * waiting unread, so the lateness is not counted as the peer's silence, and a few times in a
 * silence there is some more time to read them.
 *
 * Nor is any other time counted in which we did not run, as far as it is known (absence.h): where
 * two sides share CPUs with much else, both stand still for most of the time, and a silence in
 * which we ran for a few slices ourselves says little. Not for ever, so that a dead peer is found
 * dead also by who hardly runs: FAB_LIVENESS_EXCUSES times down_ns in a silence, after which only
 * lateness is left.
 */
#ifndef FAB_PROTO_LIVENESS_H
#define FAB_PROTO_LIVENESS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/absence.h"

#define FAB_LIVENESS_GRACES           4U
#define FAB_LIVENESS_GRACE_KEEPALIVES 2U /* length of one, in intervals of keep-alives */
#define FAB_LIVENESS_EXCUSES          2U /* of own absence in a silence, in lengths of down_ns */

enum fab_liveness_event {
    FAB_LIVENESS_NOTHING = 0,
    FAB_LIVENESS_ASK, /* send a keep-alive */
    FAB_LIVENESS_SUSPECT,
    FAB_LIVENESS_DOWN,
};

/* Lengths of a silence. */
struct fab_silence {
    uint64_t keepalive_ns; /* 0: this flow does not look after the peer */
    uint64_t suspect_ns;
    uint64_t down_ns;
    uint64_t first_ns; /* the shortest of them that is not 0 */
};

/* Each 0: never. */
struct fab_silence fab_silence_of(uint64_t keepalive_ns, uint64_t suspect_ns, uint64_t down_ns);

struct fab_liveness {
    const struct fab_silence *silence; /* not owned */
    uint64_t heard_ns;                 /* put forward by what is excused */
    uint8_t graces;                    /* given in this silence */
    bool has_asked;                    /* since it was last heard */
    bool is_suspect;
};

void fab_liveness_init(struct fab_liveness *liveness, uint64_t now_ns);

/* Something came; returns whether the peer was suspect and no longer is. */
static inline bool
fab_liveness_on_heard(struct fab_liveness *liveness, uint64_t now_ns)
{
    bool was_suspect = liveness->is_suspect;

    liveness->heard_ns = now_ns;
    liveness->graces = 0;
    liveness->has_asked = false;
    liveness->is_suspect = false;
    return was_suspect;
}

/* When something is due once a keep-alive was sent. */
uint64_t fab_liveness_deadline_asked(const struct fab_liveness *liveness);

/* When something is due; UINT64_MAX: never. */
static inline uint64_t
fab_liveness_deadline(const struct fab_liveness *liveness)
{
    if (liveness->silence->keepalive_ns == 0)
        return UINT64_MAX;
    return liveness->has_asked ? fab_liveness_deadline_asked(liveness)
                               : liveness->heard_ns + liveness->silence->first_ns;
}

/* The next thing that is due by now; call until NOTHING or DOWN. */
enum fab_liveness_event fab_liveness_on_timer(struct fab_liveness *liveness,
                                              struct fab_absence *absence, uint64_t now_ns);

#endif
