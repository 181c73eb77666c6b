/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of names of one lcore: who claims which name, as far as this lcore knows.
 *
 * The table is a set of claims, and the holder of a name is the best of them: the earliest, of two
 * at one time the one with the lower ref. A worse claim from elsewhere is kept, not dropped: when
 * the better one goes it holds, unless its owner has taken it back meanwhile, as owners do when
 * they see that they have lost. So tables that know the same claims agree, in whatever order they
 * came.
 *
 * A membership of a group is a claim too, to a key of its own kind: all of them hold, nobody loses,
 * and one member may have several. So groups are replicated, hidden by a partition and found again
 * by what does that for names.
 *
 * An entry that is claimed is in two hashes: by its claim, and by its name. Of all claims to one
 * name only the newest stands in the chain of the latter, and heads a list of the others, so that a
 * group of any size is one step of a chain, and who joins or leaves it need not pass the members.
 * Entries whose owner lives on this lcore are also in the owner's list, and their changes in a list
 * from which the registry takes them, in order; an entry that is claimed no more stays, out of the
 * hashes, until the registry has taken the change and an owner who lost a conflict has been told.
 *
 *     names: chain -> [head of "a"] -> [head of "b"] -> NONE
 *                           | older
 *                      [claim to "a"] -> NONE
 */
#ifndef FAB_ACTOR_NAME_TABLE_H
#define FAB_ACTOR_NAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "actor/handle.h"

#include <mycelium/registry.h>

#define FAB_NAME_NONE UINT32_MAX

struct fab_name {
    struct myc_name_claim claim;
    uint32_t slot;       /* of a holder on this lcore; FAB_NAME_NONE: held elsewhere */
    uint32_t mark;       /* the registry's; 0 for local ones */
    uint32_t hash;       /* of the name */
    uint32_t name_chain; /* of heads */
    uint32_t claim_chain;
    uint32_t older; /* claims to the same name; NONE after the last */
    uint32_t newer; /* NONE: it is the head */
    uint32_t next;  /* of the same holder */
    uint32_t prev;
    uint32_t change_next;
    bool is_claimed;  /* in the hashes */
    bool is_changed;  /* in the list of changes */
    bool is_exported; /* others than this node may address who holds it: see exported.h */
    bool is_lost;     /* lost a conflict, and its holder does not know yet */
};

struct fab_name_table {
    struct fab_name *names;
    struct fab_handle *entries;
    uint32_t *name_chains;
    uint32_t *claim_chains;
    struct fab_handles handles;
    uint32_t chain_mask; /* of both */
    uint32_t change_head;
    uint32_t change_tail;
    bool has_registry; /* else changes are not kept */
};

/* Whether a text may be a name: 1 to MYC_NAME_SIZE_MAX bytes. Copies it, zero-padded. */
bool fab_name_copy(char *to, const char *name);

uint64_t fab_name_hash(const char *name);

/* Whether claim `a` wins over claim `b` to the same name. */
bool fab_name_is_better(const struct myc_name_claim *a, const struct myc_name_claim *b);

/* The arrays are there, both of chains with `chain_count`, a power of two. */
void fab_name_table_init(struct fab_name_table *table, uint32_t count, uint32_t chain_count);

/* The best claim to the name, any of a group's; FAB_NAME_NONE: there is none. */
uint32_t fab_name_lookup(const struct fab_name_table *table, const char *name);

/* The entry of a claim: of a name by name and ref, of a group by its time too. FAB_NAME_NONE: there
 * is none. */
uint32_t fab_name_lookup_of(const struct fab_name_table *table, const struct myc_name_claim *claim);

/* The newest membership of that actor in a group; FAB_NAME_NONE: there is none. */
uint32_t fab_name_lookup_member(const struct fab_name_table *table, const char *group,
                                struct myc_ref ref);

/* The next claim after `index` to the same name, the newest first; FAB_NAME_NONE before the first
 * and after the last. */
uint32_t fab_name_next_claim(const struct fab_name_table *table, const char *name, uint32_t index);

static inline bool
fab_name_is_group(const char *name)
{
    return name[0] == MYC_GROUP_MARK;
}

/* Enters a claim. `slot`: of a local holder, whose list begins at *first; else
 * FAB_NAME_NONE, NULL. FAB_NAME_NONE: the table is full. */
uint32_t fab_name_push(struct fab_name_table *table, const struct myc_name_claim *claim,
                       uint32_t slot, uint32_t *first);

/* The claim is taken back. The entry goes, unless the registry or the holder has to hear of it.
 * `is_lost`: the holder lost it to another. `first` as in push. */
void fab_name_withdraw(struct fab_name_table *table, uint32_t index, uint32_t *first, bool is_lost);

/* The holder has been told that it lost. */
void fab_name_on_told(struct fab_name_table *table, uint32_t index, uint32_t *first);

/* Takes the next change. False: there is none. */
bool fab_name_take_change(struct fab_name_table *table, struct myc_name_claim *claim,
                          bool *is_removed);

/* From now on changes are kept; there are none yet. */
void fab_name_keep_changes(struct fab_name_table *table, bool has_registry);

#endif
