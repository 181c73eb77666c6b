/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seekers: actors that wait for a name (discover) or follow it (watch).
 *
 * A seeker keeps what it was last told; whenever its name changes it is told the difference to what
 * is so now. When there is no memory for an event it stays behind and is told in a later turn: a
 * watcher may miss a holder that came and went meanwhile, but ends with the present one. Watchers
 * of a group are told that it has changed, at most once a turn, and look for themselves.
 */
#ifndef FAB_ACTOR_SEEKER_H
#define FAB_ACTOR_SEEKER_H

#include "actor/state.h"

struct fab_seekers;

/* Makes the table of `count` seekers; *seekers is to be destroyed also when this fails. */
enum myc_status fab_seekers_create(struct fab_core *core, uint32_t count,
                                   struct fab_seekers **seekers);
void fab_seekers_destroy(struct fab_core *core, struct fab_seekers *seekers);

struct fab_seek {
    const char *name;    /* zero-padded to MYC_NAME_SIZE_MAX + 1 */
    uint64_t tag;        /* of the events */
    uint64_t timeout_ns; /* of a discover; MYC_FOREVER: none */
    bool is_watch;
};

/* The running actor seeks from now on; it is told at once what is known (`holder` may be null).
 * OK; NO_MEMORY. */
enum myc_status fab_seekers_add(struct fab_core *core, struct fab_seekers *seekers,
                                const struct fab_seek *seek, struct myc_ref holder);

/* A name has got a holder, or lost it (null). */
void fab_seekers_on_change(struct fab_core *core, struct fab_seekers *seekers, const char *name,
                           struct myc_ref holder);

/* The actor ends or restarts: it seeks no more. */
void fab_seekers_on_end(struct fab_core *core, struct fab_seekers *seekers,
                        const struct fab_slot *slot);

/* Ends discovers whose time is over and tells those who are behind, at most `budget`. `holder_of`
 * says who has a name now. Returns work done. */
unsigned fab_seekers_run(struct fab_core *core, struct fab_seekers *seekers, unsigned budget,
                         struct myc_ref (*holder_of)(const struct fab_core *core,
                                                     const char *name));

/* When fab_seekers_run has work; UINT64_MAX: none. */
uint64_t fab_seekers_next_ns(const struct fab_core *core, const struct fab_seekers *seekers);

/* Those who seek now. */
uint32_t fab_seekers_count(const struct fab_seekers *seekers);

#endif
