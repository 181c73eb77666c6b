/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/probe.h"

#include <string.h>

#include "base/assert.h"

#include <mycelium/messages.h>

static bool
number_verify(const void *body, uint32_t size, uint16_t block_length, uint16_t version)
{
    uint64_t value;

    (void)version;
    if (block_length < sizeof(value) || size < block_length)
        return false;
    memcpy(&value, body, sizeof(value));
    return value != UINT64_MAX; /* the one that tests call malformed */
}

const struct myc_type probe_number_type = {
    .name = "Number",
    .schema_id = 900,
    .template_id = 1,
    .block_length = 8,
    .verify = number_verify,
};

const struct myc_type probe_stranger_type = {
    .name = "Stranger",
    .schema_id = 900,
    .template_id = 2,
    .block_length = 8,
    .verify = number_verify,
};

struct probe_state {
    struct probe *probe;
};

static enum myc_status
probe_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct probe_state *own = state;

    FAB_ASSERT(args_size == sizeof(own->probe) && own->probe == NULL);
    memcpy(&own->probe, args, sizeof(own->probe));
    own->probe->init_count++;
    own->probe->ref = myc_self_ref(self);
    return own->probe->init_answer;
}

/* Fills in what an event says. */
static void
read_event(const struct myc_message *message, struct probe_note *note)
{
    struct myc_undelivered undelivered;
    struct myc_writable writable;
    struct myc_child_exited exited;
    struct myc_spawned spawned;
    struct myc_ask_failed failed;
    struct myc_name_found found;
    struct myc_name_lost lost;
    struct myc_node_up up;
    struct myc_node_down node_down;
    struct myc_down down;

    if (myc_undelivered_decode(message, &undelivered)) {
        note->ref = undelivered.ref;
        note->status = undelivered.status;
    } else if (myc_writable_decode(message, &writable)) {
        note->ref = writable.ref;
    } else if (myc_child_exited_decode(message, &exited)) {
        note->ref = exited.ref;
        note->status = exited.reason;
    } else if (myc_spawned_decode(message, &spawned)) {
        note->ref = spawned.ref;
        note->status = spawned.status;
    } else if (myc_down_decode(message, &down)) {
        note->ref = down.ref;
        note->status = down.reason;
        note->value = down.monitor;
    } else if (myc_ask_failed_decode(message, &failed)) {
        note->ref = failed.ref;
        note->status = failed.status;
        note->value = failed.ask;
    } else if (myc_name_found_decode(message, &found)) {
        note->ref = found.ref;
        note->status = found.status;
    } else if (myc_name_lost_decode(message, &lost)) {
        note->ref = lost.ref;
    } else if (myc_node_up_decode(message, &up)) {
        note->value = up.home;
    } else if (myc_node_down_decode(message, &node_down)) {
        note->value = node_down.home;
        note->status = node_down.reason;
    }
}

static enum myc_status
probe_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct probe *probe = ((struct probe_state *)state)->probe;
    struct probe_note *note = &probe->notes[probe->is_silent ? 0 : probe->count];
    enum myc_status answer = probe->answer;

    FAB_ASSERT(probe->is_silent || probe->count < PROBE_NOTES_MAX);
    probe->count++;
    *note = (struct probe_note){
        .kind = message->kind,
        .key = myc_message_key(message),
        .tag = message->tag,
        .ref = message->from,
        .origin = message->origin,
    };
    if (message->kind == MYC_KIND_EVENT)
        read_event(message, note);
    else if (message->size >= sizeof(note->value))
        memcpy(&note->value, message->body, sizeof(note->value));
    if (probe->on_message)
        probe->on_message(self, probe, message);
    if (message->kind != MYC_KIND_EVENT)
        probe->answer = MYC_OK;
    return message->kind == MYC_KIND_EVENT ? MYC_OK : answer;
}

static void
probe_on_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    struct probe *probe = ((struct probe_state *)state)->probe;

    (void)self;
    probe->stop_count++;
    probe->stop_reason = reason;
}

static const struct myc_type *const accepted[] = { &probe_number_type };

const struct myc_class probe_class = {
    .size = sizeof(probe_class),
    .name = "probe",
    .state_size = sizeof(struct probe_state),
    .accepts = accepted,
    .accepts_count = 1,
    .init = probe_init,
    .receive = probe_receive,
    .stop = probe_on_stop,
};

const struct myc_class probe_open_class = {
    .size = sizeof(probe_open_class),
    .name = "open_probe",
    .state_size = sizeof(struct probe_state),
    .flags = MYC_CLASS_ACCEPTS_ANY,
    .init = probe_init,
    .receive = probe_receive,
    .stop = probe_on_stop,
};

static struct myc_spawn_options
options_of(struct probe *const *probe, const struct myc_spawn_options *options)
{
    struct myc_spawn_options own = { .size = sizeof(own) };

    if (options)
        own = *options;
    own.size = sizeof(own);
    own.args = probe;
    own.args_size = sizeof(*probe);
    return own;
}

enum myc_status
probe_spawn(struct probe *probe, struct fab_core *core, const struct myc_spawn_options *options)
{
    struct myc_spawn_options own = options_of(&probe, options);

    probe->core = core;
    return fab_core_spawn(core, &probe_class, &own, NULL);
}

/* --- acting in a probe's name ----------------------------------------------------------------- */

struct act {
    void (*act)(struct myc_self *self, void *context);
    void *context;
};

static void
on_act(struct myc_self *self, void *state, const struct myc_frame *frame)
{
    const struct act *act = frame->bytes;

    (void)state;
    act->act(self, act->context);
}

void
probe_do(struct probe *probe, void (*act)(struct myc_self *self, void *context), void *context)
{
    struct act todo = { act, context };
    struct myc_frame frame = { .bytes = &todo, .size = sizeof(todo) };

    FAB_ASSERT(fab_core_frame(probe->core, probe->ref, on_act, &frame));
}

struct child_act {
    struct probe *probe;
    const struct myc_spawn_options *options;
    enum myc_status status;
};

static void
do_spawn_child(struct myc_self *self, void *context)
{
    struct child_act *act = context;
    struct myc_spawn_options own = options_of(&act->probe, act->options);
    struct myc_ref ref;

    act->status = myc_spawn(self, &probe_class, &own, &ref);
}

enum myc_status
probe_spawn_child(struct probe *probe, struct probe *parent,
                  const struct myc_spawn_options *options)
{
    struct child_act act = { probe, options, MYC_OK };

    probe->core = parent->core;
    probe_do(parent, do_spawn_child, &act);
    return act.status;
}

enum myc_status
probe_send_from(struct myc_self *self, struct myc_ref to, uint64_t value)
{
    return myc_send(self, to, &probe_number_type, &value, sizeof(value));
}

struct send_act {
    struct myc_ref to;
    const struct myc_type *type;
    uint64_t value;
    const struct myc_send_options *options;
    enum myc_status status;
};

static void
do_send(struct myc_self *self, void *context)
{
    struct send_act *act = context;

    act->status =
        myc_send_with(self, act->to, act->type, &act->value, sizeof(act->value), act->options);
}

enum myc_status
probe_send_with(struct probe *from, struct myc_ref to, uint64_t value,
                const struct myc_send_options *options)
{
    struct send_act act = { to, &probe_number_type, value, options, MYC_OK };

    probe_do(from, do_send, &act);
    return act.status;
}

enum myc_status
probe_send(struct probe *from, struct myc_ref to, uint64_t value)
{
    struct myc_send_options options = { .size = sizeof(options), .tag = value };

    return probe_send_with(from, to, value, &options);
}

enum myc_status
probe_send_stranger(struct probe *from, struct myc_ref to)
{
    struct send_act act = { to, &probe_stranger_type, 0, NULL, MYC_OK };

    probe_do(from, do_send, &act);
    return act.status;
}

struct end_act {
    struct myc_ref ref;
    enum myc_status reason;
    enum myc_status status;
};

static void
do_stop(struct myc_self *self, void *context)
{
    struct end_act *act = context;

    act->status = act->reason == MYC_KILLED ? myc_kill(self, act->ref)
                                            : myc_stop(self, act->ref, act->reason);
}

static void
do_restart(struct myc_self *self, void *context)
{
    struct end_act *act = context;

    act->status = myc_restart(self, act->ref);
}

static void
do_release(struct myc_self *self, void *context)
{
    struct end_act *act = context;

    act->status = myc_release(self, act->ref);
}

static enum myc_status
act_on(struct probe *by, struct myc_ref ref, enum myc_status reason,
       void (*act)(struct myc_self *self, void *context))
{
    struct end_act todo = { ref, reason, MYC_OK };

    probe_do(by, act, &todo);
    return todo.status;
}

enum myc_status
probe_stop(struct probe *by, struct myc_ref ref, enum myc_status reason)
{
    return act_on(by, ref, reason, do_stop);
}

enum myc_status
probe_kill(struct probe *by, struct myc_ref ref)
{
    return act_on(by, ref, MYC_KILLED, do_stop);
}

enum myc_status
probe_restart(struct probe *by, struct myc_ref ref)
{
    return act_on(by, ref, MYC_OK, do_restart);
}

enum myc_status
probe_release(struct probe *by, struct myc_ref ref)
{
    return act_on(by, ref, MYC_OK, do_release);
}

unsigned
probe_count(const struct probe *probe, uint32_t key)
{
    unsigned count = 0;

    for (unsigned i = 0; i < probe->count; i++)
        count += probe->notes[i].key == key;
    return count;
}

const struct probe_note *
probe_last(const struct probe *probe, uint32_t key)
{
    for (unsigned i = probe->count; i-- > 0;)
        if (probe->notes[i].key == key)
            return &probe->notes[i];
    return NULL;
}
