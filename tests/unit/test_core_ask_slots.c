/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Slots of asks cannot leak, at every level: in random order asks are answered, refused, kept,
 * passed on, cancelled and left to their deadlines, callees and askers end, and the link breaks.
 * Each ask ends once at most, none of who goes on is left open, and afterwards all slots are free
 * and usable. One seed replays one history: SLOTS_SEED, SLOTS_SEEDS.
 */
#include "support/level_lab.h"

#include <stdio.h>
#include <stdlib.h>

#include "actor/owed.h"
#include "actor/parts.h"
#include "base/prng.h"

#define US          1000ULL
#define ASKERS      3U
#define CALLEES     4U
#define KEPT_MAX    64U
#define ASKS_MAX    4000U
#define STEPS       1500U
#define SEEDS_SHORT 30U

enum ending {
    OPEN = 0,
    ENDED,
    CANCELLED, /* by its asker, or with it */
};

struct ask {
    uint64_t id;
    unsigned asker;
    enum ending ending;
};

struct kept {
    struct myc_request request;
    unsigned callee; /* who owes the answer */
};

static struct level_lab own;
static struct fab_prng prng;
static uint64_t seed;
static struct probe askers[ASKERS], callees[CALLEES];
static struct ask asks[ASKS_MAX];
static unsigned ask_count;
static struct kept kept[KEPT_MAX];
static unsigned kept_count;
static unsigned answered_total, failed_total;

static unsigned
below(unsigned bound)
{
    return (unsigned)fab_prng_below(&prng, bound);
}

static void
expect(bool holds, const char *what)
{
    if (!holds)
        fail_msg("SLOTS_SEED=%llu: %s", (unsigned long long)seed, what);
}

/* --- the actors ------------------------------------------------------------------------------- */

static void
on_asker_message(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    bool is_failure = myc_message_key(message) == MYC_ASK_FAILED_KEY;
    struct ask *ask;

    (void)self;
    if (message->kind != MYC_KIND_REPLY && !is_failure)
        return;
    expect(message->tag < ask_count, "an answer to nothing that was asked");
    ask = &asks[message->tag];
    expect(ask->asker == (unsigned)(probe - askers), "another one's answer");
    expect(ask->ending == OPEN, "an ask ended twice, or after it was cancelled");
    ask->ending = ENDED;
    *(is_failure ? &failed_total : &answered_total) += 1;
}

static void
on_callee_message(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    if (message->kind != MYC_KIND_ASK)
        return;
    switch (below(4)) {
    case 0:
        probe_answers(self, probe, message);
        break;
    case 1:
        (void)myc_reply_failure(self, myc_message_request(message), MYC_REFUSED);
        break;
    case 2:
        if (kept_count < KEPT_MAX)
            kept[kept_count++] =
                (struct kept){ myc_message_request(message), (unsigned)(probe - callees) };
        break;
    default: /* forgotten */
        break;
    }
}

static void
spawn_asker(struct level_lab *at, unsigned i)
{
    askers[i] = (struct probe){ .is_silent = true, .on_message = on_asker_message };
    assert_int_equal(probe_spawn(&askers[i], at->lab.cores[0], NULL), MYC_OK);
}

static void
spawn_callee(struct level_lab *at, unsigned i)
{
    const struct myc_spawn_options options = { .mailbox_max = 1 + below(30) };

    callees[i] = (struct probe){ .is_silent = true, .on_message = on_callee_message };
    assert_int_equal(probe_spawn(&callees[i], at->there, &options), MYC_OK);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void
ask_somebody(void)
{
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = (1 + below(200)) * US,
        .reply_size_max = below(2) ? 8 : 1000,
    };
    struct ask *ask = &asks[ask_count];
    enum myc_status status;

    if (ask_count == ASKS_MAX)
        return;
    *ask = (struct ask){ .asker = below(ASKERS) };
    ask_count++; /* its answer may come within the call */
    status = probe_ask(&askers[ask->asker], callees[below(CALLEES)].ref, ask_count - 1, &options,
                       &ask->id);
    if (status != MYC_OK)
        ask->ending = CANCELLED;
}

/* One that is open here may have ended: its failure waits in the mailbox. */
static void
cancel_one(void)
{
    struct ask *ask = &asks[below(ask_count + 1)];

    if (ask == &asks[ask_count] || ask->id == 0)
        return;
    if (probe_ask_cancel(&askers[ask->asker], ask->id) != MYC_OK)
        return;
    expect(ask->ending == OPEN, "what has ended can be cancelled");
    ask->ending = CANCELLED;
}

static void
answer_one_that_was_kept(void)
{
    unsigned i = below(kept_count + 1);

    if (i == kept_count)
        return;
    if (below(3) == 0) {
        unsigned heir = below(CALLEES);

        if (probe_pass_on(&callees[kept[i].callee], kept[i].request) == MYC_OK)
            probe_take_over(&callees[heir], kept[i].request);
        kept[i].callee = heir;
        return;
    }
    if (below(2))
        (void)probe_reply(&callees[kept[i].callee], kept[i].request, 1, 8);
    else
        (void)probe_reply_failure(&callees[kept[i].callee], kept[i].request, MYC_FAILED);
    if (below(4)) /* else it may be answered once more */
        kept[i] = kept[--kept_count];
}

static void
end_a_callee(struct level_lab *at)
{
    unsigned i = below(CALLEES);

    if (below(2))
        assert_int_equal(probe_kill(&at->c, callees[i].ref), MYC_OK);
    else
        assert_int_equal(probe_stop(&at->c, callees[i].ref, MYC_SHUTDOWN), MYC_OK);
    (void)lab_turn_core(&at->lab, at->there_index);
    spawn_callee(at, i);
}

static void
end_an_asker(struct level_lab *at)
{
    unsigned i = below(ASKERS);

    assert_int_equal(probe_kill(&at->a, askers[i].ref), MYC_OK);
    (void)lab_turn_core(&at->lab, 0);
    for (unsigned n = 0; n < ask_count; n++)
        if (asks[n].asker == i && asks[n].ending == OPEN)
            asks[n].ending = CANCELLED;
    spawn_asker(at, i);
}

static bool
can_break(const struct level_lab *at)
{
    return at->there_index == 1 && loop_pair_a(at->lab.pairs[0])->level != FAB_LEVEL_RING;
}

static void
step(struct level_lab *at)
{
    unsigned dice = below(100);

    if (dice < 45)
        ask_somebody();
    else if (dice < 55)
        cancel_one();
    else if (dice < 70)
        answer_one_that_was_kept();
    else if (dice < 72)
        end_a_callee(at);
    else if (dice < 73)
        end_an_asker(at);
    else if (dice < 74 && can_break(at) && seed % 2)
        loop_pair_cut(at->lab.pairs[0]);
    else if (dice < 76 && can_break(at))
        loop_pair_join(at->lab.pairs[0], LAB_HOME_2);
    else if (dice < 88)
        (void)lab_turn_core(&at->lab, below(2));
    else
        lab_advance(&at->lab, below(20) * US);
}

/* --- afterwards ------------------------------------------------------------------------------- */

static void
check_ended(struct level_lab *at)
{
    if (can_break(at))
        loop_pair_join(at->lab.pairs[0], LAB_HOME_2);
    lab_advance(&at->lab, 300 * US);
    lab_settle(&at->lab);
    for (unsigned i = 0; i < ask_count; i++)
        expect(asks[i].ending != OPEN, "an ask has not ended");
    if (at->there_index == 1)
        expect(fab_asks_count(at->lab.cores[0]) == 0, "a slot is taken by nobody's ask");
    /* Nobody waits any more. */
    expect(at->there->requests->handles.taken == 0, "something is owed to nobody");
    /* What callees still owe ends with them. */
    for (unsigned i = 0; i < CALLEES; i++)
        assert_int_equal(probe_kill(&at->c, callees[i].ref), MYC_OK);
    lab_settle(&at->lab);
    for (unsigned i = 0; i < 2; i++)
        expect(fab_asks_count(at->lab.cores[i]) == 0, "something is still asked or owed");
}

/* Every slot can be taken again, and no more. */
static void
check_usable(struct level_lab *at)
{
    const struct myc_spawn_options options = { .mailbox_max = 1000 };
    const struct myc_ask_options brief = { .timeout_ns = MYC_FOREVER, .reply_size_max = 8 };
    uint32_t slots = fab_core_config_of(at->lab.cores[0])->limits.asks_max;
    static struct probe keeper;

    keeper = (struct probe){ .is_silent = true };
    assert_int_equal(probe_spawn(&keeper, at->there, &options), MYC_OK);
    for (uint32_t i = 0; i < slots; i++) {
        expect(probe_ask(&at->a, keeper.ref, i, &brief, NULL) == MYC_OK, "a slot is lost");
        if (i % 32 == 31)
            (void)lab_turn(&at->lab);
    }
    expect(probe_ask(&at->a, keeper.ref, 0, &brief, NULL) == MYC_NO_MEMORY, "a slot too many");
    at->a.is_silent = true;
    assert_int_equal(probe_kill(&at->c, keeper.ref), MYC_OK);
    lab_settle(&at->lab);
    for (unsigned i = 0; i < 2; i++)
        expect(fab_asks_count(at->lab.cores[i]) == 0, "something is still asked or owed");
}

static void
run_history(struct level_lab *at)
{
    fab_prng_init(&prng, seed);
    ask_count = kept_count = 0;
    for (unsigned i = 0; i < ASKERS; i++)
        spawn_asker(at, i);
    for (unsigned i = 0; i < CALLEES; i++)
        spawn_callee(at, i);
    for (unsigned i = 0; i < STEPS; i++)
        step(at);
    check_ended(at);
    check_usable(at);
}

static void
test_slots_of_asks_cannot_leak(void **state)
{
    const char *first = getenv("SLOTS_SEED"), *count = getenv("SLOTS_SEEDS");
    uint64_t begin = first ? strtoull(first, NULL, 10) : 1;
    uint64_t seeds = count ? strtoull(count, NULL, 10) : first ? 1 : SEEDS_SHORT;

    (void)state;
    answered_total = failed_total = 0;
    for (seed = begin; seed < begin + seeds; seed++)
        level_each(&own, run_history);
    assert_true(answered_total > 100 * seeds && failed_total > 100 * seeds);
    print_message("%u asks answered, %u failed\n", answered_total, failed_total);
}

/* --- a cancelled ask whose answer comes from elsewhere ---------------------------------------- */

/* The slot of the cancelled one is another ask's when its answer comes. */
static void
run_late_answer(struct level_lab *at)
{
    struct myc_request first;
    struct probe *b = &callees[0];
    uint64_t ask;

    *b = (struct probe){ .on_message = probe_keeps };
    assert_int_equal(probe_spawn(b, at->there, NULL), MYC_OK);
    assert_int_equal(probe_ask(&at->a, b->ref, 1, NULL, &ask), MYC_OK);
    lab_settle(&at->lab);
    first = probe_kept;
    assert_int_equal(probe_ask_cancel(&at->a, ask), MYC_OK);
    assert_int_equal(probe_ask(&at->a, b->ref, 2, NULL, &ask), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal((uint32_t)first.ask, (uint32_t)probe_kept.ask); /* the same slot */
    assert_int_equal(probe_reply(b, first, 71, 8), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(at->a.count, 0);
    assert_int_equal(lab_counters(&at->lab, 0)->replies_late, 1);
    /* One that is on its way, and has a failure for an answer. */
    assert_int_equal(probe_reply_failure(b, probe_kept, MYC_REFUSED), MYC_OK);
    if (at->there_index == 1)
        assert_int_equal(probe_ask_cancel(&at->a, ask), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(at->a.count, at->there_index == 1 ? 0 : 1);
    at->a.count = 0;
    assert_int_equal(probe_ask(&at->a, b->ref, 3, NULL, NULL), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(probe_reply(b, probe_kept, 73, 8), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(at->a.count, 1);
    assert_int_equal(at->a.notes[0].value, 73);
    assert_int_equal(at->a.notes[0].tag, 3);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(fab_asks_count(at->lab.cores[i]), 0);
}

static void
test_a_late_answer_to_a_cancelled_ask_ends_no_other_one(void **state)
{
    (void)state;
    level_each(&own, run_late_answer);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_of_asks_cannot_leak),
        cmocka_unit_test(test_a_late_answer_to_a_cancelled_ask_ends_no_other_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
