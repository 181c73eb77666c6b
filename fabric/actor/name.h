/* SPDX-License-Identifier: BSD-3-Clause */
/* The names of one lcore, for name.c (its actors' side) and name_claims.c (its registry's). */
#ifndef FAB_ACTOR_NAME_H
#define FAB_ACTOR_NAME_H

#include "actor/name_table.h"
#include "actor/seeker.h"
#include "actor/state.h"

struct fab_names {
    struct fab_name_table table;
    struct fab_seekers *seekers;
    uint32_t registry; /* slot; FAB_SLOT_NONE: none */
    bool is_announced; /* NamesChanged has been posted and the changes are not all taken */
    bool is_closed;    /* the node stops: nobody takes a name any more */
    uint32_t untold;   /* lost names whose holder does not know */
};

/* Who holds a name; null: nobody. */
struct myc_ref fab_names_holder(const struct fab_core *core, const char *name);

/* Tells the registry that there are changes, unless it knows. */
void fab_names_announce(struct fab_core *core);

/* Takes a claim out; who seeks it is not told. `is_lost`: to a better one, which its owner hears.
 */
void fab_names_withdraw(struct fab_core *core, uint32_t index, bool is_lost);

/* Takes a claim out; the next best one holds, and who seeks it is told. */
void fab_names_remove(struct fab_core *core, uint32_t index);

/* Whether the other end of the link may reach the actor of that word: it may reach everybody, or
 * the actor has one of its names here, or is the registry. */
bool fab_link_may_reach(struct fab_core *core, const struct fab_link *link, uint64_t actor);

#endif
