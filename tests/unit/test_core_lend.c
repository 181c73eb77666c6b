/* SPDX-License-Identifier: BSD-3-Clause */
/* Large messages that are lent: one copy, many readers, to lcores and to another process; what a
 * borrower has comes home, however it ends (lab_fini checks that no core holds or lends anything).
 */
#include "large_lab.h"

static void
test_one_buffer_reaches_many_receivers_without_a_copy(void **state)
{
    struct myc_buffer *buffer;
    struct act act = { .size = 100000, .buffer = &buffer };
    static struct probe readers[6];

    (void)state;
    probe_do(&a, do_claim, &act);
    assert_int_equal(act.status, MYC_OK);
    for (unsigned i = 0; i < 6; i++)
        spawn_reader(&readers[i], i % 3, on_large);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(send_buffer(&a, readers[i].ref, &buffer), MYC_OK);
    probe_do(&a, do_release, &buffer);
    assert_null(buffer);
    lab_settle(&lab);
    assert_int_equal(got_count, 6);
    for (unsigned core = 0; core < 3; core++)
        assert_int_equal(lab_counters(&lab, core)->bodies_copied, 0);
}

static void
test_a_borrowed_body_is_passed_on_by_one_copy(void **state)
{
    (void)state;
    spawn_reader(&b, 1, on_large_keep);
    assert_int_equal(send_sized(&a, b.ref, 70000), MYC_OK);
    lab_settle(&lab);
    spawn_reader(&c, 2, on_large);
    assert_int_equal(send_buffer(&b, c.ref, &kept[0]), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(got_size, 70000);
    assert_int_equal(lab_counters(&lab, 1)->bodies_copied, 1);
    /* To a neighbour on the same lcore it goes as it is. */
    spawn_reader(&c, 1, on_large);
    assert_int_equal(send_buffer(&b, c.ref, &kept[0]), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(got_size, 70000);
    assert_int_equal(lab_counters(&lab, 1)->bodies_copied, 1);
    probe_do(&b, do_release, &kept[0]);
}

static void
test_a_used_up_heap_answers_no_memory_and_recovers(void **state)
{
    unsigned sent = 0;

    (void)state;
    for (unsigned core = 0; core < 3; core++) {
        spawn_reader(&b, core, on_large);
        for (sent = 0; send_sized(&a, b.ref, 4 * MIB) == MYC_OK;)
            sent++;
        assert_int_equal(sent, core < 2 ? 8 : 4); /* another process may have half: quota.h */
        assert_int_equal(send_sized(&a, b.ref, 4 * MIB), MYC_NO_MEMORY);
        assert_int_equal(probe_send(&a, b.ref, 1), MYC_OK); /* small ones need no heap */
        b.on_message = NULL;
        lab_settle(&lab);
        assert_int_equal(probe_count(&b, PROBE_NUMBER_KEY), sent + 1);
        assert_int_equal(send_sized(&a, b.ref, 4 * MIB), MYC_OK);
        lab_settle(&lab);
    }
}

static void
test_the_death_of_a_borrower_brings_every_body_home(void **state)
{
    struct myc_buffer *buffer;
    struct act act = { .size = 100000, .buffer = &buffer };

    (void)state;
    spawn_reader(&b, 2, on_large_keep);
    assert_int_equal(send_sized(&a, b.ref, MIB), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(send_sized(&a, b.ref, MIB), MYC_OK); /* on its way */
    probe_do(&a, do_claim, &act);
    assert_int_equal(send_buffer(&a, b.ref, &buffer), MYC_OK);
    lab_kill_core(&lab, 2);
    lab_settle(&lab);
    assert_int_equal(lab_counters(&lab, 0)->loans_broken, 3);
    probe_do(&a, do_release, &buffer);
    assert_int_equal(send_sized(&a, a.ref, 16 * MIB), MYC_OK); /* the whole heap is there */
    a.is_silent = true;
    lab_settle(&lab);
}

static void
test_a_receiver_without_a_free_entry_bounces_and_goes_on(void **state)
{
    (void)state;
    teardown(state);
    setup_with(HEAP_SIZE, 0, 4);
    spawn_reader(&b, 2, on_large_keep);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(send_sized(&a, b.ref, 2000), MYC_OK); /* the fifth comes back */
        lab_settle(&lab);
    }
    assert_int_equal(kept_count, 4);
    for (unsigned i = 0; i < 4; i++)
        probe_do(&b, do_release, &kept[i]);
    lab_settle(&lab);
    assert_int_equal(send_sized(&a, b.ref, 2000), MYC_OK);
    b.on_message = on_large;
    lab_settle(&lab);
    assert_int_equal(got_count, 5);
}

static void
test_releases_wait_for_room_and_are_not_lost(void **state)
{
    (void)state;
    teardown(state);
    setup_with(HEAP_SIZE, 4, 64);
    spawn_reader(&b, 2, on_large);
    for (unsigned round = 0; round < 50; round++) {
        while (send_sized(&a, b.ref, 3000) == MYC_OK)
            continue;
        lab_settle(&lab);
    }
    assert_true(got_count > 100);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_one_buffer_reaches_many_receivers_without_a_copy),
        TEST(test_a_borrowed_body_is_passed_on_by_one_copy),
        TEST(test_a_used_up_heap_answers_no_memory_and_recovers),
        TEST(test_the_death_of_a_borrower_brings_every_body_home),
        TEST(test_a_receiver_without_a_free_entry_bounces_and_goes_on),
        TEST(test_releases_wait_for_room_and_are_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
