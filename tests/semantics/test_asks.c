/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks of a special kind: one to many with partial results, answers at once or never, an asker
 * with a full mailbox; what an ask costs does not depend on it. Over the test kit. */
#include "semantics.h"

#include <mycelium/gather.h>

#define MANY 8U

static struct myc_test *bench;
static struct myc_test_probe *probe;
static struct myc_ref refs[MANY];

/* --- who are asked ---------------------------------------------------------------------------- */

/* A number says how it deals with questions. */
enum manner {
    ANSWERS = 0,
    IS_SILENT,
    FAILS,
    FORGETS, /* of a class that answers at once */
};

struct callee {
    uint64_t manner;
};

static enum myc_status
callee_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)self;
    memcpy(state, args, args_size);
    return MYC_OK;
}

static enum myc_status
callee_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct callee *callee = state;
    struct conf_question question;

    if (!conf_question_decode(message, &question))
        return MYC_OK;
    if (callee->manner == ANSWERS)
        return conf_answer_reply(self, myc_message_request(message),
                                 &(struct conf_answer){ question.value + 1 });
    return callee->manner == FAILS ? MYC_FAILED : MYC_OK;
}

static const struct myc_type *const callee_types[] = { &conf_question_type };

static const struct myc_class callee_class = {
    .size = sizeof(callee_class),
    .name = "callee",
    .state_size = sizeof(struct callee),
    .accepts = callee_types,
    .accepts_count = 1,
    .init = callee_init,
    .receive = callee_receive,
};

static const struct myc_class prompt_class = {
    .size = sizeof(prompt_class),
    .name = "prompt",
    .state_size = sizeof(struct callee),
    .accepts = callee_types,
    .accepts_count = 1,
    .flags = MYC_CLASS_ANSWERS_AT_ONCE,
    .init = callee_init,
    .receive = callee_receive,
};

static struct myc_ref
spawn(uint8_t node, uint64_t manner)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &manner,
        .args_size = sizeof(manner),
    };
    struct myc_ref ref;

    assert_int_equal(semantics_spawn_at(bench, node,
                                        manner == FORGETS ? &prompt_class : &callee_class, &options,
                                        &ref),
                     MYC_OK);
    return ref;
}

static void
begin(void)
{
    bench = semantics_bench_of(2);
    probe = myc_test_add_probe(bench, 0, 0);
}

/* --- gathering -------------------------------------------------------------------------------- */

static struct {
    struct myc_gather gather;
    uint64_t asks[MANY];
    uint32_t enough;
    enum myc_status status;
    enum myc_gathered gathered;
    const struct myc_message *message;
    unsigned dones, others; /* of quoter_class */
} quoter;

static void
do_gather(struct myc_self *self, void *context)
{
    uint8_t body[CONF_QUESTION_SIZE];
    const struct myc_gather_options options = {
        .size = sizeof(options),
        .refs = refs,
        .asks = quoter.asks,
        .count = MANY,
        .enough = quoter.enough,
        .type = &conf_question_type,
        .body = body,
        .body_size = sizeof(body),
        .ask = { .size = sizeof(options.ask), .timeout_ns = 50 * MS, .tag = 100 },
    };

    (void)context;
    conf_question_encode(&(struct conf_question){ 1 }, body);
    quoter.status = myc_gather_start(self, &quoter.gather, &options);
}

/* Gathers by itself; a number makes it begin. */
static enum myc_status
quoter_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    if (message->kind == MYC_KIND_SEND) {
        do_gather(self, NULL);
        return MYC_OK;
    }
    quoter.gathered = myc_gather_on_message(self, &quoter.gather, message);
    quoter.dones += quoter.gathered == MYC_GATHER_DONE;
    quoter.others += quoter.gathered != MYC_GATHER_DONE && quoter.gathered != MYC_GATHER_PART;
    return MYC_OK;
}

static const struct myc_type *const quoter_types[] = { &conf_number_type };

static const struct myc_class quoter_class = {
    .size = sizeof(quoter_class),
    .name = "quoter",
    .accepts = quoter_types,
    .accepts_count = 1,
    .receive = quoter_receive,
};

static void
do_take(struct myc_self *self, void *context)
{
    (void)context;
    quoter.gathered = myc_gather_on_message(self, &quoter.gather, quoter.message);
}

static void
take(const struct myc_type *type)
{
    quoter.message = myc_test_expect(probe, type);
    assert_non_null(quoter.message);
    myc_test_act(probe, do_take, NULL);
}

static void
test_a_gathering_counts_answers_whatever_else_comes(void **state)
{
    static const enum manner manners[MANY] = { ANSWERS, ANSWERS, FAILS,   ANSWERS,
                                               ANSWERS, ANSWERS, FORGETS, IS_SILENT };

    struct myc_ref self;

    (void)state;
    begin();
    memset(&quoter, 0, sizeof(quoter));
    for (unsigned i = 0; i < MANY; i++)
        refs[i] = spawn(i % 2, manners[i]);
    refs[5] = (struct myc_ref){ 0xee00000000000001ULL, 1 }; /* refuses at once */
    assert_int_equal(myc_test_spawn(bench, 0, 0, &quoter_class, NULL, &self), MYC_OK);
    assert_int_equal(semantics_send(probe, self, 1), MYC_OK);
    /* Four answers; FAILED breaks, as does what is forgotten; the silent one runs out of time. */
    myc_test_advance(bench, 49 * MS);
    assert_int_equal(quoter.status, MYC_OK);
    assert_int_equal(quoter.gather.answered, 4);
    assert_int_equal(quoter.gather.failed, 3);
    assert_int_equal(quoter.dones, 0);
    myc_test_advance(bench, 100 * MS);
    assert_int_equal(quoter.gather.answered, 4);
    assert_int_equal(quoter.gather.failed, 4);
    assert_int_equal(quoter.dones, 1);
    assert_int_equal(quoter.others, 0);
    myc_test_destroy(&bench);
}

static void
test_partial_results_are_there_at_once_and_the_deadline_ends_the_rest(void **state)
{
    unsigned parts = 0;
    uint64_t asked_ns;

    (void)state;
    begin();
    quoter.enough = 0;
    for (unsigned i = 0; i < MANY; i++)
        refs[i] = spawn(i % 2, i < 6 ? ANSWERS : IS_SILENT);
    asked_ns = myc_test_now_ns(bench);
    myc_test_act(probe, do_gather, NULL);
    for (unsigned i = 0; i < 6; i++) {
        take(&conf_answer_type);
        parts += quoter.gathered == MYC_GATHER_PART;
        assert_in_range(quoter.gather.last_index, 0, 5);
    }
    assert_int_equal(parts, 6);
    assert_true(myc_test_now_ns(bench) - asked_ns < MS);
    take(&myc_ask_failed_type);
    assert_int_equal(quoter.gathered, MYC_GATHER_PART);
    take(&myc_ask_failed_type);
    assert_int_equal(quoter.gathered, MYC_GATHER_DONE);
    assert_int_equal(quoter.gather.answered, 6);
    assert_int_equal(quoter.gather.failed, 2);
    assert_in_range(myc_test_now_ns(bench) - asked_ns, 50 * MS, 52 * MS);
    myc_test_destroy(&bench);
}

static void
test_when_enough_have_answered_the_others_are_cancelled(void **state)
{
    (void)state;
    begin();
    quoter.enough = 2;
    for (unsigned i = 0; i < MANY; i++)
        refs[i] = spawn(i % 2, i == 3 || i == 6 ? ANSWERS : IS_SILENT);
    myc_test_act(probe, do_gather, NULL);
    take(&conf_answer_type);
    assert_int_equal(quoter.gathered, MYC_GATHER_PART);
    take(&conf_answer_type);
    assert_int_equal(quoter.gathered, MYC_GATHER_DONE);
    myc_test_expect_none(probe, 100 * MS);
    assert_int_equal(myc_test_counter(bench, 0, 0, "asks_timed_out"), 0);
    myc_test_destroy(&bench); /* asserts that no ask is left */
}

/* --- broken promises -------------------------------------------------------------------------- */

static void
ask(struct myc_ref ref)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = 10 * S };
    uint8_t body[CONF_QUESTION_SIZE] = { 0 };

    assert_int_equal(myc_test_ask(probe, ref, &conf_question_type, body, sizeof(body), &options),
                     MYC_OK);
}

static void
test_who_answers_at_once_or_never_breaks_what_it_forgets(void **state)
{
    struct myc_ask_failed failed;
    uint64_t asked_ns;

    (void)state;
    begin();
    for (uint8_t node = 0; node < 2; node++) {
        struct myc_ref ref = spawn(node, FORGETS);

        asked_ns = myc_test_now_ns(bench);
        ask(ref);
        assert_true(myc_ask_failed_decode(myc_test_expect(probe, &myc_ask_failed_type), &failed));
        assert_int_equal(failed.status, MYC_BROKEN);
        assert_true(myc_test_now_ns(bench) - asked_ns < MS);
    }
    myc_test_destroy(&bench);
}

/* call_with_huge_message_queue: the reply is found by its number, whatever waits before it. */
static void
test_an_ask_is_answered_though_the_asker_has_a_long_queue(void **state)
{
    struct myc_test_probe *sender;
    struct myc_ref ref;

    (void)state;
    begin();
    sender = myc_test_add_probe(bench, 0, 0);
    ref = spawn(0, ANSWERS);
    for (uint64_t i = 0; i < 900; i++)
        assert_int_equal(semantics_send(sender, myc_test_probe_ref(probe), i), MYC_OK);
    ask(ref);
    for (uint64_t i = 0; i < 900; i++)
        assert_int_equal(semantics_expect_number(probe), i);
    assert_non_null(myc_test_expect(probe, &conf_answer_type));
    myc_test_destroy(&bench);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_gathering_counts_answers_whatever_else_comes),
        cmocka_unit_test(test_partial_results_are_there_at_once_and_the_deadline_ends_the_rest),
        cmocka_unit_test(test_when_enough_have_answered_the_others_are_cancelled),
        cmocka_unit_test(test_who_answers_at_once_or_never_breaks_what_it_forgets),
        cmocka_unit_test(test_an_ask_is_answered_though_the_asker_has_a_long_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
