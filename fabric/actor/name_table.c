/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/name_table.h"

#include <string.h>

bool
fab_name_copy(char *to, const char *name)
{
    size_t size = strnlen(name, MYC_NAME_SIZE_MAX + 1);

    if (size == 0 || size > MYC_NAME_SIZE_MAX)
        return false;
    memset(to, 0, MYC_NAME_SIZE_MAX + 1);
    memcpy(to, name, size);
    return true;
}

/* FNV-1a: names are short. */
uint64_t
fab_name_hash(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325ULL;

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 0x100000001b3ULL;
    return hash ^ hash >> 32;
}

bool
fab_name_is_better(const struct myc_name_claim *a, const struct myc_name_claim *b)
{
    if (a->claimed_ns != b->claimed_ns)
        return a->claimed_ns < b->claimed_ns;
    if (a->ref.home != b->ref.home)
        return a->ref.home < b->ref.home;
    return a->ref.actor < b->ref.actor;
}

void
fab_name_table_init(struct fab_name_table *table, uint32_t count, uint32_t chain_count)
{
    memset(table->name_chains, 0xff, chain_count * sizeof(table->name_chains[0]));
    memset(table->claim_chains, 0xff, chain_count * sizeof(table->claim_chains[0]));
    table->chain_mask = chain_count - 1;
    table->change_head = FAB_NAME_NONE;
    table->change_tail = FAB_NAME_NONE;
    fab_handles_init(&table->handles, table->entries, count);
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* Where the head of the claims to a name stands, or would be put. */
static uint32_t *
head_of(const struct fab_name_table *table, uint32_t hash, const char *name)
{
    uint32_t *at = &table->name_chains[hash & table->chain_mask];

    while (*at != FAB_NAME_NONE &&
           (table->names[*at].hash != hash || strcmp(table->names[*at].claim.name, name) != 0))
        at = &table->names[*at].name_chain;
    return at;
}

/* The time of a claim is no part of it: who leaves a group does not say since when he is in it. */
static uint32_t *
claims_of(const struct fab_name_table *table, uint32_t hash, struct myc_ref ref)
{
    uint64_t mixed = (hash ^ ref.actor ^ ref.home << 1) * 0x9e3779b97f4a7c15ULL;

    return &table->claim_chains[(uint32_t)(mixed >> 32) & table->chain_mask];
}

static bool
is_claim(const struct fab_name *entry, uint32_t hash, const char *name, struct myc_ref ref)
{
    return entry->hash == hash && myc_ref_is_equal(entry->claim.ref, ref) &&
           strcmp(entry->claim.name, name) == 0;
}

uint32_t
fab_name_lookup(const struct fab_name_table *table, const char *name)
{
    uint32_t best = *head_of(table, (uint32_t)fab_name_hash(name), name);

    if (best == FAB_NAME_NONE || fab_name_is_group(name))
        return best;
    for (uint32_t i = table->names[best].older; i != FAB_NAME_NONE; i = table->names[i].older)
        if (fab_name_is_better(&table->names[i].claim, &table->names[best].claim))
            best = i;
    return best;
}

uint32_t
fab_name_next_claim(const struct fab_name_table *table, const char *name, uint32_t index)
{
    return index == FAB_NAME_NONE ? *head_of(table, (uint32_t)fab_name_hash(name), name)
                                  : table->names[index].older;
}

uint32_t
fab_name_lookup_of(const struct fab_name_table *table, const struct myc_name_claim *claim)
{
    uint32_t hash = (uint32_t)fab_name_hash(claim->name);
    uint32_t index = *claims_of(table, hash, claim->ref);
    bool is_group = fab_name_is_group(claim->name);

    while (index != FAB_NAME_NONE &&
           (!is_claim(&table->names[index], hash, claim->name, claim->ref) ||
            (is_group && table->names[index].claim.claimed_ns != claim->claimed_ns)))
        index = table->names[index].claim_chain;
    return index;
}

uint32_t
fab_name_lookup_member(const struct fab_name_table *table, const char *group, struct myc_ref ref)
{
    uint32_t hash = (uint32_t)fab_name_hash(group);
    uint32_t index = *claims_of(table, hash, ref);

    while (index != FAB_NAME_NONE && !is_claim(&table->names[index], hash, group, ref))
        index = table->names[index].claim_chain;
    return index;
}

/* ---- changing -------------------------------------------------------------------------------- */

static void
note_change(struct fab_name_table *table, uint32_t index)
{
    struct fab_name *entry = &table->names[index];

    if (!table->has_registry || entry->is_changed)
        return;
    entry->is_changed = true;
    entry->change_next = FAB_NAME_NONE;
    if (table->change_head == FAB_NAME_NONE)
        table->change_head = index;
    else
        table->names[table->change_tail].change_next = index;
    table->change_tail = index;
}

/* A new head of its name. */
static void
hash_in(struct fab_name_table *table, uint32_t index)
{
    struct fab_name *entry = &table->names[index];
    uint32_t *head = head_of(table, entry->hash, entry->claim.name);
    uint32_t *claims = claims_of(table, entry->hash, entry->claim.ref);

    entry->older = *head;
    if (*head != FAB_NAME_NONE) {
        table->names[*head].newer = index;
        entry->name_chain = table->names[*head].name_chain;
    }
    *head = index;
    entry->claim_chain = *claims;
    *claims = index;
    entry->is_claimed = true;
}

static void
unhash_name(struct fab_name_table *table, const struct fab_name *entry)
{
    if (entry->older != FAB_NAME_NONE)
        table->names[entry->older].newer = entry->newer;
    if (entry->newer != FAB_NAME_NONE) {
        table->names[entry->newer].older = entry->older;
        return;
    }
    if (entry->older != FAB_NAME_NONE)
        table->names[entry->older].name_chain = entry->name_chain;
    *head_of(table, entry->hash, entry->claim.name) =
        entry->older != FAB_NAME_NONE ? entry->older : entry->name_chain;
}

static void
unhash(struct fab_name_table *table, uint32_t index)
{
    struct fab_name *entry = &table->names[index];
    uint32_t *at = claims_of(table, entry->hash, entry->claim.ref);

    while (*at != index)
        at = &table->names[*at].claim_chain;
    *at = entry->claim_chain;
    unhash_name(table, entry);
    entry->is_claimed = false;
}

uint32_t
fab_name_push(struct fab_name_table *table, const struct myc_name_claim *claim, uint32_t slot,
              uint32_t *first)
{
    struct fab_name *entry;
    uint32_t index;

    if (!fab_handles_pop(&table->handles, &index))
        return FAB_NAME_NONE;
    entry = &table->names[index];
    *entry = (struct fab_name){
        .claim = *claim,
        .slot = slot,
        .hash = (uint32_t)fab_name_hash(claim->name),
        .name_chain = FAB_NAME_NONE,
        .newer = FAB_NAME_NONE,
        .next = FAB_NAME_NONE,
        .prev = FAB_NAME_NONE,
    };
    hash_in(table, index);
    if (slot == FAB_NAME_NONE)
        return index;
    entry->next = *first;
    if (*first != FAB_NAME_NONE)
        table->names[*first].prev = index;
    *first = index;
    note_change(table, index);
    return index;
}

/* Takes an entry out of its holder's list. */
static void
disown(struct fab_name_table *table, uint32_t index, uint32_t *first)
{
    struct fab_name *entry = &table->names[index];

    if (entry->slot == FAB_NAME_NONE)
        return;
    if (entry->prev != FAB_NAME_NONE)
        table->names[entry->prev].next = entry->next;
    else
        *first = entry->next;
    if (entry->next != FAB_NAME_NONE)
        table->names[entry->next].prev = entry->prev;
    entry->slot = FAB_NAME_NONE;
}

static void
release_if_done(struct fab_name_table *table, uint32_t index)
{
    const struct fab_name *entry = &table->names[index];

    if (!entry->is_claimed && !entry->is_changed && !entry->is_lost)
        fab_handles_push(&table->handles, index);
}

void
fab_name_withdraw(struct fab_name_table *table, uint32_t index, uint32_t *first, bool is_lost)
{
    struct fab_name *entry = &table->names[index];
    bool is_local = entry->slot != FAB_NAME_NONE;

    if (entry->is_claimed)
        unhash(table, index);
    /* Who lost keeps it in his list until he is told, so that his end finds it. */
    entry->is_lost = is_lost && is_local;
    if (!entry->is_lost)
        disown(table, index, first);
    if (is_local)
        note_change(table, index);
    release_if_done(table, index);
}

void
fab_name_on_told(struct fab_name_table *table, uint32_t index, uint32_t *first)
{
    disown(table, index, first);
    table->names[index].is_lost = false;
    release_if_done(table, index);
}

bool
fab_name_take_change(struct fab_name_table *table, struct myc_name_claim *claim, bool *is_removed)
{
    uint32_t index = table->change_head;
    struct fab_name *entry;

    if (index == FAB_NAME_NONE)
        return false;
    entry = &table->names[index];
    table->change_head = entry->change_next;
    entry->is_changed = false;
    *claim = entry->claim;
    *is_removed = !entry->is_claimed;
    release_if_done(table, index);
    return true;
}

void
fab_name_keep_changes(struct fab_name_table *table, bool has_registry)
{
    struct myc_name_claim claim;
    bool is_removed;

    while (fab_name_take_change(table, &claim, &is_removed))
        continue;
    table->has_registry = has_registry;
}
