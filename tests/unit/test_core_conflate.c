/* SPDX-License-Identifier: BSD-3-Clause */
/* Mailboxes that conflate: the latest value of each key, at every level. */
#include "support/level_lab.h"

#include "base/compiler.h"
#include "base/prng.h"

static struct level_lab own;
static struct probe b;

static void
spawn(const struct myc_class *class_of, uint32_t keys)
{
    struct probe *probe = &b;
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &probe,
        .args_size = sizeof(probe),
        .mailbox_max = keys,
        .overflow = MYC_OVERFLOW_CONFLATE,
    };

    memset(&b, 0, sizeof(b));
    b.core = own.there;
    assert_int_equal(fab_core_spawn(own.there, class_of, &options, NULL), MYC_OK);
}

static enum myc_status
send(uint64_t key, uint64_t value)
{
    return probe_send_with(
        &own.a, b.ref, value,
        &(struct myc_send_options){ .size = sizeof(struct myc_send_options), .tag = key });
}

static void
assert_got(const uint64_t *values, unsigned count)
{
    assert_int_equal(b.count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(b.notes[i].value, values[i]);
}

static void
run_latest_of_each_key(struct level_lab *at)
{
    static const uint64_t expected[] = { LEVEL_HOLD, 27, 28, 29 };

    spawn(&probe_class, 4);
    level_hold(at, b.ref);
    for (uint64_t i = 0; i < 30; i++)
        assert_int_equal(send(i % 3, i), MYC_OK);
    lab_settle(&at->lab);
    assert_got(expected, 4);
    assert_int_equal(level_counters(at)->conflated, 27);
    assert_int_equal(at->a.count, 0);
}

static void
test_conflate_keeps_latest_per_key(void **state)
{
    (void)state;
    level_each(&own, run_latest_of_each_key);
}

static void
run_one_key_more(struct level_lab *at)
{
    static const uint64_t expected[] = { LEVEL_HOLD, 11, 12 };
    enum myc_status status;

    spawn(&probe_class, 3);
    level_hold(at, b.ref);
    assert_int_equal(send(1, 1), MYC_OK);
    assert_int_equal(send(2, 2), MYC_OK);
    level_arrive(at);
    status = send(3, 3);
    level_arrive(at);
    if (status == MYC_FULL) /* elsewhere that is known only when it has been there */
        assert_int_equal(send(1, 11), MYC_OK), assert_int_equal(send(2, 12), MYC_OK);
    lab_settle(&at->lab);
    assert_true(level_was_told_full(at, status));
    assert_int_equal(probe_count(&at->a, MYC_WRITABLE_KEY), 1);
    if (status == MYC_FULL)
        assert_got(expected, 3);
    assert_int_equal(send(3, 13), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.notes[3].value, 13);
}

static void
test_one_key_more_than_there_are_places_is_full_and_known_keys_are_not(void **state)
{
    (void)state;
    level_each(&own, run_one_key_more);
}

static uint64_t
last_digit(const struct myc_message *message)
{
    uint64_t value;

    memcpy(&value, message->body, sizeof(value));
    return value % 10;
}

static void
run_key_of_class(struct level_lab *at)
{
    static const uint64_t expected[] = { LEVEL_HOLD, 31, 22 };
    static struct myc_class by_digit;

    by_digit = probe_class;
    by_digit.key = last_digit;
    spawn(&by_digit, 16);
    level_hold(at, b.ref);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(send(i, i * 10 + 11), MYC_OK);
    assert_int_equal(send(7, 12), MYC_OK);
    assert_int_equal(send(8, 22), MYC_OK);
    lab_settle(&at->lab);
    assert_got(expected, 3);
}

static void
test_a_class_may_say_what_the_key_is(void **state)
{
    (void)state;
    level_each(&own, run_key_of_class);
}

static void
run_asks(struct level_lab *at)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 1000000000 };
    uint64_t ask;

    spawn(&probe_class, 8);
    b.on_message = probe_answers;
    level_hold(at, b.ref);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(probe_ask(&at->a, b.ref, 5, &options, &ask), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 3);
    assert_int_equal(level_counters(at)->conflated, 0);
}

static void
test_asks_are_never_replaced(void **state)
{
    (void)state;
    level_each(&own, run_asks);
}

struct sized {
    uint32_t size;
    bool is_claim;
    enum myc_status status;
};

static void
do_send_sized(struct myc_self *self, void *context)
{
    struct sized *act = context;
    static uint8_t bytes[8192];
    void *body;
    uint64_t value = act->size;

    memcpy(bytes, &value, sizeof(value));
    if (!act->is_claim) {
        act->status = myc_send(self, b.ref, &probe_number_type, bytes, act->size);
        return;
    }
    act->status = myc_send_claim(self, b.ref, &probe_number_type, act->size, &body);
    if (act->status == MYC_OK) {
        memcpy(body, bytes, act->size);
        myc_send_commit(self);
    }
}

/* Small and large cells and bodies in the heap take each other's place, all of key 0. */
static void
test_a_value_of_another_size_takes_the_place_too(void **state)
{
    static const uint32_t sizes[] = { 8, 1000, 5000, 16, 4000, 900, 8 };
    struct fab_core_config config = lab_config(LAB_HOME_1, 0, 1);

    (void)state;
    config.heap_size = 1U << 21;
    for (unsigned last = 0; last < FAB_COUNT_OF(sizes); last++) {
        memset(&own, 0, sizeof(own));
        lab_init(&own.lab);
        own.there = lab_add_core(&own.lab, &config);
        assert_int_equal(probe_spawn(&own.a, own.there, NULL), MYC_OK);
        spawn(&probe_class, 2);
        for (unsigned i = 0; i <= last; i++) {
            struct sized act = { .size = sizes[i], .is_claim = i % 2 == 1 };

            probe_do(&own.a, do_send_sized, &act);
            assert_int_equal(act.status, MYC_OK);
        }
        lab_settle(&own.lab);
        assert_int_equal(b.count, 1);
        assert_int_equal(b.notes[0].value, sizes[last]);
        level_end(&own);
    }
}

static void
test_a_claim_needs_a_place_because_its_key_is_not_known_yet(void **state)
{
    struct sized act = { .size = 8, .is_claim = true };

    (void)state;
    level_begin(&own, LEVEL_LOCAL);
    spawn(&probe_class, 1);
    probe_do(&own.a, do_send_sized, &act);
    assert_int_equal(act.status, MYC_OK);
    probe_do(&own.a, do_send_sized, &act);
    assert_int_equal(act.status, MYC_FULL);
    assert_int_equal(send(0, 9), MYC_OK);
    lab_settle(&own.lab);
    assert_int_equal(b.count, 1);
    assert_int_equal(b.notes[0].value, 9);
    assert_int_equal(probe_count(&own.a, MYC_WRITABLE_KEY), 1);
    level_end(&own);
}

/* Against a table of what should come: random keys, and now and then a turn. */
static void
run_random(struct level_lab *at)
{
    uint64_t latest[64] = { 0 }, seen[64] = { 0 };
    struct fab_prng prng;
    unsigned looked = 0;

    fab_prng_init(&prng, 42);
    spawn(&probe_class, 64);
    for (uint64_t i = 1; i <= 4000; i++) {
        uint64_t key = fab_prng_below(&prng, 64);

        if (send(key, i) == MYC_OK)
            latest[key] = i;
        if (fab_prng_chance(&prng, 50000))
            lab_turn(&at->lab);
        if (i % 100 == 0)
            lab_settle(&at->lab);
        for (; looked < b.count; looked++) {
            assert_true(b.notes[looked].value > seen[b.notes[looked].tag]);
            seen[b.notes[looked].tag] = b.notes[looked].value;
        }
    }
    lab_settle(&at->lab);
    for (; looked < b.count; looked++)
        seen[b.notes[looked].tag] = b.notes[looked].value;
    assert_memory_equal(seen, latest, sizeof(seen));
    assert_int_equal(
        level_counters(at)->conflated + b.count + lab_counters(&at->lab, 0)->refused_full, 4000);
}

static void
test_of_random_keys_the_last_value_of_each_arrives(void **state)
{
    (void)state;
    level_each(&own, run_random);
}

static void
do_drain(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_drain(self, b.ref, MYC_SHUTDOWN), MYC_OK);
}

static void
run_drain(struct level_lab *at)
{
    static const uint64_t expected[] = { LEVEL_HOLD, 3 };

    spawn(&probe_class, 8);
    level_hold(at, b.ref);
    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(send(1, i), MYC_OK);
    level_arrive(at);
    probe_do(&at->c, do_drain, NULL);
    lab_settle(&at->lab);
    assert_got(expected, 2);
    assert_int_equal(b.stop_count, 1);
}

static void
test_a_drained_one_handles_what_waits(void **state)
{
    (void)state;
    level_each(&own, run_drain);
}

static void
test_more_keys_than_a_table_may_have_are_refused(void **state)
{
    struct myc_spawn_options options = {
        .mailbox_max = MYC_CONFLATE_KEYS_MAX + 1,
        .overflow = MYC_OVERFLOW_CONFLATE,
    };

    (void)state;
    level_begin(&own, LEVEL_LOCAL);
    assert_int_equal(probe_spawn(&b, own.there, &options), MYC_INVALID);
    options.mailbox_max = MYC_CONFLATE_KEYS_MAX; /* 1 MiB of table, and the lab has that at all */
    assert_int_equal(probe_spawn(&b, own.there, &options), MYC_NO_MEMORY);
    level_end(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conflate_keeps_latest_per_key),
        cmocka_unit_test(test_one_key_more_than_there_are_places_is_full_and_known_keys_are_not),
        cmocka_unit_test(test_a_class_may_say_what_the_key_is),
        cmocka_unit_test(test_asks_are_never_replaced),
        cmocka_unit_test(test_a_value_of_another_size_takes_the_place_too),
        cmocka_unit_test(test_a_claim_needs_a_place_because_its_key_is_not_known_yet),
        cmocka_unit_test(test_of_random_keys_the_last_value_of_each_arrives),
        cmocka_unit_test(test_a_drained_one_handles_what_waits),
        cmocka_unit_test(test_more_keys_than_a_table_may_have_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
