/* SPDX-License-Identifier: BSD-3-Clause */
/* Dead letters: who watches them hears what was lost where, and never more than a little. At every
 * level: the watcher is elsewhere than who loses. */
#include "semantics.h"

#include <mycelium/dead_letter.h>
#include <mycelium/group.h>

static struct myc_test *bench;
static struct myc_test_probe *watcher; /* here */
static struct myc_test_probe *sender;  /* beside the receivers */
static uint8_t node, lcore;            /* there */

static void
do_join(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_join(self, MYC_DEAD_LETTERS_GROUP), MYC_OK);
}

static const struct myc_test_options levels[] = {
    { .lcore_count = 2 },
    { .node_count = 2 },
    { .node_count = 2, .is_other_host = true },
};

static void
begin(unsigned level)
{
    bench = semantics_bench(levels[level]);
    node = level == 0 ? 0 : 1;
    lcore = level == 0 ? 1 : 0;
    assert_int_equal(myc_test_spawn(bench, node, lcore, &myc_dead_letters_class, NULL, NULL),
                     MYC_OK);
    watcher = myc_test_add_probe(bench, 0, 0);
    sender = myc_test_add_probe(bench, node, lcore);
    myc_test_advance(bench, 20 * MS);
    myc_test_act(watcher, do_join, NULL);
    myc_test_advance(bench, 20 * MS);
}

static void
end(void)
{
    myc_test_destroy(&bench);
}

/* --- who loses -------------------------------------------------------------------------------- */

static const struct myc_type *const numbers[] = { &conf_number_type };

static const struct myc_class loser_class = {
    .size = sizeof(loser_class),
    .name = "loser",
    .accepts = numbers,
    .accepts_count = 1,
};

static struct myc_ref
spawn_loser(uint32_t mailbox_max, enum myc_overflow overflow)
{
    const struct myc_spawn_options options = { .size = sizeof(options),
                                               .mailbox_max = mailbox_max,
                                               .overflow = overflow };
    struct myc_ref ref;

    assert_int_equal(myc_test_spawn(bench, node, lcore, &loser_class, &options, &ref), MYC_OK);
    return ref;
}

struct burst {
    struct myc_ref to;
    unsigned count;
    uint64_t ttl_ns;
    bool ends;
};

/* So many at once, with tags from 100, all while the receiver cannot run. */
static void
do_burst(struct myc_self *self, void *context)
{
    const struct burst *burst = context;
    uint8_t body[CONF_NUMBER_SIZE];

    conf_number_encode(&(struct conf_number){ .value = 1 }, body);
    for (unsigned i = 0; i < burst->count; i++) {
        const struct myc_send_options options = { .size = sizeof(options),
                                                  .tag = 100 + i,
                                                  .ttl_ns = burst->ttl_ns };

        assert_int_equal(
            myc_send_with(self, burst->to, &conf_number_type, body, sizeof(body), &options),
            MYC_OK);
    }
    if (burst->ends)
        assert_int_equal(myc_kill(self, burst->to), MYC_OK);
}

static struct myc_dead_letter
expect_letter(uint64_t *tag)
{
    const struct myc_message *message = myc_test_expect(watcher, &myc_dead_letter_type);
    struct myc_dead_letter letter = { .count = 0 };

    assert_non_null(message);
    *tag = message->tag;
    assert_true(myc_dead_letter_decode_body(message->body, message->size, message->block_length,
                                            message->version, &letter));
    return letter;
}

static void
expect_cause(struct myc_ref receiver, struct myc_ref from, enum myc_status cause, uint64_t tag)
{
    uint64_t got_tag;
    struct myc_dead_letter letter = expect_letter(&got_tag);

    assert_int_equal(letter.cause, cause);
    assert_int_equal(letter.count, 1);
    assert_true(myc_ref_is_equal(letter.receiver, receiver));
    assert_true(myc_ref_is_equal(letter.sender, from));
    assert_int_equal(got_tag, tag);
}

static void
test_each_cause_is_told_with_whose_it_was(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        const uint8_t question[CONF_QUESTION_SIZE] = { 0 };
        struct myc_ref here, there, a, b;

        begin(level);
        here = myc_test_probe_ref(watcher);
        there = myc_test_probe_ref(sender);
        a = spawn_loser(1, MYC_OVERFLOW_DROP_OLDEST);
        myc_test_act(sender, do_burst, &(struct burst){ .to = a, .count = 2 });
        expect_cause(a, there, MYC_FULL, 100);
        b = spawn_loser(1, MYC_OVERFLOW_DROP_NEWEST);
        myc_test_act(sender, do_burst, &(struct burst){ .to = b, .count = 2 });
        expect_cause(b, there, MYC_FULL, 101);
        myc_test_act(sender, do_burst, &(struct burst){ .to = a, .count = 1, .ttl_ns = 1 });
        expect_cause(a, there, MYC_EXPIRED, 100);
        myc_test_act(sender, do_burst, &(struct burst){ .to = a, .count = 1, .ends = true });
        expect_cause(a, there, MYC_GONE, 100);
        assert_int_equal(myc_test_send(watcher, b, &conf_question_type, question, sizeof(question)),
                         MYC_OK);
        myc_test_allow(watcher, &myc_undelivered_type);
        expect_cause(b, here, MYC_BAD_TYPE, 0);
        myc_test_expect_none(watcher, 100 * MS);
        end();
    }
}

static void
test_a_storm_of_losses_makes_a_few_letters_that_say_how_many(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        struct myc_ref loser;
        uint64_t told = 0, tag;

        begin(level);
        loser = spawn_loser(1, MYC_OVERFLOW_DROP_NEWEST);
        myc_test_act(sender, do_burst, &(struct burst){ .to = loser, .count = 5001 });
        for (unsigned i = 0; i < 8; i++)
            told += expect_letter(&tag).count;
        assert_int_equal(told, 8);
        myc_test_expect_none(watcher, 20 * MS);
        /* The next one says what was passed over. */
        myc_test_act(sender, do_burst, &(struct burst){ .to = loser, .count = 2 });
        assert_int_equal(expect_letter(&tag).count, 5000 - 8 + 1);
        end();
    }
}

static void
test_letters_that_nobody_takes_make_no_letters(void **state)
{
    (void)state;
    for (unsigned level = 0; level < 3; level++) {
        struct myc_ref loser;
        uint64_t tag;

        begin(level);
        /* The sender is a member that ends: what is on its way to it is lost. */
        myc_test_act(sender, do_join, NULL);
        loser = spawn_loser(1, MYC_OVERFLOW_DROP_NEWEST);
        myc_test_advance(bench, 20 * MS);
        myc_test_act(sender, do_burst, &(struct burst){ .to = loser, .count = 2 });
        (void)expect_letter(&tag);
        myc_test_expect_none(watcher, 100 * MS);
        end();
    }
}

static enum myc_status answer;

static void
do_watch(struct myc_self *self, void *context)
{
    (void)context;
    answer = myc_dead_letters_watch(self);
}

static void
do_end(struct myc_self *self, void *context)
{
    (void)context;
    myc_fail(self, MYC_FAILED);
}

static void
test_one_actor_of_a_lcore_watches_until_it_ends(void **state)
{
    struct myc_test_probe *other;

    (void)state;
    bench = semantics_bench((struct myc_test_options){ 0 });
    watcher = myc_test_add_probe(bench, 0, 0);
    other = myc_test_add_probe(bench, 0, 0);
    myc_test_act(watcher, do_watch, NULL);
    assert_int_equal(answer, MYC_OK);
    myc_test_act(watcher, do_watch, NULL);
    assert_int_equal(answer, MYC_OK);
    myc_test_act(other, do_watch, NULL);
    assert_int_equal(answer, MYC_EXISTS);
    myc_test_act(watcher, do_end, NULL);
    myc_test_settle(bench);
    myc_test_act(other, do_watch, NULL);
    assert_int_equal(answer, MYC_OK);
    end();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_cause_is_told_with_whose_it_was),
        cmocka_unit_test(test_a_storm_of_losses_makes_a_few_letters_that_say_how_many),
        cmocka_unit_test(test_letters_that_nobody_takes_make_no_letters),
        cmocka_unit_test(test_one_actor_of_a_lcore_watches_until_it_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
