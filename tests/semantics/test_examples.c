/* SPDX-License-Identifier: BSD-3-Clause */
/* The examples of actors/examples do what their heads say. Over the test kit. */
#include "semantics.h"

#include <mycelium/group.h>
#include <mycelium/name.h>

#include "examples.h"
#include "examples_messages.h"

static struct myc_test *bench;
static struct myc_test_probe *probe;

/* --- the pipeline ----------------------------------------------------------------------------- */

static struct myc_ref entry;

static void
find_entry(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_lookup(self, EXAMPLE_PIPELINE_ENTRY, &entry), MYC_OK);
}

static void
send_job(uint64_t number, int64_t value)
{
    const struct example_job job = { number, value };
    uint8_t body[EXAMPLE_JOB_SIZE];

    example_job_encode(&job, body);
    assert_int_equal(myc_test_send(probe, entry, &example_job_type, body, sizeof(body)), MYC_OK);
}

static void
test_a_pipeline_drops_the_poison_and_keeps_the_rest(void **state)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &entry,
        .args_size = sizeof(entry),
    };
    struct example_job job;

    (void)state;
    bench = semantics_bench((struct myc_test_options){ 0 });
    probe = myc_test_add_probe(bench, 0, 0);
    entry = myc_test_probe_ref(probe); /* the arguments: where jobs come out */
    assert_int_equal(myc_test_spawn(bench, 0, 0, &example_pipeline_class, &options, NULL), MYC_OK);
    myc_test_act(probe, find_entry, NULL);
    for (uint64_t i = 0; i < 20; i++)
        send_job(i, i == 7 ? -1 : 100); /* 7 fails the first stage */
    for (uint64_t i = 0; i < 20; i++) {
        if (i == 7)
            continue;
        assert_true(example_job_decode(myc_test_expect(probe, &example_job_type), &job));
        assert_int_equal(job.number, i);
        assert_int_equal(job.value, 160);
    }
    assert_true(myc_test_counter(bench, 0, 0, "restarted") >= 1);
    myc_test_destroy(&bench);
}

/* --- fail-over -------------------------------------------------------------------------------- */

static enum myc_status
replica_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)args_size;
    memcpy(state, args, 1);
    return myc_join(self, "replicas");
}

/* A silent one answers nobody. */
static enum myc_status
replica_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct example_query query;

    if (!example_query_decode(message, &query) || *(const uint8_t *)state)
        return MYC_OK;
    return example_result_reply(self, myc_message_request(message),
                                &(struct example_result){ query.key, query.key * 2 });
}

static const struct myc_type *const replica_types[] = { &example_query_type };

static const struct myc_class replica_class = {
    .size = sizeof(replica_class),
    .name = "replica",
    .state_size = 1,
    .accepts = replica_types,
    .accepts_count = 1,
    .init = replica_init,
    .receive = replica_receive,
};

static void
spawn_replica(uint8_t node, uint8_t is_silent)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &is_silent,
        .args_size = 1,
    };

    assert_int_equal(myc_test_spawn(bench, node, 0, &replica_class, &options, NULL), MYC_OK);
}

static void
ask_front(struct myc_ref front, uint64_t key)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = S };
    uint8_t body[EXAMPLE_QUERY_SIZE];

    example_query_encode(&(struct example_query){ key }, body);
    assert_int_equal(myc_test_ask(probe, front, &example_query_type, body, sizeof(body), &options),
                     MYC_OK);
}

static void
test_a_front_asks_on_until_a_replica_answers(void **state)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = "replicas",
        .args_size = sizeof("replicas") - 1,
    };
    struct example_result result;
    struct myc_ask_failed failed;
    struct myc_ref front;

    (void)state;
    bench = semantics_bench((struct myc_test_options){ .node_count = 3 });
    probe = myc_test_add_probe(bench, 0, 0);
    assert_int_equal(myc_test_spawn(bench, 0, 0, &example_failover_class, &options, &front),
                     MYC_OK);
    ask_front(front, 1);
    assert_true(myc_ask_failed_decode(myc_test_expect(probe, &myc_ask_failed_type), &failed));
    assert_int_equal(failed.status, MYC_UNREACHABLE);
    spawn_replica(1, true);
    spawn_replica(1, true);
    spawn_replica(2, false);
    spawn_replica(0, true);
    myc_test_advance(bench, 20 * MS);
    for (uint64_t key = 0; key < 100; key++) {
        ask_front(front, key);
        if (key == 50)
            myc_test_crash(bench, 1);
        assert_true(example_result_decode(myc_test_expect(probe, &example_result_type), &result));
        assert_int_equal(result.value, 2 * key);
    }
    myc_test_destroy(&bench);
}

/* --- fan-out ---------------------------------------------------------------------------------- */

static void
test_a_slow_subscriber_gets_the_newest_of_each_symbol(void **state)
{
    struct myc_test_probe *feed, *slow, *fast;
    int64_t last[4] = { 0 };
    struct myc_ref fanout;
    unsigned got = 0;

    (void)state;
    bench = semantics_bench((struct myc_test_options){ .node_count = 2, .link_capacity = 16 });
    feed = myc_test_add_probe(bench, 0, 0);
    fast = myc_test_add_probe(bench, 0, 0);
    slow = myc_test_add_probe(bench, 1, 0);
    assert_int_equal(myc_test_spawn(bench, 0, 0, &example_fanout_class, NULL, &fanout), MYC_OK);
    assert_int_equal(myc_test_send(fast, fanout, &example_subscribe_type, "", 0), MYC_OK);
    assert_int_equal(myc_test_send(slow, fanout, &example_subscribe_type, "", 0), MYC_OK);
    myc_test_settle(bench);
    myc_test_pause(bench, 1, true);
    for (int64_t i = 1; i <= 400; i++) {
        const struct example_quote quote = { (uint32_t)(i % 4), i };
        uint8_t body[EXAMPLE_QUOTE_SIZE];

        example_quote_encode(&quote, body);
        assert_int_equal(myc_test_send(feed, fanout, &example_quote_type, body, sizeof(body)),
                         MYC_OK);
        myc_test_advance(bench, 2000);
    }
    for (int64_t i = 1; i <= 400; i++) {
        struct example_quote quote = { 0 };

        assert_true(example_quote_decode(myc_test_expect(fast, &example_quote_type), &quote));
        assert_int_equal(quote.price, i);
    }
    myc_test_pause(bench, 1, false);
    while (last[0] != 400 || last[1] != 397 || last[2] != 398 || last[3] != 399) {
        struct example_quote quote = { 0 };

        assert_true(example_quote_decode(myc_test_expect(slow, &example_quote_type), &quote));
        assert_true(quote.price > last[quote.symbol]); /* never an old one after a new one */
        last[quote.symbol] = quote.price;
        got++;
    }
    assert_in_range(got, 4, 40);
    myc_test_expect_none(slow, S);
    myc_test_destroy(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_pipeline_drops_the_poison_and_keeps_the_rest),
        cmocka_unit_test(test_a_front_asks_on_until_a_replica_answers),
        cmocka_unit_test(test_a_slow_subscriber_gets_the_newest_of_each_symbol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
