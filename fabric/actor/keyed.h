/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keyed messages: a mailbox that conflates keeps one message for each type and key.
 *
 * The later message takes the place of the earlier one in the queue, so a key that changes all the
 * time is not pushed back for ever. A hash finds the waiting message; a message that stands in the
 * hash says so in its record (msg.margin), which keeps it off the quick way out of the mailbox.
 */
#ifndef FAB_ACTOR_KEYED_H
#define FAB_ACTOR_KEYED_H

#include "actor/overflow.h"

/* Takes the place of the waiting message with its key, or stands behind all. Takes over the cell.
 * False: it is of one key more than the mailbox takes; nothing has changed. */
bool fab_keyed_put(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell);

/* A message that stands in the hash leaves the mailbox. */
void fab_keyed_on_pop(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell);

#endif
