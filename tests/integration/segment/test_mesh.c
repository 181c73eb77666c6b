/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many processes, each linked with each, all of them making traffic: sixteen that come and go at
 * run time, and five of which one after the other is killed at any moment.
 *
 * Every process counts for itself what was torn or out of order; at the end all rest, and then each
 * has all of its heap back and as many descriptors and mappings open as any other.
 */
#include "peer_process.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "support/clock.h"
#include "support/cmocka.h"

#define MANY            16U
#define FEW             5U
#define COMINGS         3U /* processes of the many that go and come again */
#define PROGRESS        5U
#define WAIT_NS         (120 * 1000000000ULL)
#define KILLING_NS      (3 * 1000000000ULL)
#define KILLING_LONG_NS (600 * 1000000000ULL)
#define KILL_PAUSE_NS   30000000U /* at most, between two kills */
#define KILLED_OF_ENDED 4U        /* of so many one ends in peace */

static struct {
    char folder[64];
    char paths[MANY][96];
    pid_t pids[MANY];
    struct ledger *ledger;
    int ledger_fd;
    unsigned count;
    uint64_t incarnation;
    uint64_t sent; /* of those that have ended */
    uint64_t received;
    uint64_t large;
    struct fab_prng prng;
} mesh;

static struct ledger_place *
place_of(unsigned index)
{
    return &mesh.ledger->places[index];
}

static void
pause_ns(uint64_t ns)
{
    const struct timespec step = { .tv_nsec = (long)ns };

    nanosleep(&step, NULL);
}

static bool
await(bool (*condition)(void))
{
    uint64_t until_ns = clock_now_ns() + WAIT_NS;

    while (!condition()) {
        if (clock_now_ns() > until_ns)
            return false;
        pause_ns(1000000);
    }
    return true;
}

/* Each attaches to those before it; a process that comes again is attached to by those behind it
 * again, because they go on trying. */
static void
start(unsigned index)
{
    struct peer_process process = {
        .place = index,
        .home = (uint64_t)(index + 1) << 48 | ++mesh.incarnation,
        .path = mesh.paths[index],
        .attach_count = index,
        .fault = PEER_NO_FAULT,
    };

    for (unsigned i = 0; i < index; i++)
        process.attach[i] = mesh.paths[i];
    mesh.pids[index] = peer_process_start(mesh.ledger_fd, &process);
}

/* Ends a process by a signal, and takes over its counts. */
static void
end(unsigned index, int number)
{
    struct ledger_place *place = place_of(index);
    int status;

    assert_int_equal(kill(mesh.pids[index], number), 0);
    assert_int_equal(waitpid(mesh.pids[index], &status, 0), mesh.pids[index]);
    assert_true(number == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status));
    assert_true(number == SIGKILL || WEXITSTATUS(status) == 0);
    mesh.sent += place->sent;
    mesh.received += place->received;
    mesh.large += place->large;
    assert_int_equal(place->torn, 0);
    assert_int_equal(place->disordered, 0);
    memset(place, 0, sizeof(*place));
}

static void
begin(unsigned count)
{
    memset(&mesh, 0, sizeof(mesh));
    mesh.count = count;
    fab_prng_init(&mesh.prng, count);
    snprintf(mesh.folder, sizeof(mesh.folder), "/tmp/mycelium-mesh-XXXXXX");
    assert_non_null(mkdtemp(mesh.folder));
    mesh.ledger = ledger_create(&mesh.ledger_fd);
    for (unsigned i = 0; i < count; i++) {
        snprintf(mesh.paths[i], sizeof(mesh.paths[i]), "%s/%u", mesh.folder, i);
        start(i);
    }
}

static void
finish(void)
{
    for (unsigned i = 0; i < mesh.count; i++) {
        end(i, SIGTERM);
        unlink(mesh.paths[i]);
    }
    close(mesh.ledger_fd);
    assert_int_equal(rmdir(mesh.folder), 0);
}

static bool
is_linked_pairwise(void)
{
    for (unsigned i = 0; i < mesh.count; i++) {
        if (place_of(i)->links != mesh.count - 1)
            return false;
    }
    return true;
}

static uint64_t received_before[MANY];

static bool
has_gone_on(void)
{
    for (unsigned i = 0; i < mesh.count; i++) {
        if (place_of(i)->received < received_before[i] + (uint64_t)PROGRESS * mesh.count)
            return false;
    }
    return true;
}

static void
assert_all_talk(void)
{
    assert_true(await(is_linked_pairwise));
    for (unsigned i = 0; i < mesh.count; i++)
        received_before[i] = place_of(i)->received;
    assert_true(await(has_gone_on));
}

static bool
are_all_whole(void)
{
    for (unsigned i = 0; i < mesh.count; i++) {
        const struct ledger_place *place = place_of(i);

        if (!place->is_whole || place->files != place_of(0)->files ||
            place->maps != place_of(0)->maps)
            return false;
    }
    return true;
}

static bool
is_all_accounted_for(void)
{
    uint64_t sent = 0;
    uint64_t arrived = 0;

    for (unsigned i = 0; i < mesh.count; i++) {
        sent += place_of(i)->sent + place_of(i)->unnumbered;
        arrived += place_of(i)->received + place_of(i)->bounced;
    }
    return sent == arrived;
}

static void
order_all(enum ledger_order order)
{
    for (unsigned i = 0; i < mesh.count; i++)
        place_of(i)->order = order;
}

static void
assert_nothing_is_torn_or_leaked(void)
{
    order_all(LEDGER_REST);
    assert_true(await(are_all_whole));
    for (unsigned i = 0; i < mesh.count; i++) {
        assert_int_equal(place_of(i)->torn + place_of(i)->disordered, 0);
        assert_int_equal(place_of(i)->copied, 0);
        assert_true(place_of(i)->large > 0);
    }
    /* Own and peer's memory and peer's heap of each link, and the own heap. */
    assert_int_equal(place_of(0)->maps, 3 * (mesh.count - 1) + 1);
}

static void
test_sixteen_processes_come_and_go_each_linked_with_each(void **state)
{
    (void)state;
    begin(MANY);
    assert_all_talk();
    order_all(LEDGER_REST);
    assert_true(await(is_all_accounted_for));
    order_all(LEDGER_RUN);
    for (unsigned i = 0; i < COMINGS; i++) {
        unsigned index = (unsigned)fab_prng_below(&mesh.prng, MANY);

        end(index, SIGTERM);
        start(index);
        assert_all_talk();
    }
    assert_nothing_is_torn_or_leaked();
    finish();
    print_message("%u processes, %u segments, %u went and came again, %llu messages received, "
                  "%llu of them by reference, 0 torn, 0 copied, 0 leaked\n",
                  MANY, MANY * (MANY - 1) / 2, COMINGS, (unsigned long long)mesh.received,
                  (unsigned long long)mesh.large);
}

static void
test_processes_killed_at_any_moment_under_load_harm_nobody(void **state)
{
    uint64_t until_ns;
    unsigned kills = 0;
    unsigned ends = 0;

    (void)state;
    begin(FEW);
    assert_all_talk();
    until_ns = clock_now_ns() + (getenv("MYCELIUM_LONG") ? KILLING_LONG_NS : KILLING_NS);
    while (clock_now_ns() < until_ns) {
        unsigned index = (unsigned)fab_prng_below(&mesh.prng, FEW);
        bool is_kill = fab_prng_below(&mesh.prng, KILLED_OF_ENDED) > 0;

        pause_ns(fab_prng_below(&mesh.prng, KILL_PAUSE_NS));
        end(index, is_kill ? SIGKILL : SIGTERM);
        start(index);
        kills += is_kill;
        ends += !is_kill;
    }
    assert_all_talk();
    assert_nothing_is_torn_or_leaked();
    finish();
    print_message("%u kills and %u ends among %u processes, %llu messages received, %llu of them "
                  "by reference, 0 torn, 0 leaked\n",
                  kills, ends, FEW, (unsigned long long)mesh.received,
                  (unsigned long long)mesh.large);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixteen_processes_come_and_go_each_linked_with_each),
        cmocka_unit_test(test_processes_killed_at_any_moment_under_load_harm_nobody),
    };

    peer_process_main(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
