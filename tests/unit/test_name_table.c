/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of names against a list of the same claims that is searched from end to end. */
#include "support/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actor/name_table.h"
#include "base/prng.h"

#define ENTRIES   256U
#define CHAINS    16U /* few, so that names and claims share them */
#define TEXTS     24U /* of which every second is a group's */
#define ACTORS    12U
#define STEPS     4000U
#define SEEDS     20U
#define HERE      3U /* the actors below have their names in a list of their own */
#define TIMES     5U
#define CROWD     100000U
#define SLOT_NONE FAB_NAME_NONE

/* A claim as the list has it; of two to one name the later one is the newer. */
struct known {
    struct myc_name_claim claim;
    uint32_t index;
    uint32_t actor;
};

static struct fab_name_table table;
static struct known list[ENTRIES];
static unsigned list_count;
static uint32_t first[HERE];

static void
create(uint32_t count, uint32_t chain_count)
{
    table = (struct fab_name_table){
        .names = calloc(count, sizeof(table.names[0])),
        .entries = calloc(count, sizeof(table.entries[0])),
        .name_chains = calloc(chain_count, sizeof(uint32_t)),
        .claim_chains = calloc(chain_count, sizeof(uint32_t)),
    };
    assert_non_null(table.names);
    assert_non_null(table.entries);
    assert_non_null(table.name_chains);
    assert_non_null(table.claim_chains);
    fab_name_table_init(&table, count, chain_count);
    list_count = 0;
    for (unsigned i = 0; i < HERE; i++)
        first[i] = FAB_NAME_NONE;
}

static void
destroy(void)
{
    free(table.names);
    free(table.entries);
    free(table.name_chains);
    free(table.claim_chains);
}

static struct myc_name_claim
claim_of(uint32_t text, uint32_t actor, uint64_t claimed_ns)
{
    struct myc_name_claim claim = {
        .ref = { .home = 7 + actor % 2, .actor = 100 + actor },
        .claimed_ns = claimed_ns,
    };

    snprintf(claim.name, sizeof(claim.name), "%sname.%u", text % 2 ? "\001" : "", text);
    assert_int_equal(fab_name_is_group(claim.name), text % 2);
    return claim;
}

/* ---- the list -------------------------------------------------------------------------------- */

static bool
is_named(const struct known *known, const char *name)
{
    return strcmp(known->claim.name, name) == 0;
}

/* The newest that is of that name and actor, and of that time, unless NULL. */
static uint32_t
list_find(const struct myc_name_claim *claim, const uint64_t *claimed_ns)
{
    for (unsigned i = list_count; i-- > 0;)
        if (is_named(&list[i], claim->name) && myc_ref_is_equal(list[i].claim.ref, claim->ref) &&
            (!claimed_ns || list[i].claim.claimed_ns == *claimed_ns))
            return list[i].index;
    return FAB_NAME_NONE;
}

static uint32_t
list_best(const char *name)
{
    const struct known *best = NULL;

    for (unsigned i = 0; i < list_count; i++)
        if (is_named(&list[i], name) && (!best || fab_name_is_better(&list[i].claim, &best->claim)))
            best = &list[i];
    return best ? best->index : FAB_NAME_NONE;
}

/* ---- what both do ---------------------------------------------------------------------------- */

static void
add(const struct myc_name_claim *claim, uint32_t actor)
{
    bool is_here = actor < HERE;
    uint32_t index =
        fab_name_push(&table, claim, is_here ? actor : SLOT_NONE, is_here ? &first[actor] : NULL);

    assert_int_equal(index == FAB_NAME_NONE, list_count == ENTRIES);
    if (index == FAB_NAME_NONE)
        return;
    list[list_count++] = (struct known){ .claim = *claim, .index = index, .actor = actor };
}

static void
take_away(unsigned place)
{
    const struct known known = list[place];

    fab_name_withdraw(&table, known.index, known.actor < HERE ? &first[known.actor] : NULL, false);
    memmove(&list[place], &list[place + 1], (list_count - place - 1) * sizeof(list[0]));
    list_count--;
}

static void
compare_name(const char *name)
{
    uint32_t index = FAB_NAME_NONE;

    for (unsigned i = list_count; i-- > 0;)
        if (is_named(&list[i], name)) {
            index = fab_name_next_claim(&table, name, index);
            assert_int_equal(index, list[i].index);
        }
    assert_int_equal(fab_name_next_claim(&table, name, index), FAB_NAME_NONE);
    if (!fab_name_is_group(name))
        assert_int_equal(fab_name_lookup(&table, name), list_best(name));
    else
        assert_int_equal(fab_name_lookup(&table, name) == FAB_NAME_NONE,
                         list_best(name) == FAB_NAME_NONE);
}

static void
compare_claim(const struct myc_name_claim *claim)
{
    bool is_group = fab_name_is_group(claim->name);

    assert_int_equal(fab_name_lookup_of(&table, claim),
                     list_find(claim, is_group ? &claim->claimed_ns : NULL));
    if (is_group)
        assert_int_equal(fab_name_lookup_member(&table, claim->name, claim->ref),
                         list_find(claim, NULL));
}

static void
step(struct fab_prng *prng)
{
    uint32_t actor = (uint32_t)(fab_prng_next(prng) % ACTORS);
    struct myc_name_claim claim =
        claim_of((uint32_t)(fab_prng_next(prng) % TEXTS), actor, 1 + fab_prng_next(prng) % TIMES);

    compare_claim(&claim);
    /* One has each name once, and each membership. */
    if (fab_prng_next(prng) % 2 && fab_name_lookup_of(&table, &claim) == FAB_NAME_NONE)
        add(&claim, actor);
    else if (list_count)
        take_away((unsigned)(fab_prng_next(prng) % list_count));
    compare_claim(&claim);
    compare_name(claim.name);
}

static void
test_the_table_knows_what_a_list_knows(void **state)
{
    struct fab_prng prng;

    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        fab_prng_init(&prng, seed);
        create(ENTRIES, CHAINS);
        for (unsigned i = 0; i < STEPS; i++)
            step(&prng);
        while (list_count)
            take_away(list_count / 2);
        for (uint32_t text = 0; text < TEXTS; text++)
            compare_name(claim_of(text, 0, 1).name);
        for (unsigned i = 0; i < HERE; i++)
            assert_int_equal(first[i], FAB_NAME_NONE);
        assert_int_equal(table.handles.taken, 0);
        for (unsigned i = 0; i < CHAINS; i++) {
            assert_int_equal(table.name_chains[i], FAB_NAME_NONE);
            assert_int_equal(table.claim_chains[i], FAB_NAME_NONE);
        }
        destroy();
    }
}

/* With a pass over all members for each this would take a minute. */
static void
test_a_crowd_joins_one_group_and_leaves(void **state)
{
    (void)state;
    create(CROWD, 1U << 17);
    for (uint32_t actor = 0; actor < CROWD; actor++) {
        struct myc_name_claim claim = claim_of(1, actor, 5);

        assert_int_equal(fab_name_lookup_of(&table, &claim), FAB_NAME_NONE);
        assert_int_not_equal(fab_name_push(&table, &claim, SLOT_NONE, NULL), FAB_NAME_NONE);
    }
    for (uint32_t actor = 0; actor < CROWD; actor++) {
        struct myc_name_claim claim = claim_of(1, actor, 5);
        uint32_t index = fab_name_lookup_member(&table, claim.name, claim.ref);

        assert_int_equal(index, fab_name_lookup_of(&table, &claim));
        fab_name_withdraw(&table, index, NULL, false);
    }
    assert_int_equal(table.handles.taken, 0);
    destroy();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_knows_what_a_list_knows),
        cmocka_unit_test(test_a_crowd_joins_one_group_and_leaves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
