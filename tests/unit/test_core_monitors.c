/* SPDX-License-Identifier: BSD-3-Clause */
/* Many monitors: their table, full mailboxes, random histories. Each watch gives one Down. */
#include "monitor_lab.h"

#include "base/prng.h"

static void
test_the_table_of_monitors_has_a_limit(void **state)
{
    enum myc_status status;
    unsigned made = 0;
    uint64_t monitor;

    (void)state;
    begin_at(FAB_LEVEL_RING, 0);
    while ((status = probe_monitor(&a, b.ref, &monitor)) == MYC_OK)
        made++;
    assert_int_equal(status, MYC_NO_MEMORY);
    assert_true(made > 0);
    assert_int_equal(probe_kill(&c, b.ref), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), made);
    assert_int_equal(probe_monitor(&a, c.ref, &monitor), MYC_OK);
    lab_fini(&lab);
}

#define FLOOD   1000000U
#define TARGETS 8U

static unsigned downs;

static void
count_downs(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self, (void)probe;
    downs += myc_message_key(message) == MYC_DOWN_KEY;
}

/* A million numbers from both cores to a mailbox of two that drops the oldest; those who send end
 * in the midst of it, and the watcher is asked to stop behind it all. */
static void
test_full_mailboxes_still_get_every_down(void **state)
{
    static struct probe targets[TARGETS], watcher;
    struct myc_spawn_options tiny = { .mailbox_max = 2, .overflow = MYC_OVERFLOW_DROP_OLDEST };
    uint64_t monitor;

    (void)state;
    begin_at(LAB_ANY_LEVEL, 1);
    watcher = (struct probe){ .is_silent = true, .on_message = count_downs };
    downs = 0;
    assert_int_equal(probe_spawn(&watcher, lab.cores[0], &tiny), MYC_OK);
    for (unsigned i = 0; i < TARGETS; i++) {
        targets[i] = (struct probe){ .is_silent = true };
        assert_int_equal(probe_spawn(&targets[i], lab.cores[1], NULL), MYC_OK);
        assert_int_equal(probe_monitor(&watcher, targets[i].ref, &monitor), MYC_OK);
    }
    lab_settle(&lab);
    for (unsigned i = 0; i < FLOOD; i++) {
        unsigned t = i / (FLOOD / TARGETS);

        (void)probe_send(i % 2 ? &targets[t] : &a, watcher.ref, i);
        if (i % 64 == 63)
            lab_turn(&lab);
        if (i % (FLOOD / TARGETS) == FLOOD / TARGETS - 1)
            assert_int_equal(probe_kill(&c, targets[t].ref), MYC_OK);
    }
    lab_settle(&lab);
    assert_int_equal(downs, TARGETS);
    assert_true(lab_counters(&lab, 0)->dropped_oldest > FLOOD / 4);
    /* Credit came back, too, and a stop does. */
    assert_int_equal(probe_send(&c, watcher.ref, 1), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(probe_stop(&c, watcher.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(watcher.stop_count, 1);
    lab_fini(&lab);
}

/* Random watches, ends of watches and deaths: what the model expects is what comes. */
static void
check_mixture(uint64_t seed)
{
    enum {
        ACTORS = 12,
        STEPS = 400
    };
    static struct probe actors[ACTORS];
    static uint64_t monitors[STEPS];
    static unsigned watcher_of[STEPS], target_of[STEPS];
    static bool is_open[STEPS];
    unsigned expected[ACTORS] = { 0 };
    bool is_alive[ACTORS];
    struct fab_prng prng;
    unsigned count = 0;

    fab_prng_init(&prng, seed);
    memset(actors, 0, sizeof(actors));
    lab_init_pair(&lab, levels[seed % 3], 0);
    lab_settle(&lab);
    for (unsigned i = 0; i < ACTORS; i++) {
        assert_int_equal(probe_spawn(&actors[i], lab.cores[i % 2], NULL), MYC_OK);
        is_alive[i] = true;
    }
    for (unsigned step = 0; step < STEPS; step++) {
        unsigned w = (unsigned)fab_prng_below(&prng, ACTORS);
        unsigned t = (unsigned)fab_prng_below(&prng, ACTORS);

        if (is_alive[w] && fab_prng_chance(&prng, 700000)) {
            assert_int_equal(probe_monitor(&actors[w], actors[t].ref, &monitors[count]), MYC_OK);
            watcher_of[count] = w, target_of[count] = t, is_open[count] = true;
            expected[w] += is_alive[t] ? 0 : 1;
            is_open[count] = is_alive[t];
            count++;
        } else if (count > 0 && fab_prng_chance(&prng, 800000)) {
            unsigned m = (unsigned)fab_prng_below(&prng, count);

            if (is_open[m] && is_alive[watcher_of[m]]) {
                assert_int_equal(probe_demonitor(&actors[watcher_of[m]], monitors[m]), MYC_OK);
                is_open[m] = false;
            }
        } else if (is_alive[t] && fab_prng_chance(&prng, 200000)) {
            lab_settle(&lab);
            assert_int_equal(probe_kill(&actors[t], actors[t].ref), MYC_OK);
            lab_settle(&lab);
            is_alive[t] = false;
            for (unsigned m = 0; m < count; m++) {
                if (is_open[m] && target_of[m] == t && is_alive[watcher_of[m]])
                    expected[watcher_of[m]]++;
                is_open[m] = is_open[m] && target_of[m] != t && watcher_of[m] != t;
            }
        }
        if (fab_prng_chance(&prng, 300000))
            lab_turn(&lab);
    }
    lab_settle(&lab);
    for (unsigned i = 0; i < ACTORS; i++)
        if (is_alive[i])
            assert_int_equal(probe_count(&actors[i], MYC_DOWN_KEY), expected[i]);
    lab_fini(&lab);
}

static void
test_random_histories_give_one_down_for_each_watch(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++)
        check_mixture(seed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_of_monitors_has_a_limit),
        cmocka_unit_test(test_full_mailboxes_still_get_every_down),
        cmocka_unit_test(test_random_histories_give_one_down_for_each_watch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
