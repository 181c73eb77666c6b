/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry: tables of names that become and stay the same on all lcores of all nodes. */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include <stdio.h>

#include "base/prng.h"

#include <mycelium/messages.h>
#include <mycelium/registry.h>

#define MS    1000000ULL
#define NODES 2U
#define CORES 4U /* lcores 0 and 1 of node 1, then of node 2 */

static struct lab lab;
static struct probe probes[CORES];
static struct loop_pair *wire;
static struct myc_ref found;

static void
start_registries(void)
{
    struct myc_ref ref;

    for (unsigned i = 0; i < CORES; i++) {
        assert_int_equal(fab_core_spawn(lab.cores[i], &myc_registry_class, NULL, &ref), MYC_OK);
        assert_true(myc_ref_is_equal(
            ref, myc_registry_ref(i < 2 ? LAB_HOME_1 : LAB_HOME_2, (uint8_t)(i % 2))));
        memset(&probes[i], 0, sizeof(probes[i]));
        assert_int_equal(probe_spawn(&probes[i], lab.cores[i], NULL), MYC_OK);
    }
}

static int
begin_with(uint32_t capacity)
{
    lab_init(&lab);
    for (unsigned i = 0; i < CORES; i++) {
        struct fab_core_config config =
            lab_config(i < 2 ? LAB_HOME_1 : LAB_HOME_2, (uint8_t)(i % 2), 2);

        assert_non_null(lab_add_core(&lab, &config));
    }
    lab_join(&lab, 0, 1, FAB_LEVEL_RING, capacity);
    lab_join(&lab, 2, 3, FAB_LEVEL_RING, capacity);
    wire = lab_join(&lab, 0, 2, FAB_LEVEL_FLOW, capacity);
    start_registries();
    lab_advance(&lab, 20 * MS);
    return 0;
}

static int
begin(void **state)
{
    (void)state;
    return begin_with(64);
}

static int
end(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

/* Whether every lcore says the same of a name, and what. */
static bool
all_say(const char *name, struct myc_ref ref)
{
    for (unsigned i = 0; i < CORES; i++) {
        found = (struct myc_ref){ 0, 0 };
        (void)probe_lookup(&probes[i], name, &found);
        if (!myc_ref_is_equal(found, ref))
            return false;
    }
    return true;
}

static const struct myc_ref nobody = { 0, 0 };

static void
test_a_name_is_known_on_every_lcore_of_every_node(void **state)
{
    static const char *const names[CORES] = { "a", "b", "c", "d" };

    (void)state;
    for (unsigned i = 0; i < CORES; i++)
        assert_int_equal(probe_register(&probes[i], names[i]), MYC_OK);
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < CORES; i++)
        assert_true(all_say(names[i], probes[i].ref));
    for (unsigned i = 0; i < CORES; i++)
        assert_int_equal(probe_register(&probes[(i + 1) % CORES], names[i]), MYC_EXISTS);
}

static void
test_names_vanish_everywhere_with_their_holder(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        char name[16];

        snprintf(name, sizeof(name), "name%u", i);
        assert_int_equal(probe_register(&probes[3], name), MYC_OK);
    }
    lab_advance(&lab, 5 * MS);
    assert_true(all_say("name7", probes[3].ref));
    assert_int_equal(probe_kill(&probes[2], probes[3].ref), MYC_OK);
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_lookup(&probes[i], "name7", &found), MYC_NOT_FOUND);
    memset(&probes[3], 0, sizeof(probes[3]));
    assert_int_equal(probe_spawn(&probes[3], lab.cores[3], NULL), MYC_OK);
    assert_true(all_say("name0", nobody));
}

/* global's mass_death: forty holders of names all die at once, on a lcore that others know by name
 * only. */
static void
test_names_vanish_when_many_die_at_once(void **state)
{
    enum {
        MANY = 40
    };
    static struct probe many[MANY];
    char name[16];

    (void)state;
    memset(many, 0, sizeof(many));
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "mass%u", i);
        assert_int_equal(probe_spawn(&many[i], lab.cores[3], NULL), MYC_OK);
        assert_int_equal(probe_register(&many[i], name), MYC_OK);
    }
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "mass%u", i);
        assert_true(all_say(name, many[i].ref));
    }
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(probe_kill(&probes[2 + i % 2], many[i].ref), MYC_OK);
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "mass%u", i);
        assert_true(all_say(name, nobody));
    }
}

static void
test_discover_finds_an_actor_that_comes_later_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(probe_discover(&probes[1], "polygon_adapter", 50 * MS, 4), MYC_OK);
    lab_advance(&lab, 5 * MS);
    assert_int_equal(probe_count(&probes[1], MYC_NAME_FOUND_KEY), 0);
    assert_int_equal(probe_register(&probes[3], "polygon_adapter"), MYC_OK);
    lab_advance(&lab, 5 * MS);
    assert_int_equal(probe_count(&probes[1], MYC_NAME_FOUND_KEY), 1);
    assert_true(myc_ref_is_equal(probe_last(&probes[1], MYC_NAME_FOUND_KEY)->ref, probes[3].ref));
    assert_int_equal(probe_send(&probes[2], probes[3].ref, 1), MYC_OK);
}

static void
test_a_name_claimed_twice_at_once_gets_one_holder_and_the_loser_is_told(void **state)
{
    (void)state;
    assert_int_equal(probe_register(&probes[1], "x"), MYC_OK);
    lab_turn(&lab);
    assert_int_equal(probe_register(&probes[3], "x"), MYC_OK);
    lab_advance(&lab, 10 * MS);
    assert_true(all_say("x", probes[1].ref));
    assert_int_equal(probe_count(&probes[3], MYC_NAME_LOST_KEY), 1);
    assert_int_equal(probe_count(&probes[1], MYC_NAME_LOST_KEY), 0);
    assert_int_equal(probe_unregister(&probes[1], "x"), MYC_OK);
    lab_advance(&lab, 5 * MS);
    assert_true(all_say("x", nobody));
}

static void
test_a_partition_hides_the_other_nodes_names_and_healing_brings_them_back(void **state)
{
    (void)state;
    assert_int_equal(probe_register(&probes[1], "left"), MYC_OK);
    assert_int_equal(probe_register(&probes[3], "right"), MYC_OK);
    assert_int_equal(probe_register(&probes[2], "leaves"), MYC_OK);
    lab_advance(&lab, 5 * MS);
    assert_int_equal(probe_watch_name(&probes[1], "right", 1), MYC_OK);
    loop_pair_cut(wire);
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(probe_lookup(&probes[i], "right", &found), MYC_NOT_FOUND);
        assert_int_equal(probe_lookup(&probes[i + 2], "left", &found), MYC_NOT_FOUND);
        assert_int_equal(probe_lookup(&probes[i + 2], "right", &found), MYC_OK);
    }
    assert_int_equal(probe_unregister(&probes[2], "leaves"), MYC_OK);
    assert_int_equal(probe_register(&probes[0], "new"), MYC_OK);
    /* Both sides claim one name meanwhile. */
    assert_int_equal(probe_register(&probes[1], "both"), MYC_OK);
    lab_advance(&lab, MS);
    assert_int_equal(probe_register(&probes[3], "both"), MYC_OK);
    loop_pair_join(wire, LAB_HOME_2);
    lab_advance(&lab, 10 * MS);
    assert_true(all_say("left", probes[1].ref) && all_say("right", probes[3].ref));
    assert_true(all_say("new", probes[0].ref) && all_say("leaves", nobody));
    assert_true(all_say("both", probes[1].ref));
    assert_int_equal(probe_count(&probes[3], MYC_NAME_LOST_KEY), 1);
    /* The watcher saw: there, lost, there again; and nothing twice. */
    assert_int_equal(probe_count(&probes[1], MYC_NAME_FOUND_KEY), 2);
    assert_int_equal(probe_count(&probes[1], MYC_NAME_LOST_KEY), 1);
}

static void
test_many_names_get_through_links_that_are_often_full(void **state)
{
    (void)state;
    begin_with(12);
    for (unsigned i = 0; i < 56; i++) {
        char name[16];

        snprintf(name, sizeof(name), "name%u", i);
        assert_int_equal(probe_register(&probes[i % CORES], name), MYC_OK);
    }
    lab_advance(&lab, 200 * MS);
    for (unsigned i = 0; i < 56; i++) {
        char name[16];

        snprintf(name, sizeof(name), "name%u", i);
        assert_true(all_say(name, probes[i % CORES].ref));
    }
    assert_int_equal(end(state), 0);
}

/* Random claims, releases, deaths, cuts and heals: at the end all say the same, and every name that
 * somebody holds is held by one who believes so. */
static void
check_convergence(uint64_t seed)
{
    static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
    struct fab_prng prng;
    bool is_cut = false;

    fab_prng_init(&prng, seed);
    begin_with(24);
    for (unsigned step = 0; step < 300; step++) {
        struct probe *probe = &probes[fab_prng_below(&prng, CORES)];
        const char *name = names[fab_prng_below(&prng, 6)];
        uint64_t what = fab_prng_below(&prng, 100);

        if (what < 45)
            (void)probe_register(probe, name);
        else if (what < 80)
            (void)probe_unregister(probe, name);
        else if (what < 84 && !is_cut)
            loop_pair_cut(wire), is_cut = true;
        else if (what < 90 && is_cut)
            loop_pair_join(wire, LAB_HOME_2), is_cut = false;
        for (uint64_t turns = fab_prng_below(&prng, 4); turns > 0; turns--)
            lab_turn_core(&lab, (unsigned)fab_prng_below(&prng, CORES));
        if (what == 99)
            lab_advance(&lab, 3 * MS);
    }
    if (is_cut)
        loop_pair_join(wire, LAB_HOME_2);
    lab_advance(&lab, 50 * MS);
    for (unsigned i = 0; i < 6; i++) {
        struct myc_ref holder = nobody;

        (void)probe_lookup(&probes[0], names[i], &holder);
        assert_true(all_say(names[i], holder));
        for (unsigned k = 0; k < CORES; k++)
            assert_int_equal(probe_unregister(&probes[k], names[i]),
                             myc_ref_is_equal(probes[k].ref, holder) ? MYC_OK : MYC_NOT_FOUND);
    }
    lab_fini(&lab);
}

static void
test_random_histories_converge(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        check_convergence(seed);
}

static void
test_the_names_of_a_dead_node_go(void **state)
{
    (void)state;
    assert_int_equal(probe_register(&probes[2], "old"), MYC_OK);
    lab_advance(&lab, 5 * MS);
    assert_true(all_say("old", probes[2].ref));
    lab_kill_core(&lab, 2);
    lab_advance(&lab, 5 * MS);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(probe_lookup(&probes[i], "old", &found), MYC_NOT_FOUND);
}

#define REGISTRY_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        REGISTRY_TEST(test_a_name_is_known_on_every_lcore_of_every_node),
        REGISTRY_TEST(test_names_vanish_everywhere_with_their_holder),
        REGISTRY_TEST(test_names_vanish_when_many_die_at_once),
        REGISTRY_TEST(test_discover_finds_an_actor_that_comes_later_elsewhere),
        REGISTRY_TEST(test_a_name_claimed_twice_at_once_gets_one_holder_and_the_loser_is_told),
        REGISTRY_TEST(test_a_partition_hides_the_other_nodes_names_and_healing_brings_them_back),
        REGISTRY_TEST(test_the_names_of_a_dead_node_go),
        cmocka_unit_test(test_many_names_get_through_links_that_are_often_full),
        cmocka_unit_test(test_random_histories_converge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
