/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that supervise.
 *
 *   warden    has a supervisor with two children; each reports itself (CHILD) whenever it begins
 *   inspector asks a supervisor how many children it has
 *   innkeeper has a host, on which guests can be started by the name of their class
 *   envoy     has a supervisor with one child, a guest on whoever hosts it; each reports itself
 *             (CHILD) whenever it begins
 */
#include "conformance/actor_base.h"

#include <mycelium/lease.h>
#include <mycelium/supervisor.h>

/* An actor of a class of the system's, with its spec, that ends with us. */
static enum myc_status
spawn_linked(struct myc_self *self, const struct myc_class *class_of, const void *spec, size_t size,
             struct myc_ref *ref)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = spec,
        .args_size = size,
        .is_linked = true,
    };

    return myc_spawn(self, class_of, &options, ref);
}

/* --- the children ----------------------------------------------------------------------------- */

static enum myc_status
ward_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status == MYC_OK)
        conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_CHILD, 1, MYC_OK,
                       myc_self_ref(self));
    return status;
}

/* Poison fails it; it reports other numbers. */
static enum myc_status
ward_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_number number;

    if (!conf_number_decode(message, &number))
        return MYC_OK;
    if (number.attempt == UINT32_MAX)
        return MYC_FAILED;
    conf_report_to(self, &((struct base *)state)->plan, CONF_WHAT_NUMBER, number.value, MYC_OK,
                   myc_self_ref(self));
    return MYC_OK;
}

static const struct myc_type *const number_types[] = { &conf_number_type };

static const struct myc_class ward_class = {
    CLASS("ward", struct base),
    TAKES(number_types),
    .init = ward_init,
    .receive = ward_receive,
};

/* --- warden ----------------------------------------------------------------------------------- */

struct warden {
    struct base base; /* option: the supervisor's intensity */
    struct myc_spawn_options options;
    struct myc_child_spec children[2];
};

static enum myc_status
warden_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct warden *warden = state;
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &warden->base.plan;
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .intensity = (uint32_t)plan->option,
        .period_ns = 100 * CONF_TIMEOUT_NS,
        .children = warden->children,
        .child_count = 2,
    };
    struct myc_ref supervisor;

    if (status != MYC_OK)
        return status;
    warden->options = (struct myc_spawn_options){
        .size = sizeof(warden->options),
        .args = plan,
        .args_size = sizeof(*plan),
    };
    for (unsigned i = 0; i < 2; i++)
        warden->children[i] = (struct myc_child_spec){
            .size = sizeof(warden->children[i]),
            .id = i == 0 ? "first" : "second",
            .class_of = &ward_class,
            .options = &warden->options,
        };
    status = spawn_linked(self, &myc_supervisor_class, &spec, sizeof(spec), &supervisor);
    if (status == MYC_OK)
        conf_report_to(self, plan, CONF_WHAT_CHILD, 0, MYC_OK, supervisor);
    return status;
}

static enum myc_status
idle_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)self, (void)state, (void)message;
    return MYC_OK;
}

/* --- inspector -------------------------------------------------------------------------------- */

static enum myc_status
inspector_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    const struct myc_ask_options options = { .size = sizeof(options),
                                             .timeout_ns = CONF_TIMEOUT_NS };
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status != MYC_OK)
        return status;
    return myc_ask(self, ((struct base *)state)->plan.peer, &myc_count_children_type, "", 0,
                   &options, NULL);
}

static enum myc_status
inspector_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;
    struct myc_child_counts counts;
    struct myc_ask_failed failed;

    if (myc_child_counts_decode(message, &counts))
        conf_report_to(self, plan, CONF_WHAT_REPLY, counts.specs * 100 + counts.active, MYC_OK,
                       message->from);
    else if (myc_ask_failed_decode(message, &failed))
        conf_report_to(self, plan, CONF_WHAT_ASK_FAILED, 0, failed.status, failed.ref);
    return MYC_OK;
}

/* --- guests, elsewhere ------------------------------------------------------------------------ */

#define LEASE_NS 1000000000ULL

/* Its only argument is the collector: a host passes on no more than MYC_LEASED_ARGS_MAX bytes. */
static enum myc_status
guest_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct base *base = state;

    if (args_size != sizeof(base->plan.collector))
        return MYC_INVALID;
    memcpy(&base->plan.collector, args, args_size);
    conf_report_to(self, &base->plan, CONF_WHAT_CHILD, 1, MYC_OK, myc_self_ref(self));
    return MYC_OK;
}

static const struct myc_class guest_class = {
    CLASS("guest", struct base),
    TAKES(number_types),
    .init = guest_init,
    .receive = ward_receive,
};

struct innkeeper {
    struct base base; /* name: the group of hosts */
    struct myc_leased_class leased;
    struct myc_host_spec spec;
};

static enum myc_status
innkeeper_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct innkeeper *innkeeper = state;
    enum myc_status status = conf_take_plan(state, args, args_size);
    struct myc_ref host;

    if (status != MYC_OK)
        return status;
    myc_leased_class_init(&innkeeper->leased, &guest_class);
    innkeeper->spec = (struct myc_host_spec){
        .size = sizeof(innkeeper->spec),
        .group = innkeeper->base.plan.name,
        .classes = &innkeeper->leased,
        .class_count = 1,
    };
    return spawn_linked(self, &myc_host_class, &innkeeper->spec, sizeof(innkeeper->spec), &host);
}

struct envoy {
    struct base base; /* name: the group of hosts */
    struct myc_remote_spec remote;
    struct myc_spawn_options options;
    struct myc_child_spec child;
};

static enum myc_status
envoy_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct envoy *envoy = state;
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .intensity = MYC_SUPERVISOR_INTENSITY_MAX,
        .children = &envoy->child,
        .child_count = 1,
    };
    struct myc_ref supervisor;

    if (status != MYC_OK)
        return status;
    envoy->remote = (struct myc_remote_spec){
        .size = sizeof(envoy->remote),
        .group = envoy->base.plan.name,
        .class_name = guest_class.name,
        .args = &envoy->base.plan.collector,
        .args_size = sizeof(envoy->base.plan.collector),
        .lease_ns = LEASE_NS,
    };
    envoy->options = (struct myc_spawn_options){
        .size = sizeof(envoy->options),
        .args = &envoy->remote,
        .args_size = sizeof(envoy->remote),
    };
    envoy->child = (struct myc_child_spec){
        .size = sizeof(envoy->child),
        .id = "guest",
        .class_of = &myc_remote_class,
        .options = &envoy->options,
    };
    return spawn_linked(self, &myc_supervisor_class, &spec, sizeof(spec), &supervisor);
}

/* --- by name ---------------------------------------------------------------------------------- */

const struct myc_class conf_tree_classes[] = {
    { CLASS("warden", struct warden), .init = warden_init, .receive = idle_receive },
    { CLASS("inspector", struct base), .init = inspector_init, .receive = inspector_receive },
    { CLASS("innkeeper", struct innkeeper), .init = innkeeper_init, .receive = idle_receive },
    { CLASS("envoy", struct envoy), .init = envoy_init, .receive = idle_receive },
};
const size_t conf_tree_class_count = sizeof(conf_tree_classes) / sizeof(conf_tree_classes[0]);
