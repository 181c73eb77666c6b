/* SPDX-License-Identifier: BSD-3-Clause */
/* When a silent peer is asked, suspected and given up, and what our own sleep has to do with it. */
#include "support/cmocka.h"

#include "proto/liveness.h"

#define MS 1000000ULL

static struct fab_absence always_here;

static struct fab_liveness
lively(uint64_t now_ns)
{
    static struct fab_silence silence;
    struct fab_liveness liveness = { .silence = &silence };

    silence = fab_silence_of(100 * MS, 300 * MS, 750 * MS);
    fab_liveness_init(&liveness, now_ns);
    return liveness;
}

static void
test_liveness_asks_then_suspects_then_ends(void **state)
{
    struct fab_liveness liveness = lively(0);

    (void)state;
    assert_true(fab_liveness_deadline(&liveness) == 100 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 99 * MS), FAB_LIVENESS_NOTHING);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 100 * MS), FAB_LIVENESS_ASK);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 100 * MS),
                     FAB_LIVENESS_NOTHING);
    assert_true(fab_liveness_deadline(&liveness) == 300 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 300 * MS),
                     FAB_LIVENESS_SUSPECT);
    assert_true(fab_liveness_deadline(&liveness) == 750 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 750 * MS), FAB_LIVENESS_DOWN);
}

static void
test_liveness_any_sign_begins_anew(void **state)
{
    struct fab_liveness liveness = lively(0);

    (void)state;
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 100 * MS), FAB_LIVENESS_ASK);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 300 * MS),
                     FAB_LIVENESS_SUSPECT);
    assert_true(fab_liveness_on_heard(&liveness, 400 * MS));
    assert_false(fab_liveness_on_heard(&liveness, 401 * MS));
    assert_true(fab_liveness_deadline(&liveness) == 501 * MS);
}

static void
test_liveness_our_own_sleep_is_not_its_silence(void **state)
{
    struct fab_liveness liveness = lively(0);

    (void)state;
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 5000 * MS), FAB_LIVENESS_ASK);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 5000 * MS),
                     FAB_LIVENESS_NOTHING);
    assert_true(fab_liveness_deadline(&liveness) == 5400 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 5400 * MS),
                     FAB_LIVENESS_SUSPECT);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 5850 * MS), FAB_LIVENESS_DOWN);
}

/* Asleep while the peer was suspect already: its frames are read before it is given up, but not for
 * ever. */
static void
test_liveness_after_a_sleep_there_is_time_to_read(void **state)
{
    struct fab_liveness liveness = lively(0);
    uint64_t now_ns = 300 * MS;
    unsigned sleeps = 0;

    (void)state;
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 100 * MS), FAB_LIVENESS_ASK);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, now_ns), FAB_LIVENESS_SUSPECT);
    now_ns = 2000 * MS;
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, now_ns), FAB_LIVENESS_NOTHING);
    assert_true(fab_liveness_deadline(&liveness) == now_ns + 200 * MS);
    do {
        now_ns = fab_liveness_deadline(&liveness) + 150 * MS;
        sleeps++;
    } while (fab_liveness_on_timer(&liveness, &always_here, now_ns) != FAB_LIVENESS_DOWN);
    assert_int_equal(sleeps, FAB_LIVENESS_GRACES);
}

/* Pauses that end before a timer is due are no silence either. */
static void
test_liveness_our_absences_between_timers_are_not_its_silence(void **state)
{
    struct fab_liveness liveness = lively(0);
    struct fab_presence presence = { .absent_ns = 5000 * MS };
    struct fab_absence absence = { .presence = &presence };

    (void)state;
    assert_int_equal(fab_liveness_on_timer(&liveness, &absence, 100 * MS), FAB_LIVENESS_ASK);
    presence.absent_ns += 150 * MS;
    assert_int_equal(fab_liveness_on_timer(&liveness, &absence, 300 * MS), FAB_LIVENESS_NOTHING);
    assert_true(fab_liveness_deadline(&liveness) == 450 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &absence, 450 * MS), FAB_LIVENESS_SUSPECT);
    assert_true(fab_liveness_deadline(&liveness) == 900 * MS);
    presence.absent_ns += 400 * MS;
    assert_int_equal(fab_liveness_on_timer(&liveness, &absence, 900 * MS), FAB_LIVENESS_NOTHING);
    assert_true(fab_liveness_deadline(&liveness) == 1300 * MS);
    assert_int_equal(fab_liveness_on_timer(&liveness, &absence, 1300 * MS), FAB_LIVENESS_DOWN);
}

/* Who is nearly always away finds a dead peer dead all the same; and a sign begins it anew. */
static void
test_liveness_absences_are_excused_up_to_a_bound(void **state)
{
    struct fab_liveness liveness = lively(0);
    uint64_t now_ns = 100 * MS;
    struct fab_presence presence = { 0 };
    struct fab_absence absence = { .presence = &presence };

    (void)state;
    for (unsigned silences = 1; silences <= 2; silences++) {
        uint64_t heard_ns = now_ns - 100 * MS;

        (void)fab_liveness_on_heard(&liveness, heard_ns);
        assert_int_equal(fab_liveness_on_timer(&liveness, &absence, now_ns), FAB_LIVENESS_ASK);
        for (enum fab_liveness_event event = FAB_LIVENESS_NOTHING; event != FAB_LIVENESS_DOWN;) {
            uint64_t due_ns = fab_liveness_deadline(&liveness);

            presence.absent_ns += due_ns - now_ns;
            now_ns = due_ns;
            event = fab_liveness_on_timer(&liveness, &absence, now_ns);
        }
        assert_true(now_ns - heard_ns == (1 + FAB_LIVENESS_EXCUSES) * 750 * MS);
    }
}

static void
test_liveness_without_keepalive_never_asks(void **state)
{
    static const struct fab_silence silence = { .down_ns = 1 };
    struct fab_liveness liveness = { .silence = &silence };

    (void)state;
    fab_liveness_init(&liveness, 0);
    assert_true(fab_liveness_deadline(&liveness) == UINT64_MAX);
    assert_int_equal(fab_liveness_on_timer(&liveness, &always_here, 1000 * MS),
                     FAB_LIVENESS_NOTHING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_liveness_asks_then_suspects_then_ends),
        cmocka_unit_test(test_liveness_any_sign_begins_anew),
        cmocka_unit_test(test_liveness_our_own_sleep_is_not_its_silence),
        cmocka_unit_test(test_liveness_after_a_sleep_there_is_time_to_read),
        cmocka_unit_test(test_liveness_our_absences_between_timers_are_not_its_silence),
        cmocka_unit_test(test_liveness_absences_are_excused_up_to_a_bound),
        cmocka_unit_test(test_liveness_without_keepalive_never_asks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
