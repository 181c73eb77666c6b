/* SPDX-License-Identifier: BSD-3-Clause */
#include "supervision_lab.h"

#include <mycelium/supervisor.h>

struct supervision_lab lab;

uint64_t
lab_draw(uint64_t bound)
{
    return myc_test_random(lab.bench) % bound;
}

/* --- kids ------------------------------------------------------------------------------------- */

#define LINK   0U /* the value of a report that tells a kid to link, and to unlink */
#define UNLINK 1U

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
    struct conf_report report;

    (void)state;
    if (!conf_report_decode(message, &report))
        return conf_number_decode(message, &number) ? (enum myc_status)number.value : MYC_OK;
    if (report.value == LINK)
        assert_int_equal(myc_link(self, report.ref), MYC_OK);
    else
        assert_int_equal(myc_unlink(self, report.ref), MYC_OK);
    return MYC_OK;
}

static const struct myc_type *const kid_types[] = { &conf_number_type, &conf_report_type };

static const struct myc_class kid_class = {
    .size = sizeof(kid_class),
    .name = "kid",
    .state_size = sizeof(struct kid_state),
    .accepts = kid_types,
    .accepts_count = 2,
    .init = kid_init,
    .receive = kid_receive,
};

static void
tell(unsigned node, unsigned kid, struct myc_ref other, uint64_t what)
{
    const struct conf_report report = { .ref = other, .value = what, .what = CONF_WHAT_SENT };
    uint8_t body[CONF_REPORT_SIZE];

    conf_report_encode(&report, body);
    assert_int_equal(
        myc_test_send(lab.probes[node], lab.refs[node][kid], &conf_report_type, body, sizeof(body)),
        MYC_OK);
}

void
lab_tell_to_link(unsigned node, unsigned kid, struct myc_ref other)
{
    tell(node, kid, other, LINK);
}

void
lab_tell_to_unlink(unsigned node, unsigned kid, struct myc_ref other)
{
    tell(node, kid, other, UNLINK);
}

void
lab_populate(unsigned node)
{
    struct node_model *own = &model.nodes[node];
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .strategy = model.strategy,
        .intensity = model.intensity,
        .period_ns = 1000000 * S,
        .children = lab.specs[node],
        .child_count = own->kid_count = 1 + (unsigned)lab_draw(KIDS_MAX),
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
        own->kids[i] = (struct kid_model){ .restart = (enum myc_restart_policy)lab_draw(3),
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

/* --- mates ------------------------------------------------------------------------------------ */

struct mate_args {
    struct myc_ref kid;
    unsigned index;
};

struct mate_state {
    unsigned index;
};

static enum myc_status
mate_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct mate_state *mate = state;
    struct mate_args own;

    memcpy(&own, args, args_size);
    mate->index = own.index;
    return myc_link(self, own.kid);
}

static void
mate_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    const struct mate_state *mate = state;

    (void)self;
    lab.mates[mate->index].reason = reason;
}

static const struct myc_class mate_class = {
    .size = sizeof(mate_class),
    .name = "mate",
    .state_size = sizeof(struct mate_state),
    .init = mate_init,
    .stop = mate_stop,
};

void
lab_spawn_mate(unsigned index, unsigned node, struct myc_ref kid)
{
    const struct mate_args args = { kid, index };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &args,
        .args_size = sizeof(args),
    };

    lab.mates[index] = (struct mate_lab){ .reason = MYC_OK };
    assert_int_equal(
        myc_test_spawn(lab.bench, (uint8_t)node, 0, &mate_class, &options, &lab.mates[index].ref),
        MYC_OK);
}

/* --- what probes do --------------------------------------------------------------------------- */

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

void
lab_end(unsigned by, struct myc_ref ref, enum myc_status reason)
{
    struct act act = { .ref = ref, .reason = reason };

    myc_test_act(lab.probes[by], do_end, &act);
}

uint64_t
lab_monitor(unsigned by, struct myc_ref ref)
{
    struct act act = { .ref = ref };

    myc_test_act(lab.probes[by], do_monitor, &act);
    return act.monitor;
}

void
lab_demonitor(unsigned by, uint64_t monitor)
{
    struct act act = { .monitor = monitor };

    myc_test_act(lab.probes[by], do_demonitor, &act);
}
