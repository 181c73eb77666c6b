/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Supervisors, monitors and links against a small model of them, over random histories.
 *
 * Three nodes, each with a supervisor of up to five children (kids) and a probe that watches kids
 * anywhere. A step fails, stops or kills a kid or a supervisor, cuts or heals a connection, crashes
 * or restarts a node, monitors or demonitors, links or unlinks two kids anywhere, begins or ends a
 * mate (an actor that is linked with one kid); then all settles, in a random schedule with random
 * delays. The model says who must live now, how often each kid has begun, which Down events have
 * come with which reason, and with which reason a link has stopped a mate; after each step the
 * bench must say the same.
 *
 * The model has one answer for each step, so a step may not set off a race of two reasons. Kids are
 * linked with each other only under one_for_one without a limit of restarts, where all that one
 * step ends ends with one reason; else all mates of a node's kids are linked with the same kid.
 *
 * MODEL_HISTORIES=N and MODEL_SEED=S choose what is run; a failure prints the seed, which is all
 * that is needed to run it again. MYCELIUM_LONG=1 runs 100 000.
 */
#include "supervision_lab.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS          40U
#define HISTORIES      10000U
#define HISTORIES_LONG 100000U

/* --- steps ------------------------------------------------------------------------------------ */

/* A kid that lives, on a node that does. */
static bool
pick_kid(unsigned *node, unsigned *kid)
{
    *node = (unsigned)lab_draw(NODES);
    if (!model.nodes[*node].is_alive || !model.nodes[*node].has_supervisor)
        return false;
    *kid = (unsigned)lab_draw(model.nodes[*node].kid_count);
    return model.nodes[*node].kids[*kid].is_alive;
}

static void
step_end_kid(void)
{
    static const enum myc_status reasons[] = { MYC_FAILED, MYC_REFUSED, MYC_NORMAL, MYC_SHUTDOWN,
                                               MYC_KILLED };
    enum myc_status reason = reasons[lab_draw(5)];
    unsigned node, kid;

    if (!pick_kid(&node, &kid))
        return;
    if (reason == MYC_FAILED || reason == MYC_REFUSED)
        assert_int_equal(semantics_send(lab.probes[node], lab.refs[node][kid], reason), MYC_OK);
    else
        lab_end(node, lab.refs[node][kid], reason);
    model_exit(node, kid, reason);
}

static void
step_end_supervisor(void)
{
    unsigned node = (unsigned)lab_draw(NODES);

    if (!model.nodes[node].is_alive || !model.nodes[node].has_supervisor)
        return;
    lab_end(node, lab.supervisors[node], lab_draw(2) ? MYC_KILLED : MYC_SHUTDOWN);
    model_end_supervisor(node);
}

static void
step_connection(void)
{
    unsigned i = (unsigned)lab_draw(NODES), j = (unsigned)lab_draw(NODES);

    if (i == j || !model.nodes[i].is_alive || !model.nodes[j].is_alive)
        return;
    if (model.is_cut[i][j]) {
        myc_test_heal(lab.bench, (uint8_t)i, (uint8_t)j);
    } else {
        model_unlink(i, j);
        myc_test_cut(lab.bench, (uint8_t)i, (uint8_t)j);
    }
    model.is_cut[i][j] = model.is_cut[j][i] = !model.is_cut[i][j];
}

static void
step_node(void)
{
    unsigned node = (unsigned)lab_draw(NODES);

    if (!model.nodes[node].is_alive) {
        myc_test_restart(lab.bench, (uint8_t)node);
        lab_populate(node);
        return;
    }
    for (unsigned i = 0; i < NODES; i++) {
        if (i != node)
            model_unlink(node, i);
        model.is_cut[node][i] = model.is_cut[i][node] = false;
    }
    for (unsigned w = 0; w < WATCHES_MAX; w++)
        if (model.watches[w].by == node) {
            model.watches[w].is_open = false;
            model.watches[w].expected = MYC_OK;
        }
    model_forget_ties(node);
    for (unsigned m = 0; m < MATES_MAX; m++)
        if (model.mates[m].node == node)
            lab.mates[m].reason = MYC_OK;
    model.nodes[node].is_alive = false;
    myc_test_crash(lab.bench, (uint8_t)node);
}

static void
step_monitor(void)
{
    unsigned by = (unsigned)lab_draw(NODES), node = (unsigned)lab_draw(NODES);
    struct watch_model *watch = NULL;
    uint64_t monitor;
    unsigned kid;

    for (unsigned i = 0; i < WATCHES_MAX && !watch; i++)
        if (!model.watches[i].is_open)
            watch = &model.watches[i];
    if (!watch || !model.nodes[by].is_alive || model.nodes[node].life == 0)
        return;
    kid = (unsigned)lab_draw(model.nodes[node].kid_count);
    monitor = lab_monitor(by, lab.refs[node][kid]);
    *watch = (struct watch_model){
        .is_open = true,
        .by = by,
        .by_life = model.nodes[by].life,
        .node = node,
        .node_life = model.nodes[node].life,
        .kid = kid,
        .life = model.nodes[node].kids[kid].life,
        .monitor = monitor,
    };
    if (by != node && !model_is_linked(by, node))
        watch->expected = MYC_NO_CONNECTION;
    else if (!model.nodes[node].kids[kid].is_alive)
        watch->expected = MYC_NO_PROCESS;
    watch->is_open = watch->expected == MYC_OK;
}

static void
step_demonitor(void)
{
    struct watch_model *watch = &model.watches[lab_draw(WATCHES_MAX)];

    if (!watch->is_open)
        return;
    lab_demonitor(watch->by, watch->monitor);
    watch->is_open = false;
}

/* A kid that has begun in this life of its node, wherever that is and whether it lives. */
static bool
pick_any_kid(unsigned *node, unsigned *kid)
{
    *node = (unsigned)lab_draw(NODES);
    if (model.nodes[*node].life == 0)
        return false;
    *kid = (unsigned)lab_draw(model.nodes[*node].kid_count);
    return true;
}

/* One links to the other, or both at once. */
static void
step_tie(void)
{
    unsigned node, kid, other_node, other;

    if (!pick_kid(&node, &kid) || !pick_any_kid(&other_node, &other))
        return;
    lab_tell_to_link(node, kid, lab.refs[other_node][other]);
    model_tie(node, kid, other_node, other);
    if (lab_draw(3) == 0 && model_is_linked(node, other_node) &&
        model.nodes[other_node].kids[other].is_alive)
        lab_tell_to_link(other_node, other, lab.refs[node][kid]);
}

/* Whichever of the two takes the link back. */
static void
step_untie(void)
{
    unsigned first = (unsigned)lab_draw(KIDS_ALL);

    for (unsigned i = 0; i < KIDS_ALL; i++) {
        unsigned a = (first + i) % KIDS_ALL, node = a / KIDS_MAX, kid = a % KIDS_MAX;

        for (unsigned b = 0; b < KIDS_ALL; b++)
            if (model_untie(node, kid, b / KIDS_MAX, b % KIDS_MAX)) {
                lab_tell_to_unlink(node, kid, lab.refs[b / KIDS_MAX][b % KIDS_MAX]);
                return;
            }
    }
}

/* Whether another kid of the node has a mate: the loss of both could come at once. */
static bool
has_other_mated(unsigned node, unsigned kid)
{
    for (unsigned m = 0; m < MATES_MAX; m++)
        if (model.mates[m].is_tied && model.mates[m].kid_node == node && model.mates[m].kid != kid)
            return true;
    return false;
}

static void
step_mate(void)
{
    unsigned by = (unsigned)lab_draw(NODES), node, kid, m = 0;

    while (m < MATES_MAX && model.mates[m].is_alive)
        m++;
    if (m == MATES_MAX || !model.nodes[by].is_alive || !pick_any_kid(&node, &kid) ||
        (!model.has_ties && has_other_mated(node, kid)))
        return;
    lab_spawn_mate(m, by, lab.refs[node][kid]);
    model_tie_mate(&model.mates[m], by, node, kid);
}

static void
step_end_mate(void)
{
    static const enum myc_status reasons[] = { MYC_FAILED, MYC_NORMAL, MYC_SHUTDOWN, MYC_KILLED };
    struct mate_model *mate = &model.mates[lab_draw(MATES_MAX)];
    enum myc_status reason = reasons[lab_draw(4)];

    if (!mate->is_alive)
        return;
    lab_end(mate->node, lab.mates[mate - model.mates].ref, reason);
    model_end_mate(mate, reason);
}

/* --- comparing -------------------------------------------------------------------------------- */

static void
check_downs(unsigned node)
{
    unsigned expected = 0;

    for (unsigned w = 0; w < WATCHES_MAX; w++)
        expected += model.watches[w].by == node && model.watches[w].expected != MYC_OK;
    for (; expected > 0; expected--) {
        struct watch_model *watch = NULL;
        struct myc_down down = { .monitor = 0 };

        assert_true(myc_down_decode(myc_test_expect(lab.probes[node], &myc_down_type), &down));
        for (unsigned w = 0; w < WATCHES_MAX; w++)
            if (model.watches[w].by == node && model.watches[w].monitor == down.monitor &&
                model.watches[w].expected != MYC_OK)
                watch = &model.watches[w];
        if (!watch)
            fail_msg("seed %llu step %u: a Down (%s) that the model does not know",
                     (unsigned long long)lab.seed, lab.step, myc_status_name(down.reason));
        if (watch->expected != down.reason)
            fail_msg("seed %llu step %u: Down says %s, the model %s", (unsigned long long)lab.seed,
                     lab.step, myc_status_name(down.reason), myc_status_name(watch->expected));
        watch->expected = MYC_OK;
    }
    myc_test_expect_none(lab.probes[node], 0);
}

static uint32_t
check_mates(unsigned node)
{
    uint32_t alive = 0;

    for (unsigned m = 0; m < MATES_MAX; m++) {
        const struct mate_model *mate = &model.mates[m];

        if (mate->node != node)
            continue;
        alive += mate->is_alive;
        if (lab.mates[m].reason != mate->reason)
            fail_msg("seed %llu step %u: mate %u was stopped with %s, the model's with %s",
                     (unsigned long long)lab.seed, lab.step, m,
                     myc_status_name(lab.mates[m].reason), myc_status_name(mate->reason));
    }
    return alive;
}

static void
check(void)
{
    model_spread_hits();
    myc_test_settle(lab.bench);
    for (unsigned node = 0; node < NODES; node++) {
        const struct node_model *own = &model.nodes[node];
        uint32_t alive = 2 + own->has_supervisor; /* registry, probe */

        if (!own->is_alive)
            continue;
        alive += check_mates(node);
        for (unsigned i = 0; i < own->kid_count; i++) {
            alive += own->kids[i].is_alive;
            if (lab.starts[node][i] != own->kids[i].starts)
                fail_msg("seed %llu step %u: kid %c of node %u has begun %u times, the model's %u",
                         (unsigned long long)lab.seed, lab.step, 'a' + (char)i, node,
                         lab.starts[node][i], own->kids[i].starts);
        }
        if (myc_test_actor_count(lab.bench, (uint8_t)node, 0) != alive)
            fail_msg("seed %llu step %u: node %u has %u actors, the model %u",
                     (unsigned long long)lab.seed, lab.step, node,
                     myc_test_actor_count(lab.bench, (uint8_t)node, 0), alive);
        check_downs(node);
    }
}

static void
run_history(uint64_t seed)
{
    memset(&model, 0, sizeof(model));
    memset(&lab, 0, sizeof(lab));
    lab.seed = seed;
    lab.bench = semantics_bench((struct myc_test_options){
        .node_count = NODES,
        .seed = seed,
        .is_shuffled = seed % 2 == 0,
        .delay_ns_max = seed % 3 == 0 ? 20000 : 0,
        .limits.state_bytes_max = 512U << 10,
    });
    model.strategy = (enum myc_supervisor_strategy)lab_draw(3);
    model.is_fresh = lab_draw(2);
    model.has_ties = model.strategy == MYC_ONE_FOR_ONE && lab_draw(4) > 0;
    model.intensity = model.has_ties ? MYC_SUPERVISOR_INTENSITY_MAX : 1 + (unsigned)lab_draw(6);
    for (unsigned i = 0; i < NODES; i++)
        lab_populate(i);
    check();
    for (lab.step = 0; lab.step < STEPS; lab.step++) {
        uint64_t kind = lab_draw(100);

        if (kind < 28)
            step_end_kid();
        else if (kind < 48)
            step_monitor();
        else if (kind < 54)
            step_demonitor();
        else if (kind < 64 && model.has_ties)
            step_tie();
        else if (kind < 69 && model.has_ties)
            step_untie();
        else if (kind < 78)
            step_mate();
        else if (kind < 84)
            step_end_mate();
        else if (kind < 92)
            step_connection();
        else if (kind < 97)
            step_node();
        else
            step_end_supervisor();
        check();
    }
    myc_test_destroy(&lab.bench);
}

static void
test_random_histories_agree_with_the_model(void **state)
{
    const char *histories = getenv("MODEL_HISTORIES");
    const char *seed = getenv("MODEL_SEED");
    const char *is_long = getenv("MYCELIUM_LONG");
    unsigned count = histories                              ? (unsigned)atoi(histories)
                     : is_long && strcmp(is_long, "1") == 0 ? HISTORIES_LONG
                                                            : HISTORIES;
    uint64_t first = seed ? strtoull(seed, NULL, 10) : 1;

    (void)state;
    for (uint64_t i = 0; i < count; i++)
        run_history(first + i);
    printf("# %u histories of %u steps from seed %llu\n", count, STEPS, (unsigned long long)first);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_histories_agree_with_the_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
