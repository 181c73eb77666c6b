/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that actors here owe an answer to, so that an asker hears at once when the answer cannot
 * come any more.
 *
 * An entry is made when an ASK reaches a handler and goes with the answer, with the one who owes
 * it, with the link to the asker, or when the asker waits no more: an ask that is cancelled, times
 * out or ends with its asker tells the core of who was asked (ASK_ENDED). So the entries that an
 * asker makes here are as bounded as its own table of open asks, whether or not anybody answers.
 * Whoever takes a request over tells the asker's core (ASK_TAKEN), so that this holds for
 * delegates, too, and so that the loss of a delegate's node is known to the asker. For an asker
 * elsewhere an entry holds a reserved cell, so that the failure can always be sent. When the table
 * is full the entry longest passed over makes room: its asker still has the deadline (counted as
 * requests_untracked). What waited in a mailbox while its link broke makes no entry, also when the
 * link has come again: each record there bears the life of the link that brought it.
 */
#ifndef FAB_ACTOR_OWED_H
#define FAB_ACTOR_OWED_H

#include <stdbool.h>
#include <stdint.h>

#include "actor/handle.h"

#include <mycelium/send.h>

struct fab_owed {
    struct myc_request request;
    uint32_t slot; /* who owes */
    uint32_t next; /* of the same slot */
    uint32_t prev;
    uint32_t chain;    /* next with the same hash */
    bool has_reserved; /* a small cell is promised to the failure */
};

struct fab_owed_table {
    struct fab_owed *owed;
    struct fab_handle *entries;
    uint32_t *chains; /* first of each hash */
    uint32_t *first;  /* first of each slot */
    struct fab_handles handles;
    uint32_t chain_mask;
    uint32_t hand; /* where the search for one to make room goes on */
};

#define FAB_OWED_NONE UINT32_MAX

/* Lays the table out; the arrays are there: chains of `chain_count` (a power of two), first of
 * `slot_count`. */
void fab_owed_init(struct fab_owed_table *table, uint32_t count, uint32_t chain_count,
                   uint32_t slot_count);

/* Adds a request to a slot's list. False: the table is full. */
bool fab_owed_push(struct fab_owed_table *table, uint32_t slot, struct myc_request request,
                   uint32_t *index);

/* Which entry is this request's; FAB_OWED_NONE: nobody here owes it. */
uint32_t fab_owed_lookup(const struct fab_owed_table *table, struct myc_request request);

void fab_owed_remove(struct fab_owed_table *table, uint32_t index);

/* The entry to give up when the table is full. */
uint32_t fab_owed_oldest(struct fab_owed_table *table);

#endif
