/* SPDX-License-Identifier: BSD-3-Clause */
/* Many links: random histories against a model, and that both sides agree whatever crosses. */
#include "monitor_lab.h"

#include "base/prng.h"

#include "actor/parts.h"

#define ACTORS 10U

static struct probe actors[ACTORS];
static bool is_alive[ACTORS];
static bool is_linked[ACTORS][ACTORS];

static void
begin_crowd(uint64_t seed)
{
    memset(actors, 0, sizeof(actors));
    memset(is_linked, 0, sizeof(is_linked));
    lab_init_pair(&lab, levels[seed % 3], 0);
    lab_settle(&lab);
    for (unsigned i = 0; i < ACTORS; i++) {
        assert_int_equal(probe_spawn(&actors[i], lab.cores[i % 2], NULL), MYC_OK);
        is_alive[i] = true;
    }
}

static void
model_end(unsigned i, bool is_normal)
{
    is_alive[i] = false;
    for (unsigned j = 0; j < ACTORS; j++) {
        bool was_linked = is_linked[i][j];

        is_linked[i][j] = is_linked[j][i] = false;
        if (was_linked && is_alive[j] && !is_normal)
            model_end(j, false);
    }
}

static void
check_against_model(uint64_t seed)
{
    struct fab_prng prng;

    fab_prng_init(&prng, seed);
    begin_crowd(seed);
    for (unsigned step = 0; step < 150; step++) {
        unsigned i = (unsigned)fab_prng_below(&prng, ACTORS);
        unsigned j = (unsigned)fab_prng_below(&prng, ACTORS);
        bool is_normal = fab_prng_chance(&prng, 500000);

        if (!is_alive[i])
            continue;
        if (fab_prng_chance(&prng, 500000)) {
            assert_int_equal(probe_link(&actors[i], actors[j].ref), MYC_OK);
            if (!is_alive[j])
                model_end(i, false);
            else if (i != j)
                is_linked[i][j] = is_linked[j][i] = true;
        } else if (fab_prng_chance(&prng, 850000)) {
            assert_int_equal(probe_unlink(&actors[i], actors[j].ref),
                             is_linked[i][j] ? MYC_OK : MYC_NOT_FOUND);
            is_linked[i][j] = is_linked[j][i] = false;
        } else {
            assert_int_equal(
                probe_stop(&actors[i], actors[i].ref, is_normal ? MYC_NORMAL : MYC_FAILED), MYC_OK);
            model_end(i, is_normal);
        }
        lab_settle(&lab);
        for (unsigned k = 0; k < ACTORS; k++)
            assert_int_equal(actors[k].stop_count, is_alive[k] ? 0 : 1);
    }
    lab_fini(&lab);
}

static void
test_random_histories_end_whom_the_model_ends(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 90; seed++)
        check_against_model(seed);
}

/* Nobody waits for anything: whatever crosses, in the end each pair agrees whether it is linked. */
static void
check_agreement(uint64_t seed)
{
    struct fab_prng prng;

    fab_prng_init(&prng, seed);
    begin_crowd(seed);
    for (unsigned step = 0; step < 400; step++) {
        unsigned i = (unsigned)fab_prng_below(&prng, 4);
        unsigned j = (unsigned)fab_prng_below(&prng, 4);

        if (fab_prng_chance(&prng, 500000))
            assert_int_equal(probe_link(&actors[i], actors[j].ref), MYC_OK);
        else
            (void)probe_unlink(&actors[i], actors[j].ref);
        if (fab_prng_chance(&prng, 300000))
            lab_turn_core(&lab, (unsigned)fab_prng_below(&prng, 2));
        if (fab_prng_chance(&prng, 100000))
            lab_turn(&lab);
    }
    lab_settle(&lab);
    for (unsigned i = 0; i < 4; i++)
        for (unsigned j = 0; j < 4; j++) {
            (void)probe_unlink(&actors[i], actors[j].ref);
            lab_settle(&lab);
            assert_int_equal(probe_unlink(&actors[j], actors[i].ref), MYC_NOT_FOUND);
        }
    assert_int_equal(fab_monitors_count(lab.cores[0]) + fab_monitors_count(lab.cores[1]), 0);
    lab_fini(&lab);
}

static void
test_whatever_crosses_both_sides_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 90; seed++)
        check_agreement(seed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories_end_whom_the_model_ends),
        cmocka_unit_test(test_whatever_crosses_both_sides_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
