/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The n-th slot of a link, timer, ask or watch cannot be had, for every n of a scenario, nor cells
 * of messages in its n-th step, or more than n of them at any time (nth_alloc_fail_sweep). Whoever
 * was refused is told at once, and what was accepted ends as if nothing had been: each message once
 * and in order, or its notice; each ask once; each timer once; each watch with one Down. At the end
 * nothing is left taken (lab_fini).
 *
 * Buffers of frames and memory of large bodies are swept in the simulator: sim/test_sim_faults.c,
 * sim/test_sim_large.c.
 */
#include "support/cmocka.h"
#include "support/core_lab.h"
#include "support/probe_parts.h"

#include "actor/state.h"
#include "base/compiler.h"

#include <mycelium/messages.h>

#define MESSAGES   12U
#define ASKS       4U
#define TIMERS     4U
#define WATCHES    3U
#define BUSY_TURNS 20U /* in which what was begun mostly happens */
#define ROOMY      64U /* of each thing: more than the scenario takes */

static struct lab lab;
static struct probe a, b;
static struct loop_pair *pair;

/* What was accepted, of what was asked for. */
struct accepted {
    unsigned sends, asks, timers, watches;
    unsigned refused;
};

static const enum fab_level levels[] = { FAB_LEVEL_RING, FAB_LEVEL_SEGMENT, FAB_LEVEL_FLOW };

/* --- cells ------------------------------------------------------------------------------------ */

/* Which cells cannot be had, on both cores: in one step of the scenario, or all but so many of them
 * from its beginning (take_cells). */
static struct {
    uint64_t step;  /* 1 up; 0: in none */
    uint64_t steps; /* that there were */
    enum fab_cell_class class_of;
    uint32_t taken[2]; /* of each core, promised to nobody but us */
} cells;

static void
take_cells(uint32_t left)
{
    for (unsigned i = 0; i < 2; i++) {
        struct fab_cell_pool *pool = &lab.cores[i]->cells.pools[cells.class_of];
        uint32_t free_count = pool->free_count - pool->reserved;

        cells.taken[i] = free_count > left ? free_count - left : 0;
        pool->reserved += cells.taken[i];
    }
}

static void
give_cells(void)
{
    for (unsigned i = 0; i < 2; i++) {
        lab.cores[i]->cells.pools[cells.class_of].reserved -= cells.taken[i];
        cells.taken[i] = 0;
    }
}

/* Around everything that may take cells. */
static void
step_begins(void)
{
    if (++cells.steps == cells.step)
        take_cells(0);
}

static void
step_ends(void)
{
    if (cells.steps == cells.step)
        give_cells();
}

static void
turn(void)
{
    step_begins();
    lab_turn(&lab);
    step_ends();
}

static void
begin(enum fab_level level, const struct myc_limits *limits)
{
    bool is_one_node = level == FAB_LEVEL_RING;
    struct fab_core_config configs[] = {
        lab_config(LAB_HOME_1, 0, is_one_node ? 2 : 1),
        lab_config(is_one_node ? LAB_HOME_1 : LAB_HOME_2, is_one_node, is_one_node ? 2 : 1),
    };

    memset(&a, 0, sizeof(a));
    memset(&b, 0, sizeof(b));
    lab_init(&lab);
    memset(&cells, 0, sizeof(cells));
    for (unsigned i = 0; i < 2; i++) {
        configs[i].limits.messages_max = limits->messages_max;
        configs[i].limits.timers_max = limits->timers_max;
        configs[i].limits.asks_max = limits->asks_max;
        configs[i].limits.monitors_max = limits->monitors_max;
        lab_add_core(&lab, &configs[i]);
    }
    pair = lab_join(&lab, 0, 1, level, 32);
    lab_settle(&lab);
    assert_int_equal(probe_spawn(&a, lab.cores[0], NULL), MYC_OK);
    assert_int_equal(probe_spawn(&b, lab.cores[1], NULL), MYC_OK);
    b.on_message = probe_answers;
}

static unsigned
note(struct accepted *accepted, enum myc_status status)
{
    accepted->refused += status != MYC_OK;
    return status == MYC_OK;
}

/* A number with so much behind it that it takes a large cell. */
static void
send_bulky(struct myc_self *self, void *context)
{
    uint64_t body[32] = { *(uint64_t *)context };
    const struct myc_send_options options = { .size = sizeof(options), .tag = body[0] };

    *(uint64_t *)context =
        (uint64_t)myc_send_with(self, b.ref, &probe_number_type, body, sizeof(body), &options);
}

static enum myc_status
send(uint64_t value)
{
    if (cells.class_of == FAB_CELL_SMALL)
        return probe_send(&a, b.ref, value);
    probe_do(&a, send_bulky, &value);
    return (enum myc_status)value;
}

/* Everything that takes a slot, a cell or an entry, a turn between what takes several. */
static struct accepted
play(void)
{
    struct accepted accepted = { 0 };
    const struct myc_ask_options soon = { .size = sizeof(soon), .timeout_ns = 500000 };
    uint64_t id;

#define STEP(what) (step_begins(), (what), step_ends())
    for (unsigned i = 0; i < WATCHES; i++)
        STEP(accepted.watches += note(&accepted, probe_monitor(&a, b.ref, &id)));
    for (unsigned i = 0; i < MESSAGES; i++) {
        STEP(accepted.sends += note(&accepted, send(i)));
        if (i % 4 == 3)
            turn();
    }
    for (unsigned i = 0; i < TIMERS; i++)
        STEP(accepted.timers += note(&accepted, probe_timer_start(&a, 2000 * i, 0, i, &id)));
    for (unsigned i = 0; i < ASKS; i++)
        STEP(accepted.asks += note(&accepted, probe_ask(&a, b.ref, 100 + i, &soon, &id)));
#undef STEP
    for (unsigned i = 0; i < BUSY_TURNS; i++)
        turn();
    give_cells();
    lab_advance(&lab, 1000000);
    lab_settle(&lab);
    assert_int_equal(fab_core_actor_count(lab.cores[1]), 1);
    if (probe_stop(&a, b.ref, MYC_NORMAL) != MYC_OK) /* the way was full: once more */
        assert_int_equal(probe_stop(&a, b.ref, MYC_NORMAL), MYC_OK);
    lab_settle(&lab);
    return accepted;
}

static unsigned
count(const struct probe *probe, enum myc_kind kind)
{
    unsigned found = 0;

    for (unsigned i = 0; i < probe->count; i++)
        found += probe->notes[i].kind == kind && probe->notes[i].key == PROBE_NUMBER_KEY;
    return found;
}

/* What came as a message came in order, and none twice. */
static void
check_order(void)
{
    uint64_t next = 0;

    for (unsigned i = 0; i < b.count; i++) {
        if (b.notes[i].kind != MYC_KIND_SEND)
            continue;
        assert_true(b.notes[i].value >= next);
        next = b.notes[i].value + 1;
    }
}

static void
check(const struct accepted *accepted)
{
    check_order();
    assert_int_equal(count(&b, MYC_KIND_SEND) + probe_count(&a, MYC_UNDELIVERED_KEY),
                     accepted->sends);
    assert_int_equal(count(&a, MYC_KIND_REPLY) + probe_count(&a, MYC_ASK_FAILED_KEY),
                     accepted->asks);
    assert_int_equal(probe_count(&a, MYC_TIMER_FIRED_KEY), accepted->timers);
    assert_int_equal(probe_count(&a, MYC_DOWN_KEY), accepted->watches);
    assert_int_equal(b.stop_count, 1);
}

static struct myc_limits
roomy(void)
{
    return (struct myc_limits){
        .messages_max = ROOMY, .timers_max = ROOMY, .asks_max = ROOMY, .monitors_max = ROOMY
    };
}

static void
test_the_nth_slot_of_a_link_cannot_be_had(void **state)
{
    const struct myc_limits limits = roomy();

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(levels); i++) {
        uint64_t claims = 1;

        for (uint64_t n = 0; n <= claims; n++) { /* 0: all can be had */
            struct accepted accepted;

            begin(levels[i], &limits);
            loop_pair_refuse(pair, n);
            accepted = play();
            check(&accepted);
            claims = loop_pair_claims(pair);
            assert_true(n > 0 || accepted.refused == 0);
            lab_fini(&lab);
        }
        assert_true(claims > MESSAGES + ASKS);
    }
}

/* Sweeps a limit from 1 up to where nothing is refused any more. */
static void
sweep_limit(size_t offset)
{
    for (size_t i = 0; i < FAB_COUNT_OF(levels); i++) {
        struct accepted accepted = { .refused = 1 };
        uint32_t n = 0;

        while (accepted.refused > 0) {
            struct myc_limits limits = roomy();

            assert_true(++n <= ROOMY);
            *(uint32_t *)(void *)((char *)&limits + offset) = n;
            begin(levels[i], &limits);
            accepted = play();
            check(&accepted);
            lab_fini(&lab);
        }
        assert_true(n > 1);
    }
}

static void
test_the_nth_timer_cannot_be_had(void **state)
{
    (void)state;
    sweep_limit(offsetof(struct myc_limits, timers_max));
}

static void
test_the_nth_ask_cannot_be_had(void **state)
{
    (void)state;
    sweep_limit(offsetof(struct myc_limits, asks_max));
}

static void
test_the_nth_watch_cannot_be_had(void **state)
{
    (void)state;
    sweep_limit(offsetof(struct myc_limits, monitors_max));
}

/* Once each step, and each turn in which what was begun goes on; small cells, then large ones. */
static void
test_cells_cannot_be_had_in_the_nth_step(void **state)
{
    const struct myc_limits limits = roomy();

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(levels); i++) {
        for (enum fab_cell_class class_of = 0; class_of < FAB_CELL_CLASS_COUNT; class_of++) {
            unsigned failed = 0;
            uint64_t steps = 1;

            for (uint64_t n = 0; n <= steps; n++) { /* 0: all can be had */
                struct accepted accepted;

                begin(levels[i], &limits);
                cells.class_of = class_of;
                cells.step = n;
                accepted = play();
                check(&accepted);
                failed += accepted.refused + probe_count(&a, MYC_UNDELIVERED_KEY) > 0;
                steps = cells.steps;
                assert_true(n > 0 || failed == 0);
                lab_fini(&lab);
            }
            assert_true(steps > MESSAGES + ASKS + BUSY_TURNS);
            assert_true(failed > 0);
        }
    }
}

/* From none at all up to where nothing is refused or comes back any more. */
static void
test_no_more_than_n_cells_can_be_had(void **state)
{
    const struct myc_limits limits = roomy();

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(levels); i++) {
        for (enum fab_cell_class class_of = 0; class_of < FAB_CELL_CLASS_COUNT; class_of++) {
            unsigned failed = 1;
            uint32_t n = 0;

            for (; failed > 0; n++) {
                struct accepted accepted;

                assert_true(n <= ROOMY);
                begin(levels[i], &limits);
                cells.class_of = class_of;
                take_cells(n);
                accepted = play();
                check(&accepted);
                failed = accepted.refused + probe_count(&a, MYC_UNDELIVERED_KEY);
                lab_fini(&lab);
            }
            assert_true(n > 1);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_nth_slot_of_a_link_cannot_be_had),
        cmocka_unit_test(test_the_nth_timer_cannot_be_had),
        cmocka_unit_test(test_the_nth_ask_cannot_be_had),
        cmocka_unit_test(test_the_nth_watch_cannot_be_had),
        cmocka_unit_test(test_cells_cannot_be_had_in_the_nth_step),
        cmocka_unit_test(test_no_more_than_n_cells_can_be_had),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
