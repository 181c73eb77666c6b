/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Supervisors and monitors against a small model of them, over random histories.
 *
 * Three nodes, each with a supervisor of up to five children and a probe that watches children
 * anywhere. A step fails, stops or kills a child or a supervisor, cuts or heals a link, crashes or
 * restarts a node, monitors or demonitors; then all settles, in a random schedule with random
 * delays. The model says who must live now, how often each child has begun, and which Down events
 * have come with which reason; after each step the bench must say the same.
 *
 * MODEL_HISTORIES=N and MODEL_SEED=S choose what is run; a failure prints the seed, which is all
 * that is needed to run it again. MYCELIUM_LONG=1 runs 10 000.
 */
#include "semantics.h"
#include "supervision_model.h"

#include <stdio.h>
#include <stdlib.h>

#include <mycelium/supervisor.h>

#define STEPS          30U
#define HISTORIES      200U
#define HISTORIES_LONG 10000U

/* --- the system under test -------------------------------------------------------------------- */

struct kid_args {
    unsigned node;
    unsigned index;
};

static struct {
    struct myc_test *bench;
    struct myc_test_probe *probes[NODES];
    struct myc_ref supervisors[NODES];
    struct kid_args args[NODES][KIDS_MAX];
    struct myc_spawn_options options[NODES][KIDS_MAX];
    struct myc_child_spec specs[NODES][KIDS_MAX];
    struct myc_ref refs[NODES][KIDS_MAX]; /* of the last life of each kid */
    unsigned starts[NODES][KIDS_MAX];
    int alive[NODES][KIDS_MAX]; /* begun less ended */
    uint64_t seed;
    unsigned step;
} lab;

struct kid_state {
    struct kid_args args;
};

static enum myc_status
kid_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct kid_state *kid = state;

    memcpy(&kid->args, args, args_size);
    lab.refs[kid->args.node][kid->args.index] = myc_self_ref(self);
    lab.starts[kid->args.node][kid->args.index]++;
    return MYC_OK;
}

static enum myc_status
kid_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number = { 0 };

    (void)self, (void)state;
    return conf_number_decode(message, &number) ? (enum myc_status)number.value : MYC_OK;
}

static const struct myc_type *const kid_types[] = { &conf_number_type };

static const struct myc_class kid_class = {
    .size = sizeof(kid_class),
    .name = "kid",
    .state_size = sizeof(struct kid_state),
    .accepts = kid_types,
    .accepts_count = 1,
    .init = kid_init,
    .receive = kid_receive,
};

static uint64_t
draw(uint64_t bound)
{
    return myc_test_random(lab.bench) % bound;
}

static void
populate(unsigned node)
{
    struct node_model *own = &model.nodes[node];
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .strategy = model.strategy,
        .intensity = model.intensity,
        .period_ns = 1000000 * S,
        .children = lab.specs[node],
        .child_count = own->kid_count = 1 + (unsigned)draw(KIDS_MAX),
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };
    static const char *const ids[KIDS_MAX] = { "a", "b", "c", "d", "e" };

    own->is_alive = own->has_supervisor = true;
    own->life++;
    own->restarts = 0;
    memset(lab.starts[node], 0, sizeof(lab.starts[node]));
    for (unsigned i = 0; i < own->kid_count; i++) {
        own->kids[i] = (struct kid_model){ .restart = (enum myc_restart_policy)draw(3),
                                           .exists = true,
                                           .is_alive = true,
                                           .starts = 1 };
        lab.args[node][i] = (struct kid_args){ node, i };
        lab.options[node][i] = (struct myc_spawn_options){ .size = sizeof(options),
                                                           .args = &lab.args[node][i],
                                                           .args_size = sizeof(struct kid_args) };
        lab.specs[node][i] = (struct myc_child_spec){
            .size = sizeof(struct myc_child_spec),
            .id = ids[i],
            .class_of = &kid_class,
            .options = &lab.options[node][i],
            .restart = own->kids[i].restart,
            .flags = model.is_fresh ? MYC_CHILD_FRESH_REF : 0,
        };
    }
    lab.probes[node] = myc_test_add_probe(lab.bench, (uint8_t)node, 0);
    assert_int_equal(myc_test_spawn(lab.bench, (uint8_t)node, 0, &myc_supervisor_class, &options,
                                    &lab.supervisors[node]),
                     MYC_OK);
}

struct act {
    struct myc_ref ref;
    enum myc_status reason;
    uint64_t monitor;
};

static void
do_end(struct myc_self *self, void *context)
{
    const struct act *act = context;

    if (act->reason == MYC_KILLED)
        assert_int_equal(myc_kill(self, act->ref), MYC_OK);
    else
        assert_int_equal(myc_stop(self, act->ref, act->reason), MYC_OK);
}

static void
do_monitor(struct myc_self *self, void *context)
{
    struct act *act = context;

    assert_int_equal(myc_monitor(self, act->ref, &act->monitor), MYC_OK);
}

static void
do_demonitor(struct myc_self *self, void *context)
{
    assert_int_equal(myc_demonitor(self, ((struct act *)context)->monitor), MYC_OK);
}

/* --- steps ------------------------------------------------------------------------------------ */

/* A kid that lives, on a node that does. */
static bool
pick_kid(unsigned *node, unsigned *kid)
{
    *node = (unsigned)draw(NODES);
    if (!model.nodes[*node].is_alive || !model.nodes[*node].has_supervisor)
        return false;
    *kid = (unsigned)draw(model.nodes[*node].kid_count);
    return model.nodes[*node].kids[*kid].is_alive;
}

static void
step_end_kid(void)
{
    static const enum myc_status reasons[] = { MYC_FAILED, MYC_REFUSED, MYC_NORMAL, MYC_SHUTDOWN,
                                               MYC_KILLED };
    struct act act = { .reason = reasons[draw(5)] };
    unsigned node, kid;

    if (!pick_kid(&node, &kid))
        return;
    act.ref = lab.refs[node][kid];
    if (act.reason == MYC_FAILED || act.reason == MYC_REFUSED)
        assert_int_equal(semantics_send(lab.probes[node], act.ref, act.reason), MYC_OK);
    else
        myc_test_act(lab.probes[node], do_end, &act);
    model_exit(node, kid, act.reason);
}

static void
step_end_supervisor(void)
{
    unsigned node = (unsigned)draw(NODES);
    struct act act = { lab.supervisors[node], draw(2) ? MYC_KILLED : MYC_SHUTDOWN, 0 };

    if (!model.nodes[node].is_alive || !model.nodes[node].has_supervisor)
        return;
    myc_test_act(lab.probes[node], do_end, &act);
    model_end_supervisor(node);
}

static void
step_link(void)
{
    unsigned i = (unsigned)draw(NODES), j = (unsigned)draw(NODES);

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
    unsigned node = (unsigned)draw(NODES);

    if (!model.nodes[node].is_alive) {
        myc_test_restart(lab.bench, (uint8_t)node);
        populate(node);
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
    model.nodes[node].is_alive = false;
    myc_test_crash(lab.bench, (uint8_t)node);
}

static void
step_monitor(void)
{
    unsigned by = (unsigned)draw(NODES), node = (unsigned)draw(NODES);
    struct watch_model *watch = NULL;
    struct act act = { .reason = MYC_OK };
    unsigned kid;

    for (unsigned i = 0; i < WATCHES_MAX && !watch; i++)
        if (!model.watches[i].is_open)
            watch = &model.watches[i];
    if (!watch || !model.nodes[by].is_alive || model.nodes[node].life == 0)
        return;
    kid = (unsigned)draw(model.nodes[node].kid_count);
    act.ref = lab.refs[node][kid];
    myc_test_act(lab.probes[by], do_monitor, &act);
    *watch = (struct watch_model){
        .is_open = true,
        .by = by,
        .by_life = model.nodes[by].life,
        .node = node,
        .node_life = model.nodes[node].life,
        .kid = kid,
        .life = model.nodes[node].kids[kid].life,
        .monitor = act.monitor,
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
    struct watch_model *watch = &model.watches[draw(WATCHES_MAX)];
    struct act act = { .monitor = watch->monitor };

    if (!watch->is_open)
        return;
    myc_test_act(lab.probes[watch->by], do_demonitor, &act);
    watch->is_open = false;
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

static void
check(void)
{
    myc_test_settle(lab.bench);
    for (unsigned node = 0; node < NODES; node++) {
        const struct node_model *own = &model.nodes[node];
        uint32_t alive = 2 + own->has_supervisor; /* registry, probe */

        if (!own->is_alive)
            continue;
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
    model.strategy = (enum myc_supervisor_strategy)draw(3);
    model.is_fresh = draw(2);
    model.intensity = 1 + (unsigned)draw(6);
    for (unsigned i = 0; i < NODES; i++)
        populate(i);
    check();
    for (lab.step = 0; lab.step < STEPS; lab.step++) {
        uint64_t kind = draw(100);

        if (kind < 35)
            step_end_kid();
        else if (kind < 75)
            step_monitor();
        else if (kind < 82)
            step_demonitor();
        else if (kind < 92)
            step_link();
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
