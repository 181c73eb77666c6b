/* SPDX-License-Identifier: BSD-3-Clause */
/* Mailboxes: urgency, deadlines, overflow policies, claims, fairness. */
#include "support/level_lab.h"

static struct lab lab;
static struct level_lab own;
static struct probe a, b;

static int
begin_at(enum fab_level level)
{
    memset(&a, 0, sizeof(a)), memset(&b, 0, sizeof(b));
    lab_init_pair(&lab, level, 0);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    return 0;
}

static int
begin(void **state)
{
    (void)state;
    return begin_at(LAB_ANY_LEVEL);
}

static int
end(void **state)
{
    (void)state;
    lab_fini(&lab);
    return 0;
}

static void
assert_values(const struct probe *probe, const uint64_t *values, unsigned count)
{
    assert_int_equal(probe->count, count);
    for (unsigned i = 0; i < count; i++)
        assert_true(probe->notes[i].value == values[i]);
}

/* b stands beside c, has one message to handle, and can take `mailbox_max` in all. */
static void
begin_held(struct level_lab *at, uint32_t mailbox_max, enum myc_overflow overflow)
{
    const struct myc_spawn_options options = { .mailbox_max = mailbox_max, .overflow = overflow };

    memset(&b, 0, sizeof(b));
    assert_int_equal(probe_spawn(&b, at->there, &options), MYC_OK);
    level_hold(at, b.ref);
}

static void
run_urgent(struct level_lab *at)
{
    static const uint64_t expected[] = { 10, 11, 12, LEVEL_HOLD, 1, 2, 3, 4 };
    struct myc_send_options urgent = { .size = sizeof(urgent), .flags = MYC_SEND_URGENT };

    begin_held(at, 100, MYC_OVERFLOW_REJECT);
    probe_send(&at->a, b.ref, 1);
    probe_send(&at->a, b.ref, 2);
    probe_send_with(&at->a, b.ref, 10, &urgent);
    probe_send(&at->a, b.ref, 3);
    probe_send_with(&at->a, b.ref, 11, &urgent);
    probe_send_with(&at->a, b.ref, 12, &urgent);
    probe_send(&at->a, b.ref, 4);
    level_arrive(at);
    lab_settle(&at->lab);
    assert_values(&b, expected, 8);
}

static void
test_urgent_messages_go_first_and_keep_their_order(void **state)
{
    (void)state;
    level_each(&own, run_urgent);
}

static void
test_a_message_past_its_deadline_is_dropped_before_the_handler(void **state)
{
    struct myc_send_options brief = { .size = sizeof(brief), .ttl_ns = 5 * LAB_TURN_NS };
    static const uint64_t expected[] = { 1, 4 };

    (void)state;
    probe_spawn(&b, lab.cores[0], NULL);
    probe_send_with(&a, b.ref, 1, &brief);
    lab_settle(&lab);
    /* Nobody runs while time passes. */
    probe_send_with(&a, b.ref, 2, &brief);
    probe_send_with(&a, b.ref, 3, &brief);
    lab.now_ns += 6 * LAB_TURN_NS;
    lab_settle(&lab);
    probe_send_with(&a, b.ref, 4, &brief);
    lab_settle(&lab);
    assert_values(&b, expected, 2);
    assert_int_equal(lab_counters(&lab, 0)->expired, 2);
    assert_int_equal(probe_count(&a, MYC_UNDELIVERED_KEY), 0);
}

static void
test_deadlines_hold_over_links_also_as_time_left(void **state)
{
    static const enum fab_level levels[] = { FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };
    struct myc_send_options brief = { .size = sizeof(brief), .ttl_ns = 5 * LAB_TURN_NS };

    for (unsigned i = 0; i < 2; i++) {
        end(state);
        begin_at(levels[i]);
        probe_spawn(&b, lab.cores[1], NULL);
        probe_send_with(&a, b.ref, 1, &brief);
        lab_settle(&lab);
        assert_int_equal(b.count, 1);
        probe_send_with(&a, b.ref, 2, &brief);
        lab.now_ns += 6 * LAB_TURN_NS;
        lab_settle(&lab);
        assert_int_equal(b.count, 1);
        assert_int_equal(lab_counters(&lab, 1)->expired, 1);
    }
}

static void
send_ten(struct level_lab *at)
{
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(probe_send(&at->a, b.ref, i), MYC_OK);
    level_arrive(at);
    lab_settle(&at->lab);
    assert_int_equal(at->a.count, 0);
}

static void
run_newest(struct level_lab *at)
{
    static const uint64_t expected[] = { LEVEL_HOLD, 0, 1 };

    begin_held(at, 3, MYC_OVERFLOW_DROP_NEWEST);
    send_ten(at);
    assert_values(&b, expected, 3);
    assert_int_equal(level_counters(at)->dropped_newest, 8);
}

static void
test_a_mailbox_that_drops_the_newest_keeps_the_first(void **state)
{
    (void)state;
    level_each(&own, run_newest);
}

static void
run_oldest(struct level_lab *at)
{
    static const uint64_t expected[] = { 7, 8, 9 };

    begin_held(at, 3, MYC_OVERFLOW_DROP_OLDEST);
    send_ten(at);
    assert_values(&b, expected, 3);
    assert_int_equal(level_counters(at)->dropped_oldest, 8);
}

static void
test_a_mailbox_that_drops_the_oldest_keeps_the_last(void **state)
{
    (void)state;
    level_each(&own, run_oldest);
}

static void
test_a_full_dropping_mailbox_still_takes_the_stop(void **state)
{
    (void)state;
    probe_spawn(
        &b, lab.cores[1],
        &(struct myc_spawn_options){ .mailbox_max = 3, .overflow = MYC_OVERFLOW_DROP_OLDEST });
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(probe_send(&a, b.ref, i), MYC_OK);
    assert_int_equal(probe_stop(&a, b.ref, MYC_SHUTDOWN), MYC_OK);
    lab_settle(&lab);
    assert_int_equal(b.stop_count, 1);
}

/* --- claims ----------------------------------------------------------------------------------- */

struct claim {
    struct myc_ref to;
    unsigned claims;
    bool is_committed;
    enum myc_status status;
};

static void
do_claim(struct myc_self *self, void *context)
{
    struct claim *act = context;
    void *body;

    for (unsigned i = 0; i < act->claims; i++) {
        uint64_t value = 100 + i;

        act->status = myc_send_claim(self, act->to, &probe_number_type, sizeof(value), &body);
        if (act->status != MYC_OK)
            return;
        assert_int_equal((uintptr_t)body % 8, 0);
        memcpy(body, &value, sizeof(value));
    }
    if (act->is_committed)
        myc_send_commit(self);
}

static void
test_a_claim_is_sent_by_its_commit_and_forgotten_without(void **state)
{
    static const uint64_t expected[] = { 102, 100 };

    (void)state;
    for (unsigned core = 0; core < 2; core++) {
        struct claim act = { .claims = 3, .is_committed = true };

        memset(&b, 0, sizeof(b));
        probe_spawn(&b, lab.cores[core], NULL);
        act.to = b.ref;
        probe_do(&a, do_claim, &act);
        act = (struct claim){ .to = b.ref, .claims = 1 };
        probe_do(&a, do_claim, &act); /* not committed */
        act.is_committed = true;
        probe_do(&a, do_claim, &act);
        lab_settle(&lab);
        assert_values(&b, expected, 2);
    }
}

static void
test_a_claim_for_a_full_or_gone_actor_is_refused_as_a_send(void **state)
{
    struct claim act = { .claims = 1, .is_committed = true };

    (void)state;
    probe_spawn(&b, lab.cores[0], &(struct myc_spawn_options){ .mailbox_max = 1 });
    act.to = b.ref;
    probe_do(&a, do_claim, &act);
    assert_int_equal(act.status, MYC_OK);
    probe_do(&a, do_claim, &act);
    assert_int_equal(act.status, MYC_FULL);
    probe_kill(&a, b.ref);
    lab_settle(&lab);
    probe_do(&a, do_claim, &act);
    assert_int_equal(act.status, MYC_GONE);
}

/* --- sizes ------------------------------------------------------------------------------------ */

static uint32_t got_size;

static void
check_bytes(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    const uint8_t *bytes = message->body;

    (void)self, (void)probe;
    got_size = message->size;
    for (uint32_t i = 8; i < message->size; i++)
        assert_int_equal(bytes[i], (uint8_t)(i * 7));
}

struct sized {
    struct myc_ref to;
    uint32_t size;
    enum myc_status status;
};

static void
do_send_sized(struct myc_self *self, void *context)
{
    struct sized *act = context;
    uint8_t body[FAB_MSG_SMALL_MAX + 1] = { 0 };

    for (uint32_t i = 8; i < act->size; i++)
        body[i] = (uint8_t)(i * 7);
    act->status = myc_send(self, act->to, &probe_number_type, body, act->size);
}

static void
test_every_size_up_to_the_limit_arrives_whole_here_and_elsewhere(void **state)
{
    (void)state;
    for (unsigned core = 0; core < 2; core++) {
        struct sized act;

        memset(&b, 0, sizeof(b));
        b.on_message = check_bytes;
        probe_spawn(&b, lab.cores[core], NULL);
        act.to = b.ref;
        for (act.size = 8; act.size <= FAB_MSG_SMALL_MAX; act.size++) {
            probe_do(&a, do_send_sized, &act);
            assert_int_equal(act.status, MYC_OK);
            lab_settle(&lab);
            assert_int_equal(got_size, act.size);
        }
        probe_do(&a, do_send_sized, &act);
        assert_int_equal(act.status, MYC_TOO_BIG);
    }
}

/* --- fairness --------------------------------------------------------------------------------- */

static void
send_to_itself(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    (void)message;
    probe->count = 0;
    assert_int_equal(probe_send_from(self, probe->ref, 1), MYC_OK);
}

static void
test_a_busy_actor_does_not_starve_its_neighbour(void **state)
{
    (void)state;
    a.on_message = send_to_itself;
    probe_spawn(&b, lab.cores[0], NULL);
    probe_send(&b, a.ref, 1);
    lab_turn_core(&lab, 0);
    for (unsigned i = 0; i < 10; i++) {
        probe_send(&b, b.ref, i);
        lab_turn_core(&lab, 0);
        assert_int_equal(b.count, i + 1);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_urgent_messages_go_first_and_keep_their_order),
        CASE(test_a_message_past_its_deadline_is_dropped_before_the_handler),
        CASE(test_deadlines_hold_over_links_also_as_time_left),
        cmocka_unit_test(test_a_mailbox_that_drops_the_newest_keeps_the_first),
        cmocka_unit_test(test_a_mailbox_that_drops_the_oldest_keeps_the_last),
        CASE(test_a_full_dropping_mailbox_still_takes_the_stop),
        CASE(test_a_claim_is_sent_by_its_commit_and_forgotten_without),
        CASE(test_a_claim_for_a_full_or_gone_actor_is_refused_as_a_send),
        CASE(test_every_size_up_to_the_limit_arrives_whole_here_and_elsewhere),
        CASE(test_a_busy_actor_does_not_starve_its_neighbour),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
