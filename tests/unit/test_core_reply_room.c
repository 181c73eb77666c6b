/* SPDX-License-Identifier: BSD-3-Clause */
/* An answer is never lost for want of a place to wait in: neither the link has room for it nor a
 * cell is free, and the asker hears all the same. */
#include "support/level_lab.h"

#include "actor/owed.h"
#include "actor/parts.h"

#define SMALL 8U
#define LARGE 200U

static struct level_lab own;
static struct probe b;

/* All cells there that nobody was promised. */
static uint32_t taken[FAB_CELL_CLASS_COUNT];

static void
take_cells(struct level_lab *at)
{
    for (enum fab_cell_class class_of = 0; class_of < FAB_CELL_CLASS_COUNT; class_of++) {
        struct fab_cell_pool *pool = &at->there->cells.pools[class_of];

        taken[class_of] = pool->free_count - pool->reserved;
        pool->reserved += taken[class_of];
    }
}

static void
give_cells(struct level_lab *at)
{
    for (enum fab_cell_class class_of = 0; class_of < FAB_CELL_CLASS_COUNT; class_of++)
        at->there->cells.pools[class_of].reserved -= taken[class_of];
}

static void
ask_keeper(struct level_lab *at)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = MYC_FOREVER };

    b = (struct probe){ .on_message = probe_keeps };
    assert_int_equal(probe_spawn(&b, at->there, NULL), MYC_OK);
    assert_int_equal(probe_ask(&at->a, b.ref, 1, &options, NULL), MYC_OK);
    lab_settle(&at->lab);
    assert_int_equal(b.count, 1);
}

/* The keeper's answer, with no room in the link and no cell. */
static enum myc_status
answer_without_room(struct level_lab *at, uint32_t size)
{
    enum myc_status status;

    take_cells(at);
    loop_pair_refuse(at->lab.pairs[0], 1);
    status = probe_reply(&b, probe_kept, 7, size);
    assert_true(loop_pair_claims(at->lab.pairs[0]) >= 1); /* the first found none */
    give_cells(at);
    assert_int_equal(at->there->requests->handles.taken, 0);
    lab_settle(&at->lab);
    return status;
}

static void
run_small(struct level_lab *at)
{
    ask_keeper(at);
    assert_int_equal(answer_without_room(at, SMALL), MYC_OK);
    assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 1);
    assert_int_equal(probe_last(&at->a, PROBE_NUMBER_KEY)->value, 7);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 0);
}

static void
test_a_small_answer_has_a_cell_to_wait_in(void **state)
{
    (void)state;
    level_each_from(FAB_LEVEL_RING, &own, run_small);
}

static void
run_large(struct level_lab *at)
{
    ask_keeper(at);
    assert_int_equal(answer_without_room(at, LARGE), MYC_NO_MEMORY);
    assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 0);
    assert_int_equal(probe_count(&at->a, MYC_ASK_FAILED_KEY), 1);
    assert_int_equal(probe_last(&at->a, MYC_ASK_FAILED_KEY)->status, MYC_NO_MEMORY);
}

static void
test_of_a_larger_one_the_asker_is_told_at_once(void **state)
{
    (void)state;
    level_each_from(FAB_LEVEL_RING, &own, run_large);
}

/* Requests take their cell from those that are kept back for what comes over links. */
static void
run_kept_back(struct level_lab *at)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = MYC_FOREVER };

    b = (struct probe){ .on_message = probe_keeps };
    assert_int_equal(probe_spawn(&b, at->there, NULL), MYC_OK);
    take_cells(at);
    assert_int_equal(probe_ask(&at->a, b.ref, 1, &options, NULL), MYC_OK);
    lab_settle(&at->lab);
    give_cells(at);
    assert_int_equal(b.count, 1);
    assert_int_equal(level_counters(at)->requests_untracked, 0);
    assert_int_equal(answer_without_room(at, SMALL), MYC_OK);
    assert_int_equal(probe_count(&at->a, PROBE_NUMBER_KEY), 1);
}

static void
test_a_request_that_comes_without_a_free_cell_has_one_for_its_answer(void **state)
{
    (void)state;
    level_each_from(FAB_LEVEL_RING, &own, run_kept_back);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_small_answer_has_a_cell_to_wait_in),
        cmocka_unit_test(test_of_a_larger_one_the_asker_is_told_at_once),
        cmocka_unit_test(test_a_request_that_comes_without_a_free_cell_has_one_for_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
