/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What this core has lent of its large bodies, and to whom.
 *
 * A loan is a line in the ledger of the link: number and body. The record carries the number, the
 * borrower's RELEASE brings it back, and when the link breaks the whole ledger of that link comes
 * back at once; so nothing of a dead process is lost and a number that was not lent is refused. A
 * flow returns the loan itself, when all of the body is acknowledged and the port has let go.
 */
#ifndef FAB_ACTOR_LEND_H
#define FAB_ACTOR_LEND_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_LEND_NONE UINT32_MAX

struct fab_body;
struct fab_core;
struct fab_link;

struct fab_lend {
    uint32_t body;
    uint32_t next; /* of the same link */
    uint32_t previous;
    uint32_t units; /* of the heap, charged to whom it was lent: see quota.h */
    uint16_t link;
};

/* Enters a loan of an own body to the other end of the link, which adds a reference. False: the
 * table is full, or the other end has as much as it may (counted). */
bool fab_lend_add(struct fab_core *core, struct fab_body *body, struct fab_link *link,
                  uint32_t *number);

/* The body of a loan. NULL: there is no such loan over that link. */
struct fab_body *fab_lend_body(const struct fab_core *core, const struct fab_link *link,
                               uint32_t number);

/* A loan is over. False: there is no such loan over that link. */
bool fab_lend_end(struct fab_core *core, const struct fab_link *link, uint32_t number);

/* The link broke: all that was lent over it comes back. */
void fab_lends_on_link_down(struct fab_core *core, struct fab_link *link);

/* A RELEASE came. False: it names no loan over that link. */
bool fab_lends_on_release(struct fab_core *core, const struct fab_link *link, const void *body);

#endif
