/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The node's own numbers are read from here as they are; what belongs to a lcore (its links, its
 * names, its mailboxes) is collected by a command that runs there, because only its owner may walk
 * it.
 */
#include "node/inspect.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "actor/inspect.h"
#include "env/clock.h"
#include "link/flow_port.h"
#include "node/control/control.h"
#include "node/full.h"

static json_t *
home_json(uint64_t home)
{
    char text[32];

    snprintf(text, sizeof(text), "%u.%012" PRIx64, (unsigned)(home >> 48),
             home & UINT64_C(0xffffffffffff));
    return json_string(text);
}

static const char *
level_name(enum fab_level level)
{
    static const char *const names[] = { "?", "ring", "segment", "flow" };

    return level <= FAB_LEVEL_FLOW ? names[level] : names[0];
}

/* Over two ports: by which of them the peer is heard. */
static void
set_ways(json_t *object, const struct fab_link *link)
{
    struct fab_flow_way ways[FAB_FLOW_WAYS_MAX];
    unsigned count = link->level == FAB_LEVEL_FLOW ? fab_flow_port_ways(link, ways) : 0;
    json_t *list;

    if (count < 2)
        return;
    list = json_array();
    for (unsigned i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:b}", "port", ways[i].port, "up", (int)ways[i].is_up));
    json_object_set_new(object, "paths", list);
}

/* How the clock at the other end stands to ours, where it is another one. */
static void
set_clock(json_t *object, const struct fab_link *link)
{
    struct fab_link_clock clock;

    if (!link->ops->clock || !link->ops->clock(link, fab_clock_ns(), &clock))
        return;
    json_object_set_new(object, "clock",
                        json_pack("{s:b, s:I, s:I}", "same", (int)clock.is_same, "offset_ns",
                                  (json_int_t)clock.offset_ns, "error_ns",
                                  (json_int_t)clock.error_ns));
}

static void
append_link(void *context, const struct fab_link *link)
{
    json_t *object =
        json_pack("{s:s, s:b, s:o, s:i, s:I, s:I, s:I, s:I}", "level", level_name(link->level),
                  "up", link->is_up, "peer", home_json(link->peer_home), "peer_lcore",
                  (int)link->peer_lcore, "sent", (json_int_t)link->counters.sent, "received",
                  (json_int_t)link->counters.received, "full", (json_int_t)link->counters.full,
                  "bad_records", (json_int_t)link->counters.bad_records);

    set_ways(object, link);
    set_clock(object, link);
    json_array_append_new(context, object);
}

static void
append_name(void *context, const char *name, struct myc_ref ref)
{
    char text[MYC_REF_TEXT_SIZE];

    json_object_set_new(context, name, json_string(myc_ref_format(ref, text)));
}

static void
append_mailbox(void *context, const struct fab_mailbox_view *mailbox)
{
    char text[MYC_REF_TEXT_SIZE];
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:I, s:b}", "class", mailbox->class_name, "ref",
        myc_ref_format(mailbox->ref, text), "waiting", (json_int_t)mailbox->waiting, "waiting_max",
        (json_int_t)mailbox->waiting_max, "high_water", (json_int_t)mailbox->high_water, "age_ns",
        (json_int_t)mailbox->age_ns, "suspended", mailbox->is_suspended);

    json_array_append_new(context, object);
}

struct collection {
    json_t *links;
    json_t *mailboxes;
    json_t *names;
    uint32_t actor_count;
};

static void
run_collect(void *lcore, void *argument)
{
    const struct fab_core *core = ((struct fab_lcore *)lcore)->core;
    struct collection *collection = argument;

    fab_core_each_link(core, append_link, collection->links);
    fab_core_each_name(core, append_name, collection->names);
    fab_core_each_mailbox(core, append_mailbox, collection->mailboxes);
    collection->actor_count = fab_core_actor_count(core);
}

static json_int_t
load(const _Atomic uint64_t *counter)
{
    return (json_int_t)atomic_load_explicit(counter, memory_order_relaxed);
}

/* A lcore that is stuck may still run the command later, so the collection is given up then. */
static struct collection *
collect(struct fab_full *full, uint8_t index, json_t *names)
{
    struct collection *collection = calloc(1, sizeof(*collection));
    enum myc_status status;

    if (!collection)
        return NULL;
    collection->links = json_array();
    collection->names = json_object();
    collection->mailboxes = json_array();
    status = fab_full_call(full, index, run_collect, collection);
    if (status == MYC_OK) {
        json_object_update(names, collection->names);
        return collection;
    }
    if (status != MYC_TIMEOUT)
        free(collection);
    return NULL;
}

static json_t *
lcore_json(struct fab_full *full, uint8_t index, json_t *names)
{
    const struct fab_lcore *lcore = &full->lcores[index];
    struct collection *collection = collect(full, index, names);
    json_t *object = json_pack(
        "{s:i, s:i, s:b, s:I, s:I, s:I, s:I, s:I}", "index", (int)index, "eal_lcore",
        (int)lcore->eal_lcore, "polls", collection != NULL, "turns", load(&lcore->usage.turns),
        "busy_turns", load(&lcore->usage.busy_turns), "busy_ns", load(&lcore->usage.busy_ns),
        "idle_ns", load(&lcore->usage.idle_ns), "gap_ns_max", load(&lcore->usage.gap_ns_max));

    if (!collection)
        return object;
    json_object_set_new(object, "actors", json_integer(collection->actor_count));
    json_object_set_new(object, "links", collection->links);
    json_object_set_new(object, "mailboxes", collection->mailboxes);
    json_decref(collection->names);
    free(collection);
    return object;
}

static void
append_counter(void *context, const char *name, const char *text, uint64_t value)
{
    (void)text;
    json_object_set_new(context, name, json_integer((json_int_t)value));
}

static void
append_peer(void *context, const struct fab_control_peer *peer)
{
    json_array_append_new(context, json_pack("{s:s, s:o, s:i, s:b}", "name", peer->name, "home",
                                             home_json(peer->home), "pid", (int)peer->pid, "client",
                                             peer->is_client));
}

static json_t *
node_json(struct fab_full *full, const struct fab_control *control)
{
    json_t *lcores = json_array(), *names = json_object(), *counters = json_object();
    json_t *attached = json_array();

    for (uint32_t i = 0; i < full->lcore_count; i++)
        json_array_append_new(lcores, lcore_json(full, (uint8_t)i, names));
    myc_node_counter_each(&full->head, append_counter, counters);
    fab_control_each_peer(control, append_peer, attached);
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "node", (int)full->options.node_id, "home",
                     home_json(full->head.home), "lcores", lcores, "attached", attached, "names",
                     names, "counters", counters);
}

char *
fab_inspect(struct fab_full *full, const struct fab_control *control, const char *request)
{
    json_t *node;
    char *text;

    if (strcmp(request, "ls") != 0)
        return NULL;
    node = node_json(full, control);
    text = json_dumps(node, JSON_INDENT(2));
    json_decref(node);
    return text;
}
