/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hostile process attaches again and again, each time with another way of lying (hostile.h). It
 * is cut off or refused, and counted; the survivor and the bystander go on, and have afterwards
 * what they had.
 */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "support/clock.h"
#include "support/cmocka.h"
#include "world.h"

#define ATTACKS      6U /* of each kind */
#define ATTACKS_LONG 2000U
#define SEED         20261129U

static struct world world;

struct counts {
    uint64_t attached;
    uint64_t cut_off;
    uint64_t misbehaved;
    uint64_t timed_out;
    uint64_t crowded;
};

static int
setup(void **state)
{
    (void)state;
    world_init(&world);
    world.survivor.distrusted = HOSTILE_ID;
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

static void
take_count(void *context, const char *name, const char *text, uint64_t value)
{
    struct counts *counts = context;

    (void)text;
    counts->attached = strcmp(name, "processes_attached") ? counts->attached : value;
    counts->cut_off = strcmp(name, "processes_cut_off") ? counts->cut_off : value;
    counts->misbehaved = strcmp(name, "processes_misbehaved") ? counts->misbehaved : value;
    counts->timed_out = strcmp(name, "processes_timed_out") ? counts->timed_out : value;
    counts->crowded = strcmp(name, "processes_crowded") ? counts->crowded : value;
}

static struct counts
count(void)
{
    struct counts counts = { 0 };

    fab_control_counter_each(world.survivor.node.control, take_count, &counts);
    return counts;
}

/* Lets it do its worst, `ATTACKS` times, and says what became of it. */
static struct counts
suffer(enum hostile_kind kind, const char *what)
{
    unsigned attacks = getenv("MYCELIUM_LONG") ? ATTACKS_LONG : ATTACKS;
    struct counts before = count();
    struct counts after;

    for (unsigned i = 0; i < attacks; i++) {
        pid_t pid = hostile_start(world.path, kind, SEED + i);

        assert_int_equal(world_await_end(&world, pid), 0);
        assert_true(WORLD_AWAIT(&world, world.survivor.node.attached == 1 &&
                                            world.ledger->places[WORLD_SURVIVOR].links == 1));
    }
    world_assert_unharmed(&world);
    after = count();
    after.attached -= before.attached;
    after.cut_off -= before.cut_off;
    after.misbehaved -= before.misbehaved;
    after.timed_out -= before.timed_out;
    after.crowded -= before.crowded;
    print_message("%s: %u attacks, %llu attached, %llu cut off, %llu refused, %llu timed out, "
                  "%llu found no place, nobody harmed\n",
                  what, attacks, (unsigned long long)after.attached,
                  (unsigned long long)after.cut_off, (unsigned long long)after.misbehaved,
                  (unsigned long long)after.timed_out, (unsigned long long)after.crowded);
    return after;
}

static void
test_random_bytes_are_cut_off(void **state)
{
    struct counts counts = suffer(HOSTILE_BYTES, "random bytes");

    (void)state;
    assert_int_equal(counts.cut_off, counts.attached);
}

static void
test_impossible_indices_are_cut_off(void **state)
{
    struct counts counts = suffer(HOSTILE_INDICES, "random indices");

    (void)state;
    assert_int_equal(counts.cut_off, counts.attached);
}

static void
test_records_with_random_fields_harm_nobody(void **state)
{
    (void)state;
    assert_true(suffer(HOSTILE_RECORDS, "random records").cut_off > 0);
}

static void
test_lies_about_bodies_and_loans_harm_nobody(void **state)
{
    (void)state;
    assert_true(suffer(HOSTILE_LOANS, "lies about bodies").cut_off > 0);
}

static void
test_memory_that_is_not_as_it_should_be_is_refused(void **state)
{
    (void)state;
    assert_true(suffer(HOSTILE_MEMORY, "bad memory").misbehaved > 0);
}

static void
test_packets_that_do_not_belong_are_refused(void **state)
{
    (void)state;
    assert_true(suffer(HOSTILE_PACKETS, "wrong packets").misbehaved > 0);
}

static void
test_a_flood_of_connections_is_turned_away(void **state)
{
    (void)state;
    assert_true(suffer(HOSTILE_FLOOD, "flood").crowded > 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes_are_cut_off),
        cmocka_unit_test(test_impossible_indices_are_cut_off),
        cmocka_unit_test(test_records_with_random_fields_harm_nobody),
        cmocka_unit_test(test_lies_about_bodies_and_loans_harm_nobody),
        cmocka_unit_test(test_memory_that_is_not_as_it_should_be_is_refused),
        cmocka_unit_test(test_packets_that_do_not_belong_are_refused),
        cmocka_unit_test(test_a_flood_of_connections_is_turned_away),
    };

    peer_process_main(argc, argv);
    hostile_main(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
