/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process is killed at every step of sending, receiving, attaching and detaching
 * (base/fault_point.h), as sender and as receiver, as the one that attaches and the one that is
 * attached to.
 *
 * A first life without a fault counts how often each step is passed in such a role; then each step
 * that is passed has a life that ends there, at a passage drawn by seed. After each of them those
 * who are left work, nothing is torn, all that the dead process had handed over has arrived, what
 * was on its way to it is in doubt, and nothing is taken that was not before.
 */
#include "world.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/prng.h"
#include "support/clock.h"
#include "support/cmocka.h"

#define VICTIM_ID    3U
#define VICTIM_COUNT 200U
#define LONG_ROUNDS  20U

static struct world world;
static struct fab_prng prng;
static uint64_t incarnation = 1;
static bool was_passed[FAB_FAULT_COUNT];
static const char *const names[] = {
#define POINT_NAME(name, text) #name,
    FAB_FAULT_POINTS_EACH(POINT_NAME)
#undef POINT_NAME
};

struct life {
    enum peer_role role;
    bool listens; /* the survivor attaches to it */
    int first;    /* the points before it are left to another life */
};

struct tally {
    unsigned kills;
    unsigned missed; /* lives that ended before the drawn passage came */
    uint64_t arrived;
    uint64_t in_doubt;
};

static int
setup(void **state)
{
    (void)state;
    fab_prng_init(&prng, 20261129);
    world_init(&world);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    world_fini(&world);
    return 0;
}

/* One life. Returns its wait status. */
static int
live(const struct life *life, int fault, uint64_t passage, struct tally *tally)
{
    struct ledger_place *place = &world.ledger->places[WORLD_VICTIM];
    const struct ledger_place *survivor = &world.ledger->places[WORLD_SURVIVOR];
    const struct peer_process victim = {
        .place = WORLD_VICTIM,
        .home = (uint64_t)VICTIM_ID << 48 | incarnation++,
        .path = life->listens ? world.victim_path : NULL,
        .attach = { world.path },
        .attach_count = !life->listens,
        .role = life->role,
        .count = VICTIM_COUNT,
        .fault = fault,
        .passage = passage,
    };
    uint64_t bounced = survivor->bounced;
    uint64_t doubts = survivor->doubts;
    const struct traffic_peer *peer;
    int status;

    memset(place, 0, sizeof(*place));
    world.survivor.silent_to = life->role == PEER_SENDS ? VICTIM_ID : 0;
    status = world_await_end(&world, peer_process_start(world.ledger_fd, &victim));
    /* All that it had handed over arrives. Whoever has had no CPU since then may not have seen it
     * come yet, and so have one link and one peer as if it had gone. */
    assert_true(WORLD_AWAIT(&world, (peer = traffic_peer_of(&world.survivor, victim.home),
                                     (peer ? peer->received : 0) >= place->handed)));
    assert_true(WORLD_AWAIT(&world, survivor->links == 1 && world.survivor.node.attached == 1));
    peer = traffic_peer_of(&world.survivor, victim.home);
    /* What it was sent and has not taken came back, in doubt; what it had taken may have, too. */
    assert_true((peer ? peer->sent : 0) <= place->received + survivor->bounced - bounced);
    assert_int_equal(place->torn + place->disordered, 0);
    tally->arrived += peer ? peer->received : 0;
    tally->in_doubt += survivor->doubts - doubts;
    world_assert_unharmed(&world);
    return status;
}

/* Ends a life at the point. */
static void
kill_at(const struct life *life, int point, uint64_t passed, struct tally *tally)
{
    uint64_t passage = 1 + fab_prng_below(&prng, (uint32_t)(passed / 2 + 1));
    int status = live(life, point, passage, tally);

    if (WIFEXITED(status) && passage > 1) {
        tally->missed++;
        status = live(life, point, 1, tally);
    }
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
        fail_msg("%s: passed, and then not any more", names[point]);
    tally->kills++;
}

static void
sweep(const struct life *life)
{
    unsigned rounds = getenv("MYCELIUM_LONG") ? LONG_ROUNDS : 1;
    uint64_t passed[FAB_FAULT_COUNT];
    struct tally tally = { 0 };
    unsigned points = 0;

    assert_int_equal(live(life, PEER_NO_FAULT, 0, &tally), 0);
    for (int point = life->first; point < FAB_FAULT_COUNT; point++) {
        passed[point] = world.ledger->places[WORLD_VICTIM].passed[point];
        was_passed[point] |= passed[point] > 0;
        points += passed[point] > 0;
    }
    for (unsigned round = 0; round < rounds; round++) {
        for (int point = life->first; point < FAB_FAULT_COUNT; point++) {
            if (passed[point] > 0)
                kill_at(life, point, passed[point], &tally);
        }
    }
    print_message("%u of %u points passed, %u kills (%u drawn too late and repeated), "
                  "%llu messages arrived, %llu in doubt, 0 torn, 0 leaked\n",
                  points, FAB_FAULT_COUNT, tally.kills, tally.missed,
                  (unsigned long long)tally.arrived, (unsigned long long)tally.in_doubt);
}

static void
test_a_sender_that_attached_is_killed_at_every_step(void **state)
{
    (void)state;
    sweep(&(struct life){ .role = PEER_SENDS });
}

static void
test_a_receiver_that_attached_and_holds_bodies_is_killed_at_every_step(void **state)
{
    (void)state;
    sweep(&(struct life){ .role = PEER_RECEIVES });
}

static void
test_a_sender_that_was_attached_to_is_killed_while_it_attaches_and_detaches(void **state)
{
    (void)state;
    sweep(&(struct life){ .role = PEER_SENDS, .listens = true, .first = FAB_FAULT_HELLO });
}

static void
test_every_point_was_passed_in_one_of_the_roles(void **state)
{
    (void)state;
    for (int point = 0; point < FAB_FAULT_COUNT; point++) {
        if (!was_passed[point])
            fail_msg("%s is never passed: no life ends there", names[point]);
    }
}

static void
test_a_receiver_that_writes_into_a_body_dies_alone(void **state)
{
    struct tally tally = { 0 };
    int status;

    (void)state;
    status = live(&(struct life){ .role = PEER_WRITES }, PEER_NO_FAULT, 0, &tally);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sender_that_attached_is_killed_at_every_step),
        cmocka_unit_test(test_a_receiver_that_attached_and_holds_bodies_is_killed_at_every_step),
        cmocka_unit_test(
            test_a_sender_that_was_attached_to_is_killed_while_it_attaches_and_detaches),
        cmocka_unit_test(test_every_point_was_passed_in_one_of_the_roles),
        cmocka_unit_test(test_a_receiver_that_writes_into_a_body_dies_alone),
    };

    peer_process_main(argc, argv);
    return cmocka_run_group_tests(tests, setup, teardown);
}
