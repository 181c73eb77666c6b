/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inbox of a client: an actor that keeps what is sent to it until the program takes it.
 *
 * Messages are copied, because a handler only borrows them. The place is bounded: what comes when
 * it is full is dropped and counted, since the program that should have taken it has not run.
 */
#ifndef FAB_NODE_CLIENT_INBOX_H
#define FAB_NODE_CLIENT_INBOX_H

#include <stdbool.h>

#include <mycelium/actor.h>

struct fab_inbox_entry;

struct fab_inbox {
    struct fab_inbox_entry *entries; /* owned */
    uint32_t count;                  /* entries there are */
    uint32_t head;                   /* taken; free running */
    uint32_t tail;                   /* put in; free running */
    uint64_t dropped_full;           /* messages that found no entry free */
};

/* Puts back what the message taken last has kept of a heap. Context: as a handler of the actor. */
void fab_inbox_release(struct fab_inbox *inbox, struct myc_self *self);

/* Whether there is such a message. */
bool fab_inbox_has_kept(const struct fab_inbox *inbox);

/* `count` is rounded up to a power of two. OK; NO_MEMORY. */
enum myc_status fab_inbox_init(struct fab_inbox *inbox, uint32_t count);
void fab_inbox_fini(struct fab_inbox *inbox);

/* The oldest message; it stays valid until `put` has gone once round, so until the next take at
 * least. False: none. */
bool fab_inbox_take(struct fab_inbox *inbox, struct myc_message *message);

/* The actor; its args are a pointer to its struct fab_inbox. */
extern const struct myc_class fab_inbox_class;

#endif
