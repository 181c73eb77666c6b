/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The test kit, tested through mycelium/test.h alone: what it promises to the tests of users. Its
 * actor is the one of the README's example.
 */
#include "support/cmocka.h"

#include <mycelium/messages.h>
#include <mycelium/test.h>

#include "conformance_messages.h"

#define MS 1000000ULL

static struct myc_test *test;
static char failure[256];

static void
on_failure(void *context, const char *text)
{
    (void)context;
    strncpy(failure, text, sizeof(failure) - 1);
}

/* --- the actor under test --------------------------------------------------------------------- */

static enum myc_status
squarer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_question question;

    (void)state;
    if (!conf_question_decode(message, &question))
        return MYC_OK;
    if (message->kind == MYC_KIND_ASK)
        return conf_answer_reply(self, myc_message_request(message),
                                 &(struct conf_answer){ question.value * question.value });
    return conf_number_send(self, message->from, &(struct conf_number){ .value = question.value });
}

static const struct myc_type *const squarer_accepts[] = { &conf_question_type };

static const struct myc_class squarer_class = {
    .size = sizeof(squarer_class),
    .name = "squarer",
    .accepts = squarer_accepts,
    .accepts_count = 1,
    .receive = squarer_receive,
};

static struct myc_ref squarer;
static struct myc_test_probe *probe;

static void
begin_with(struct myc_test_options options)
{
    options.size = sizeof(options);
    options.on_failure = on_failure;
    failure[0] = '\0';
    test = myc_test_create(&options);
    probe = myc_test_add_probe(test, 0, 0);
    assert_int_equal(myc_test_spawn(test, (uint8_t)(options.node_count > 1),
                                    (uint8_t)(options.lcore_count > 1), &squarer_class, NULL,
                                    &squarer),
                     MYC_OK);
}

static void
ask(uint64_t value)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 100 * MS };
    uint8_t body[CONF_QUESTION_SIZE];

    conf_question_encode(&(struct conf_question){ value }, body);
    assert_int_equal(
        myc_test_ask(probe, squarer, &conf_question_type, body, sizeof(body), &options), MYC_OK);
}

static void
tell(uint64_t value)
{
    uint8_t body[CONF_QUESTION_SIZE];

    conf_question_encode(&(struct conf_question){ value }, body);
    assert_int_equal(myc_test_send(probe, squarer, &conf_question_type, body, sizeof(body)),
                     MYC_OK);
}

/* --- what it promises ------------------------------------------------------------------------- */

static void
test_an_expected_message_is_given_on_every_kind_of_link(void **state)
{
    static const struct myc_test_options benches[] = {
        { .node_count = 1 },
        { .lcore_count = 2 },
        { .node_count = 2, .delay_ns_max = 50000 },
        { .node_count = 2, .lcore_count = 2, .is_other_host = true, .is_shuffled = true },
    };

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct conf_answer answer;

        begin_with(benches[i]);
        ask(12);
        assert_true(conf_answer_decode(myc_test_expect(probe, &conf_answer_type), &answer));
        assert_int_equal(answer.value, 144);
        myc_test_expect_none(probe, 1000 * MS);
        assert_string_equal(failure, "");
        myc_test_destroy(&test);
        assert_null(test);
    }
}

static void
test_another_message_than_the_expected_fails_unless_it_is_allowed(void **state)
{
    (void)state;
    begin_with((struct myc_test_options){ 0 });
    tell(1);
    assert_null(myc_test_expect(probe, &conf_answer_type));
    assert_non_null(strstr(failure, "Answer was expected"));
    failure[0] = '\0';
    myc_test_allow(probe, &conf_number_type);
    tell(2);
    ask(3);
    assert_non_null(myc_test_expect(probe, &conf_answer_type));
    tell(4);
    myc_test_expect_none(probe, MS);
    assert_string_equal(failure, "");
    myc_test_destroy(&test);
}

static void
test_a_disallowed_message_fails_whenever_it_comes(void **state)
{
    (void)state;
    begin_with((struct myc_test_options){ 0 });
    myc_test_disallow(probe, &conf_number_type);
    tell(1);
    ask(2);
    assert_non_null(myc_test_expect(probe, &conf_answer_type));
    assert_non_null(strstr(failure, "Number came and is not allowed"));
    myc_test_destroy(&test);
}

static void
test_an_expectation_in_vain_ends_after_its_patience_in_no_time(void **state)
{
    uint64_t before_ns;

    (void)state;
    begin_with((struct myc_test_options){ .patience_ns = 3600000 * MS });
    before_ns = myc_test_now_ns(test);
    assert_null(myc_test_expect(probe, &conf_answer_type));
    assert_true(myc_test_now_ns(test) - before_ns >= 3600000 * MS);
    assert_non_null(strstr(failure, "nothing came"));
    assert_non_null(strstr(failure, "seed 1,"));
    myc_test_destroy(&test);
}

static void
test_time_passes_only_when_it_is_let(void **state)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 100 * MS };
    uint8_t body[CONF_QUESTION_SIZE] = { 0 };
    struct myc_ask_failed failed;
    uint64_t asked_ns;

    (void)state;
    begin_with((struct myc_test_options){ .node_count = 2 });
    myc_test_pause(test, 1, true);
    asked_ns = myc_test_now_ns(test);
    assert_int_equal(
        myc_test_ask(probe, squarer, &conf_question_type, body, sizeof(body), &options), MYC_OK);
    assert_true(myc_ask_failed_decode(myc_test_expect(probe, &myc_ask_failed_type), &failed));
    assert_int_equal(failed.status, MYC_TIMEOUT);
    assert_in_range(myc_test_now_ns(test) - asked_ns, 100 * MS, 101 * MS);
    myc_test_pause(test, 1, false);
    myc_test_settle(test);
    assert_int_equal(myc_test_counter(test, 0, 0, "replies_late"), 1);
    myc_test_destroy(&test);
}

static void
watch(struct myc_self *self, void *context)
{
    uint64_t monitor;

    assert_int_equal(myc_monitor(self, *(const struct myc_ref *)context, &monitor), MYC_OK);
}

static void
test_links_are_cut_and_heal_and_nodes_crash_and_come_back(void **state)
{
    struct myc_down down;

    (void)state;
    begin_with((struct myc_test_options){ .node_count = 2 });
    myc_test_act(probe, watch, &squarer);
    myc_test_cut(test, 0, 1);
    assert_true(myc_down_decode(myc_test_expect(probe, &myc_down_type), &down));
    assert_int_equal(down.reason, MYC_NO_CONNECTION);
    myc_test_heal(test, 0, 1);
    myc_test_settle(test);
    ask(5);
    assert_non_null(myc_test_expect(probe, &conf_answer_type));
    myc_test_act(probe, watch, &squarer);
    myc_test_crash(test, 1);
    assert_non_null(myc_test_expect(probe, &myc_down_type));
    myc_test_restart(test, 1);
    myc_test_settle(test);
    assert_int_equal(myc_test_actor_count(test, 1, 0), 1);
    assert_int_equal(myc_test_send(probe, squarer, &conf_question_type, "12345678", 8), MYC_GONE);
    assert_string_equal(failure, "");
    myc_test_destroy(&test);
}

/* A number for what happened in what order: the same seed must give the same. */
static uint64_t
run_with_seed(uint64_t seed)
{
    uint64_t digest = 0;

    begin_with((struct myc_test_options){
        .node_count = 3, .is_shuffled = true, .delay_ns_max = 5000, .seed = seed });
    for (unsigned i = 0; i < 20; i++) {
        ask(i);
        digest = digest * 31 + myc_test_random(test);
        assert_non_null(myc_test_expect(probe, &conf_answer_type));
        digest = digest * 31 + myc_test_now_ns(test);
    }
    myc_test_destroy(&test);
    return digest;
}

static void
test_one_seed_gives_one_history(void **state)
{
    (void)state;
    assert_true(run_with_seed(7) == run_with_seed(7));
    assert_true(run_with_seed(7) != run_with_seed(8));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_expected_message_is_given_on_every_kind_of_link),
        cmocka_unit_test(test_another_message_than_the_expected_fails_unless_it_is_allowed),
        cmocka_unit_test(test_a_disallowed_message_fails_whenever_it_comes),
        cmocka_unit_test(test_an_expectation_in_vain_ends_after_its_patience_in_no_time),
        cmocka_unit_test(test_time_passes_only_when_it_is_let),
        cmocka_unit_test(test_links_are_cut_and_heal_and_nodes_crash_and_come_back),
        cmocka_unit_test(test_one_seed_gives_one_history),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
