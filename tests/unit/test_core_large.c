/* SPDX-License-Identifier: BSD-3-Clause */
/* Large messages within a lcore and over links that pass references: whole, kept, written in place,
 * and every buffer comes home (lab_fini checks that no core holds or lends anything). */
#include "large_lab.h"

static void
test_every_size_arrives_whole_here_on_a_ring_and_on_a_segment(void **state)
{
    static const uint32_t sizes[] = { 1025, 1032, 2048, 4097, 65536, MIB, 16 * MIB - 1, 16 * MIB };

    (void)state;
    for (unsigned core = 0; core < 3; core++) {
        spawn_reader(&b, core, on_large);
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            assert_int_equal(send_sized(&a, b.ref, sizes[i]), MYC_OK);
            lab_settle(&lab);
            assert_int_equal(got_size, sizes[i]);
        }
        assert_int_equal(got_count, sizeof(sizes) / sizeof(sizes[0]));
        assert_int_equal(send_sized(&a, b.ref, 16 * MIB + 1), MYC_TOO_BIG);
    }
    assert_int_equal(lab_counters(&lab, 1)->large_received, 8);
    assert_int_equal(lab_counters(&lab, 2)->large_received, 8);
    assert_int_equal(lab_counters(&lab, 0)->bodies_copied, 0);
}

static void
test_a_kept_body_stays_until_it_is_released(void **state)
{
    (void)state;
    for (unsigned core = 0; core < 3; core++) {
        spawn_reader(&b, core, on_large_keep);
        assert_int_equal(send_sized(&a, b.ref, 5000), MYC_OK);
        lab_settle(&lab);
        /* What comes later does not write over it. */
        b.on_message = on_large;
        for (unsigned i = 0; i < 20; i++)
            assert_int_equal(send_sized(&a, b.ref, 6000), MYC_OK), lab_settle(&lab);
        assert_int_equal(kept_count, 1);
        assert_int_equal(myc_buffer_size(kept[0]), 5000);
        check(myc_buffer_body(kept[0]), 5000);
        assert_false(fab_core_is_quiet(lab.cores[core]));
        probe_do(&b, do_release, &kept[0]);
        lab_settle(&lab);
    }
}

static void
test_a_small_message_is_kept_by_a_copy(void **state)
{
    (void)state;
    spawn_reader(&b, 1, on_large_keep);
    assert_int_equal(send_sized(&a, b.ref, 100), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(myc_buffer_size(kept[0]), 100);
    check(myc_buffer_body(kept[0]), 100);
    assert_int_equal(lab_counters(&lab, 1)->bodies_copied, 1);
}

static void
test_what_an_actor_holds_goes_back_with_its_end(void **state)
{
    struct myc_buffer *buffer;
    struct act act = { .size = 3000, .buffer = &buffer };

    (void)state;
    spawn_reader(&b, 2, on_large_keep);
    assert_int_equal(send_sized(&a, b.ref, 5000), MYC_OK);
    assert_int_equal(send_sized(&a, b.ref, 5000), MYC_OK);
    lab_settle(&lab);
    probe_do(&b, do_claim, &act);
    assert_int_equal(probe_kill(&a, b.ref), MYC_OK);
    lab_settle(&lab);
    /* teardown finds every core quiet, and no other actor ended */
    assert_int_equal(fab_core_actor_count(lab.cores[2]), 0);
    assert_true(fab_core_is_quiet(lab.cores[2]));
}

static void
do_claim_in_place(struct myc_self *self, void *context)
{
    struct act *act = context;
    void *body;

    for (unsigned i = 0; i < 3; i++) { /* those before are forgotten */
        act->status = myc_send_claim(self, act->to, &probe_number_type, act->size, &body);
        assert_int_equal(act->status, MYC_OK);
    }
    fill(body, act->size);
    if (act->times > 0)
        myc_send_commit(self);
}

static void
test_a_large_claim_is_written_in_place_or_forgotten(void **state)
{
    (void)state;
    for (unsigned core = 0; core < 3; core++) {
        struct act act = { .size = 9000, .times = 1 };

        spawn_reader(&b, core, on_large);
        act.to = b.ref;
        probe_do(&a, do_claim_in_place, &act);
        lab_settle(&lab);
        assert_int_equal(got_size, 9000);
        act.times = 0;
        probe_do(&a, do_claim_in_place, &act);
        lab_settle(&lab);
        assert_int_equal(got_count, 1);
    }
}

static void
test_full_and_ended_receivers_give_the_body_back(void **state)
{
    struct myc_spawn_options small = { .mailbox_max = 2 };
    unsigned accepted;

    (void)state;
    for (unsigned core = 0; core < 3; core++) {
        memset(&b, 0, sizeof(b));
        a.count = 0;
        assert_int_equal(probe_spawn(&b, lab.cores[core], &small), MYC_OK);
        for (accepted = 0; accepted < 6; accepted++)
            if (send_sized(&a, b.ref, 5000) != MYC_OK)
                break;
        assert_int_equal(probe_kill(&a, b.ref), MYC_OK);
        lab_settle(&lab);
        assert_int_equal(send_sized(&a, b.ref, 5000), core == 0 ? MYC_GONE : MYC_OK);
        lab_settle(&lab);
        assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY) + b.count,
                         accepted + (core == 0 ? 0 : 1));
    }
}

static void
test_dropping_mailboxes_give_the_body_back(void **state)
{
    static const enum myc_overflow policies[] = { MYC_OVERFLOW_DROP_NEWEST,
                                                  MYC_OVERFLOW_DROP_OLDEST };

    (void)state;
    for (unsigned core = 0; core < 2; core++) {
        for (unsigned i = 0; i < 2; i++) {
            struct myc_spawn_options small = { .mailbox_max = 2, .overflow = policies[i] };

            memset(&b, 0, sizeof(b));
            assert_int_equal(probe_spawn(&b, lab.cores[core], &small), MYC_OK);
            for (unsigned n = 0; n < 6; n++)
                assert_int_equal(send_sized(&a, b.ref, 5000), MYC_OK);
            lab_settle(&lab);
            assert_true(b.count >= 2);
        }
    }
}

static void
on_forward(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)probe;
    if (message->kind == MYC_KIND_EVENT)
        return;
    check(message->body, message->size);
    /* The body of the message at hand may be sent on from where it is. */
    assert_int_equal(myc_send(self, b.ref, &probe_number_type, message->body, message->size),
                     MYC_OK);
}

static void
test_a_handler_sends_on_what_it_reads(void **state)
{
    (void)state;
    spawn_reader(&b, 2, on_large);
    spawn_reader(&c, 1, on_forward);
    assert_int_equal(send_sized(&a, c.ref, 200000), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(got_size, 200000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(test_every_size_arrives_whole_here_on_a_ring_and_on_a_segment),
        TEST(test_a_kept_body_stays_until_it_is_released),
        TEST(test_a_small_message_is_kept_by_a_copy),
        TEST(test_what_an_actor_holds_goes_back_with_its_end),
        TEST(test_a_large_claim_is_written_in_place_or_forgotten),
        TEST(test_full_and_ended_receivers_give_the_body_back),
        TEST(test_dropping_mailboxes_give_the_body_back),
        TEST(test_a_handler_sends_on_what_it_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
