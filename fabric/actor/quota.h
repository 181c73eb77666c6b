/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much of this core's heap other processes may hold.
 *
 * What is lent over a segment comes back when the borrower releases it, which may be never: a
 * client that keeps all that it gets would leave nothing for anybody else. So each process has an
 * account, over all its links to this core, with a limit for one process and one for all together;
 * in bytes of each part of the heap, and in loans. Who is at its limit is sent no large body
 * (NO_MEMORY, counted) until it has given some back; one at a time it may always have, however
 * large.
 *
 * A body that goes to several actors of a process, one after the other, is there once, and charged
 * once: in the list of a link's loans it makes a run, of which one loan has the charge.
 *
 * Lcores of the own node are trusted; what flows have comes back by itself, and is bounded.
 */
#ifndef FAB_ACTOR_QUOTA_H
#define FAB_ACTOR_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#define FAB_ACCOUNT_NONE UINT32_MAX
#define FAB_HEAP_PARTS   2U /* for what actors write, for what flows bring */

struct fab_body;
struct fab_core;
struct fab_lend;
struct fab_link;

struct fab_account {
    uint64_t home;  /* of the process; 0: free */
    uint32_t links; /* to it that are up */
    uint32_t loans;
    uint32_t units[FAB_HEAP_PARTS];
};

struct fab_quota {
    struct fab_account *accounts;
    uint32_t count; /* of them */
    uint32_t loans_max;
    uint32_t units_max[FAB_HEAP_PARTS];
    struct fab_account all;     /* the sum */
    struct fab_account all_max; /* its limits */
};

/* OK; NO_MEMORY. The heap is laid out. */
bool fab_quota_create(struct fab_core *core);
void fab_quota_destroy(struct fab_core *core);

/* A link came up, or went down with all its loans over. */
void fab_quota_on_link_up(struct fab_core *core, struct fab_link *link);
void fab_quota_on_link_down(struct fab_core *core, struct fab_link *link);

/* Whether one more loan of the body may go over the link; `is_there`: it has the body already. */
bool fab_quota_allows(const struct fab_core *core, const struct fab_link *link,
                      const struct fab_body *body, bool is_there);

/* A loan has been entered, or is about to be taken out, of its link's list. */
void fab_quota_on_lend(struct fab_core *core, struct fab_lend *lend, bool is_there);
void fab_quota_on_lend_end(struct fab_core *core, const struct fab_lend *lend);

#endif
