/* SPDX-License-Identifier: BSD-3-Clause */
/* Large messages within a lcore and over links that pass references: one copy, many readers, and
 * every buffer comes home (lab_fini checks that no core holds or lends anything). */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe.h"

#include <stdlib.h>

#include <mycelium/buffer.h>
#include <mycelium/messages.h>

#define MIB       (1024U * 1024U)
#define HEAP_SIZE (32ULL * MIB)

static struct probe a, b, c;
static struct lab lab;

/* Core 0 and 1 are lcores of one node, core 2 is another process: a ring and two segments. */
static void
setup_with(uint64_t heap_size, uint32_t capacity, uint32_t buffers)
{
    struct fab_core_config configs[] = {
        lab_config(LAB_HOME_1, 0, 2),
        lab_config(LAB_HOME_1, 1, 2),
        lab_config(LAB_HOME_2, 0, 1),
    };

    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b)), memset(&c, 0, sizeof(c));
    lab_init(&lab);
    for (unsigned i = 0; i < 3; i++) {
        configs[i].heap_size = heap_size;
        configs[i].limits.buffers_max = i == 2 ? buffers : 64;
        lab_add_core(&lab, &configs[i]);
    }
    lab_join(&lab, 0, 1, FAB_LEVEL_RING, capacity);
    lab_join(&lab, 0, 2, FAB_LEVEL_SEGMENT, capacity);
    lab_join(&lab, 1, 2, FAB_LEVEL_SEGMENT, capacity);
    probe_spawn(&a, lab.cores[0], NULL);
}

static int
setup(void **state)
{
    (void)state;
    setup_with(HEAP_SIZE, 0, 64);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

/* --- what senders and receivers do ------------------------------------------------------------ */

static uint8_t
byte_at(uint32_t i)
{
    return (uint8_t)(i * 131U + (i >> 8) + (i >> 16));
}

static void
fill(uint8_t *body, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        body[i] = i < 8 ? 0 : byte_at(i);
}

static uint32_t got_size;
static unsigned got_count;
static struct myc_buffer *kept[8];
static unsigned kept_count;

static void
check(const uint8_t *bytes, uint32_t size)
{
    for (uint32_t i = 8; i < size; i++)
        if (bytes[i] != byte_at(i))
            fail_msg("byte %u of %u is wrong", i, size);
}

static void
on_large(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)self, (void)probe;
    if (message->kind == MYC_KIND_EVENT)
        return;
    check(message->body, message->size);
    got_size = message->size;
    got_count++;
}

static void
on_large_keep(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    on_large(self, probe, message);
    if (message->kind != MYC_KIND_EVENT)
        assert_int_equal(myc_message_keep(self, message, &kept[kept_count++]), MYC_OK);
}

struct act {
    struct myc_ref to;
    uint32_t size;
    unsigned times;
    struct myc_buffer **buffer;
    enum myc_status status;
};

static void
do_send(struct myc_self *self, void *context)
{
    struct act *act = context;
    uint8_t *body = malloc(act->size);

    fill(body, act->size);
    act->status = myc_send(self, act->to, &probe_number_type, body, act->size);
    free(body);
}

static enum myc_status
send_sized(struct probe *from, struct myc_ref to, uint32_t size)
{
    struct act act = { .to = to, .size = size };

    probe_do(from, do_send, &act);
    return act.status;
}

static void
do_claim(struct myc_self *self, void *context)
{
    struct act *act = context;
    void *body;

    act->status = myc_buffer_claim(self, act->size, act->buffer, &body);
    if (act->status == MYC_OK)
        fill(body, act->size);
}

static void
do_send_buffer(struct myc_self *self, void *context)
{
    struct act *act = context;

    act->status = myc_buffer_send(self, act->to, &probe_number_type, *act->buffer, NULL);
}

static void
do_release(struct myc_self *self, void *context)
{
    myc_buffer_release(self, context);
}

static enum myc_status
send_buffer(struct probe *from, struct myc_ref to, struct myc_buffer **buffer)
{
    struct act act = { .to = to, .buffer = buffer };

    probe_do(from, do_send_buffer, &act);
    return act.status;
}

static void
spawn_reader(struct probe *probe, unsigned core,
             void (*on_message)(struct myc_self *, struct probe *, const struct myc_message *))
{
    memset(probe, 0, sizeof(*probe));
    probe->on_message = on_message;
    probe->is_silent = false;
    assert_int_equal(probe_spawn(probe, lab.cores[core], NULL), MYC_OK);
    got_size = 0;
    got_count = 0;
    kept_count = 0;
}

/* --- tests ------------------------------------------------------------------------------------ */

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
        TEST(test_one_buffer_reaches_many_receivers_without_a_copy),
        TEST(test_a_kept_body_stays_until_it_is_released),
        TEST(test_a_small_message_is_kept_by_a_copy),
        TEST(test_what_an_actor_holds_goes_back_with_its_end),
        TEST(test_a_borrowed_body_is_passed_on_by_one_copy),
        TEST(test_a_used_up_heap_answers_no_memory_and_recovers),
        TEST(test_the_death_of_a_borrower_brings_every_body_home),
        TEST(test_a_large_claim_is_written_in_place_or_forgotten),
        TEST(test_full_and_ended_receivers_give_the_body_back),
        TEST(test_dropping_mailboxes_give_the_body_back),
        TEST(test_a_receiver_without_a_free_entry_bounces_and_goes_on),
        TEST(test_releases_wait_for_room_and_are_not_lost),
        TEST(test_a_handler_sends_on_what_it_reads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
