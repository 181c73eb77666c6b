/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What cores tell each other about watches, stops and kills, over a real flow whose wire loses
 * frames: chosen ones, or many at random. Pekko's SystemMessageDelivery, on an actor's monitors.
 */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/flow_loop.h"
#include "support/probe_parts.h"

#include "base/compiler.h"
#include "base/prng.h"

#include <mycelium/messages.h>

#define TARGETS     10U
#define WATCHES_MAX 256U
#define ACTS        120U
#define SEEDS       12U

static struct lab lab;
static struct flow_pair *flow;
static struct probe watcher, targets[TARGETS];

static const struct flow_loop_wire calm = { .seed = 1, .delay_ns = 5000 };

static void
begin(const struct flow_loop_wire *wire)
{
    struct fab_core_config a = lab_config(LAB_HOME_1, 0, 1), b = lab_config(LAB_HOME_2, 0, 1);

    memset(&watcher, 0, sizeof(watcher));
    memset(targets, 0, sizeof(targets));
    lab_init(&lab);
    lab_add_core(&lab, &a);
    lab_add_core(&lab, &b);
    flow = lab_join_flow(&lab, 0, 1, &calm);
    assert_int_equal(probe_spawn(&watcher, lab.cores[0], NULL), MYC_OK);
    for (unsigned i = 0; i < TARGETS; i++)
        assert_int_equal(probe_spawn(&targets[i], lab.cores[1], NULL), MYC_OK);
    flow_pair_set_wire(flow, wire);
}

/* --- chosen frames ---------------------------------------------------------------------------- */

struct chosen {
    bool from_a;
    unsigned first, end;
};

static bool
is_chosen(void *context, bool from_a, unsigned number)
{
    const struct chosen *chosen = context;

    return from_a == chosen->from_a && number >= chosen->first && number < chosen->end;
}

/* Ten watches, then ten ends, each with a turn, and so a frame, of its own. */
static void
watch_and_end(struct chosen *chosen)
{
    const struct flow_loop_wire wire = {
        .seed = 1, .delay_ns = 5000, .is_lost = is_chosen, .context = chosen
    };
    uint64_t monitors[TARGETS];

    begin(&wire);
    for (unsigned i = 0; i < TARGETS; i++) {
        assert_int_equal(probe_monitor(&watcher, targets[i].ref, &monitors[i]), MYC_OK);
        lab_turn(&lab);
    }
    if (chosen->from_a)
        lab_settle(&lab);
    for (unsigned i = 0; i < TARGETS; i++) {
        assert_int_equal(probe_kill(&targets[i], targets[i].ref), MYC_OK);
        lab_turn(&lab);
    }
    lab_settle(&lab);
    assert_int_equal(flow_pair_lost(flow), chosen->end - chosen->first);
    assert_int_equal(watcher.count, TARGETS);
    for (unsigned i = 0; i < TARGETS; i++) {
        assert_int_equal(watcher.notes[i].key, MYC_DOWN_KEY);
        assert_int_equal(watcher.notes[i].value, monitors[i]); /* in the order of the ends */
        assert_int_equal(watcher.notes[i].status, MYC_KILLED);
    }
    lab_fini(&lab);
}

static void
test_be_resent_when_some_in_the_middle_first_or_last_is_lost(void **state)
{
    static const struct {
        unsigned first, end;
    } ranges[] = {
        { 0, 1 }, { 1, 2 }, { 4, 5 }, { 4, 7 }, { 8, 9 }, { 9, 10 }, { 0, 10 },
    };

    (void)state;
    for (unsigned i = 0; i < FAB_COUNT_OF(ranges); i++) {
        struct chosen watches = { true, ranges[i].first, ranges[i].end };
        struct chosen ends = { false, ranges[i].first, ranges[i].end };

        watch_and_end(&watches);
        watch_and_end(&ends);
    }
}

/* --- at random -------------------------------------------------------------------------------- */

struct watch {
    uint64_t monitor;
    struct probe *by;
    const struct probe *of;
    unsigned downs_before; /* when it was taken back */
    bool is_over;          /* taken back */
};

static struct watch watches[WATCHES_MAX];
static unsigned watch_count;
static bool is_ended[TARGETS];

static unsigned
downs_of(const struct watch *watch)
{
    unsigned count = 0;

    for (unsigned i = 0; i < watch->by->count; i++)
        count +=
            watch->by->notes[i].key == MYC_DOWN_KEY && watch->by->notes[i].value == watch->monitor;
    return count;
}

/* A target's last word comes before its end. */
static void
end_target(unsigned i, bool is_kill)
{
    if (is_ended[i])
        return;
    is_ended[i] = true;
    assert_int_equal(probe_send(&targets[i], watcher.ref, i), MYC_OK);
    if (is_kill)
        assert_int_equal(probe_kill(&watcher, targets[i].ref), MYC_OK);
    else
        assert_int_equal(probe_stop(&watcher, targets[i].ref, MYC_SHUTDOWN), MYC_OK);
}

static void
act(struct fab_prng *prng)
{
    unsigned i = (unsigned)fab_prng_below(prng, TARGETS);
    struct watch *watch = &watches[watch_count];

    switch (fab_prng_below(prng, 8)) {
    case 0:
        end_target(i, fab_prng_chance(prng, 500000));
        break;
    case 1:
    case 2:
        if (watch_count == 0)
            break;
        watch = &watches[fab_prng_below(prng, watch_count)];
        if (watch->is_over)
            break;
        (void)probe_demonitor(watch->by, watch->monitor);
        watch->is_over = true;
        watch->downs_before = downs_of(watch);
        break;
    default:
        *watch = (struct watch){ .by = &watcher, .of = &targets[i] };
        if (probe_monitor(watch->by, watch->of->ref, &watch->monitor) == MYC_OK)
            watch_count++;
        break;
    }
}

static void
check_last_words(void)
{
    for (unsigned i = 0; i < watcher.count; i++) {
        const struct probe_note *note = &watcher.notes[i];

        for (unsigned j = 0; note->key == PROBE_NUMBER_KEY && j < i; j++)
            assert_false(watcher.notes[j].key == MYC_DOWN_KEY &&
                         myc_ref_is_equal(watcher.notes[j].ref, note->ref));
    }
    assert_int_equal(probe_count(&watcher, PROBE_NUMBER_KEY), TARGETS);
}

static void
stress(uint64_t seed)
{
    const struct flow_loop_wire bad = {
        .seed = seed,
        .lose = 300000,
        .duplicate = 100000,
        .corrupt = 50000,
        .delay_ns = 5000,
        .jitter_ns = 30000,
    };
    struct fab_prng prng;

    begin(&bad);
    fab_prng_init(&prng, seed);
    watch_count = 0;
    memset(is_ended, 0, sizeof(is_ended));
    for (unsigned i = 0; i < ACTS; i++) {
        act(&prng);
        for (uint64_t turns = fab_prng_below(&prng, 20); turns > 0; turns--)
            lab_turn(&lab);
    }
    for (unsigned i = 0; i < TARGETS; i++)
        end_target(i, false);
    lab_settle(&lab);
    assert_true(flow_pair_lost(flow) > 0);
    for (unsigned i = 0; i < TARGETS; i++)
        assert_true(targets[i].stop_count <= 1);
    for (unsigned i = 0; i < watch_count; i++)
        assert_int_equal(downs_of(&watches[i]), watches[i].is_over ? watches[i].downs_before : 1);
    check_last_words();
    assert_int_equal(fab_core_actor_count(lab.cores[1]), 0);
    lab_fini(&lab);
}

static void
test_deliver_all_during_stress_and_random_dropping(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        stress(seed);
}

/* --- everything else that is a record between cores ------------------------------------------- */

static void
test_asks_notices_and_room_hold_over_a_bad_wire(void **state)
{
    const struct flow_loop_wire bad = {
        .seed = 3, .lose = 200000, .duplicate = 100000, .delay_ns = 5000, .jitter_ns = 20000
    };
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = UINT64_MAX };
    const struct myc_spawn_options tiny = { .mailbox_max = 2 };
    static struct probe busy;
    unsigned refused = 0;
    uint64_t ask;

    (void)state;
    begin(&bad);
    memset(&busy, 0, sizeof(busy));
    assert_int_equal(probe_spawn(&busy, lab.cores[1], &tiny), MYC_OK);
    targets[0].on_message = probe_answers;
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(probe_ask(&watcher, targets[0].ref, i, &options, &ask), MYC_OK);
        (void)probe_send(&targets[1], busy.ref, 500); /* so that it has something waiting */
        refused += probe_send(&watcher, busy.ref, i) != MYC_OK;
        lab_turn(&lab);
    }
    lab_settle(&lab);
    assert_int_equal(probe_count(&watcher, PROBE_NUMBER_KEY), 50);
    /* Each number is at one place: handled there, or given back. */
    for (unsigned i = 0, last = 0; i < busy.count; i++)
        if (busy.notes[i].value < 500) {
            assert_true(busy.notes[i].value >= last);
            last = (unsigned)busy.notes[i].value;
            refused++;
        }
    assert_int_equal(refused + probe_count(&watcher, MYC_UNDELIVERED_KEY), 50);
    lab_fini(&lab);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_be_resent_when_some_in_the_middle_first_or_last_is_lost),
        cmocka_unit_test(test_deliver_all_during_stress_and_random_dropping),
        cmocka_unit_test(test_asks_notices_and_room_hold_over_a_bad_wire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
