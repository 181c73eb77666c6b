/* SPDX-License-Identifier: BSD-3-Clause */
/* What a behaviour changes of an actor (myc_become), and what stays its class's. */
#ifndef FAB_ACTOR_BECOME_H
#define FAB_ACTOR_BECOME_H

#include "actor/state.h"

/* The class that an actor was spawned as: its state, init and, unless the behaviour has one, stop.
 */
static inline const struct myc_class *
fab_class_base(const struct myc_class *class_of)
{
    return class_of->behaviour_of ? class_of->behaviour_of : class_of;
}

/* From the next message on. */
void fab_become(struct fab_slot *slot, const struct myc_class *class_of);

#endif
