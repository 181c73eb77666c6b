/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/supervisor_lab.h"

#include <limits.h>
#include <stdlib.h>

#include "support/flow_loop.h"

struct supervisor_lab sup;

struct kid_state {
    char id;
};

static void
note(char what, char id)
{
    size_t size = strlen(sup.trace);

    if (size + 3 < sizeof(sup.trace)) {
        sup.trace[size] = what;
        sup.trace[size + 1] = id;
        sup.trace[size + 2] = '\0';
    }
}

struct kid *
kid(char id)
{
    return &sup.kids[id - 'a'];
}

void
kid_fail_inits(char id, enum myc_status status, unsigned count)
{
    kid(id)->init_answer = status;
    kid(id)->failures_left = count;
}

static enum myc_status
kid_init(struct myc_self *self, struct kid_state *state, char id)
{
    struct kid *own = kid(id);

    state->id = id;
    own->starts++;
    if (own->failures_left > 0) {
        own->failures_left -= own->failures_left == UINT_MAX ? 0 : 1;
        return own->init_answer;
    }
    own->ref = myc_self_ref(self);
    note('+', id);
    return MYC_OK;
}

static enum myc_status
kid_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    uint64_t value;

    (void)self;
    if (message->kind == MYC_KIND_EVENT)
        return MYC_OK;
    kid(((struct kid_state *)state)->id)->handled++;
    memcpy(&value, message->body, sizeof(value));
    return (enum myc_status)value;
}

static void
kid_stop(struct myc_self *self, void *state, enum myc_status reason)
{
    (void)self, (void)reason;
    note('-', ((struct kid_state *)state)->id);
}

static const struct myc_type *const accepts[] = { &probe_number_type };

#define KID_CLASS(letter)                                                                      \
    static enum myc_status init_##letter(struct myc_self *self, void *state, const void *args, \
                                         size_t args_size)                                     \
    {                                                                                          \
        (void)args, (void)args_size;                                                           \
        return kid_init(self, state, #letter[0]);                                              \
    }                                                                                          \
    static const struct myc_class class_##letter = {                                           \
        .size = sizeof(struct myc_class),                                                      \
        .name = #letter,                                                                       \
        .state_size = sizeof(struct kid_state),                                                \
        .accepts = accepts,                                                                    \
        .accepts_count = 1,                                                                    \
        .init = init_##letter,                                                                 \
        .receive = kid_receive,                                                                \
        .stop = kid_stop,                                                                      \
    };

KID_CLASS(a)
KID_CLASS(b)
KID_CLASS(c)
KID_CLASS(d)
KID_CLASS(e)
KID_CLASS(f)
KID_CLASS(g)

/* h does not listen when it is asked to stop. */
static enum myc_status
init_h(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)args, (void)args_size;
    return kid_init(self, state, 'h');
}

const struct myc_class deaf_class = {
    .size = sizeof(struct myc_class),
    .name = "h",
    .state_size = sizeof(struct kid_state),
    .accepts = accepts,
    .accepts_count = 1,
    .flags = MYC_CLASS_HANDLES_STOP,
    .init = init_h,
    .receive = kid_receive,
    .stop = kid_stop,
};

const struct myc_class *const kid_classes[KIDS_MAX] = {
    &class_a, &class_b, &class_c, &class_d, &class_e, &class_f, &class_g, &deaf_class,
};

static const char *const ids[KIDS_MAX] = { "a", "b", "c", "d", "e", "f", "g", "h" };

static void
keep_list(const struct myc_message *message)
{
    struct myc_child_list_view view = myc_child_list_view_of(message);
    struct myc_child_list_children_view entry;
    struct myc_child_list_children child;
    struct myc_sbe_iterator entries;
    unsigned count = 0;

    myc_child_list_children_begin(&view, &entries);
    while (myc_child_list_children_next(&entries, &entry) && count < 63) {
        myc_child_list_children_read(&entry, &child);
        sup.listed[count] = child.id[0];
        sup.refs[count] = child.ref;
        sup.stages[count++] = child.stage;
    }
    sup.listed[count] = '\0';
}

static void
on_message(struct myc_self *self, struct probe *probe, const struct myc_message *message)
{
    struct myc_ask_failed failed;

    (void)self, (void)probe;
    if (message->kind == MYC_KIND_REPLY)
        sup.reply_count++;
    if (myc_child_reply_decode(message, &sup.reply) ||
        myc_child_counts_decode(message, &sup.counts))
        return;
    if (myc_child_list_decode(message, &sup.list))
        keep_list(message);
    else if (myc_ask_failed_decode(message, &failed))
        sup.failure = failed.status;
}

/* The boss speaks from here; the supervisor lives there. */
static void
join_there(void)
{
    static const struct flow_loop_wire calm = { .seed = 1, .delay_ns = 5000 };
    static const struct flow_loop_wire lossy = {
        .seed = 7,
        .lose = 100000,
        .duplicate = 100000,
        .delay_ns = 5000,
        .jitter_ns = 20000,
    };
    const char *level = getenv("SUPERVISOR_LEVEL");

    if (level && strcmp(level, "ring") == 0)
        (void)lab_join(&sup.lab, 0, 1, FAB_LEVEL_RING, 0);
    else if (level && strcmp(level, "segment") == 0)
        (void)lab_join(&sup.lab, 0, 1, FAB_LEVEL_SEGMENT, 0);
    else if (level && strcmp(level, "flow") == 0)
        (void)lab_join_flow(&sup.lab, 0, 1, &calm);
    else if (level && strcmp(level, "lossy") == 0)
        (void)lab_join_flow(&sup.lab, 0, 1, &lossy);
    else
        fail_msg("SUPERVISOR_LEVEL is local, ring, segment, flow or lossy");
}

static void
add_cores(void)
{
    const char *level = getenv("SUPERVISOR_LEVEL");
    bool is_local = !level || strcmp(level, "local") == 0;
    bool is_one_node = !is_local && strcmp(level, "ring") == 0;
    struct fab_core_config here = lab_config(LAB_HOME_1, 0, is_one_node ? 2 : 1);
    struct fab_core_config there =
        lab_config(is_one_node ? LAB_HOME_1 : LAB_HOME_2, is_one_node ? 1 : 0, here.lcore_count);

    here.limits.messages_max = there.limits.messages_max = 16384;
    here.limits.actors_max = there.limits.actors_max = 4096;
    here.limits.state_bytes_max = there.limits.state_bytes_max = 8U << 20;
    sup.there = lab_add_core(&sup.lab, &here);
    if (is_local)
        return;
    sup.there = lab_add_core(&sup.lab, &there);
    join_there();
}

unsigned
sup_actors(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < sup.lab.core_count; i++)
        count += fab_core_actor_count(sup.lab.cores[i]);
    return count - 1;
}

void
sup_begin(unsigned count, enum myc_supervisor_strategy strategy, uint32_t flags)
{
    memset(&sup, 0, sizeof(sup));
    lab_init(&sup.lab);
    add_cores();
    sup.boss.on_message = on_message;
    assert_int_equal(probe_spawn(&sup.boss, sup.lab.cores[0], NULL), MYC_OK);
    for (unsigned i = 0; i < KIDS_MAX; i++)
        sup.specs[i] = (struct myc_child_spec){
            .size = sizeof(sup.specs[i]),
            .id = ids[i],
            .class_of = kid_classes[i],
            .flags = flags,
        };
    sup.spec = (struct myc_supervisor_spec){
        .size = sizeof(sup.spec),
        .strategy = strategy,
        .children = sup.specs,
        .child_count = count,
        .classes = kid_classes,
        .class_count = KIDS_MAX,
    };
}

void
sup_end(void)
{
    lab_fini(&sup.lab);
}

void
sup_start(void)
{
    struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &sup.spec,
        .args_size = sizeof(sup.spec),
    };

    sup.began = fab_core_spawn(sup.there, &myc_supervisor_class, &options, &sup.ref);
    lab_settle(&sup.lab);
}

void
sup_advance(uint64_t ns)
{
    uint64_t end_ns = sup.lab.now_ns + ns;

    while (sup.lab.now_ns < end_ns) {
        lab_skip(&sup.lab, end_ns);
        lab_turn(&sup.lab);
    }
}

void
kid_end(char id, enum myc_status reason)
{
    if (reason == MYC_NORMAL || reason == MYC_SHUTDOWN)
        (void)probe_stop(&sup.boss, kid(id)->ref, reason);
    else if (reason == MYC_KILLED)
        (void)probe_kill(&sup.boss, kid(id)->ref);
    else
        (void)probe_send(&sup.boss, kid(id)->ref, reason);
    lab_settle(&sup.lab);
}

static bool
is_alive(struct myc_ref ref)
{
    uint64_t monitor;
    unsigned before = probe_count(&sup.boss, MYC_DOWN_KEY);

    assert_int_equal(probe_monitor(&sup.boss, ref, &monitor), MYC_OK);
    lab_settle(&sup.lab);
    (void)probe_demonitor(&sup.boss, monitor);
    return probe_count(&sup.boss, MYC_DOWN_KEY) == before;
}

bool
kid_is_alive(char id)
{
    return is_alive(kid(id)->ref);
}

bool
sup_is_alive(void)
{
    return is_alive(sup.ref);
}

struct request {
    const struct myc_type *type;
    const void *body;
    uint32_t size;
};

static void
ask(struct myc_self *self, void *context)
{
    const struct request *request = context;
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .timeout_ns = 1000 * S,
        .reply_size_max = 1024,
    };

    sup.failure =
        myc_ask(self, sup.ref, request->type, request->body, request->size, &options, NULL);
}

static void
request(const struct myc_type *type, const void *body, uint32_t size)
{
    struct request own = { type, body, size };

    sup.reply = (struct myc_child_reply){ .status = MYC_STATUS_COUNT };
    probe_do(&sup.boss, ask, &own);
    lab_settle(&sup.lab);
}

void
sup_start_child(char id, enum myc_restart_policy restart, uint32_t flags)
{
    struct myc_start_child start = { .restart = restart, .flags = (uint8_t)flags };
    uint8_t body[MYC_START_CHILD_SIZE];

    start.id[0] = id;
    start.class_name[0] = id;
    myc_start_child_encode(&start, body);
    request(&myc_start_child_type, body, sizeof(body));
}

void
sup_terminate(char id)
{
    struct myc_terminate_child value = { .id = { id } };
    uint8_t body[MYC_TERMINATE_CHILD_SIZE];

    myc_terminate_child_encode(&value, body);
    request(&myc_terminate_child_type, body, sizeof(body));
}

void
sup_terminate_ref(struct myc_ref ref)
{
    struct myc_terminate_child value = { .ref = ref };
    uint8_t body[MYC_TERMINATE_CHILD_SIZE];

    myc_terminate_child_encode(&value, body);
    request(&myc_terminate_child_type, body, sizeof(body));
}

void
sup_restart(char id)
{
    struct myc_restart_child value = { .id = { id } };
    uint8_t body[MYC_RESTART_CHILD_SIZE];

    myc_restart_child_encode(&value, body);
    request(&myc_restart_child_type, body, sizeof(body));
}

void
sup_delete(char id)
{
    struct myc_delete_child value = { .id = { id } };
    uint8_t body[MYC_DELETE_CHILD_SIZE];

    myc_delete_child_encode(&value, body);
    request(&myc_delete_child_type, body, sizeof(body));
}

void
sup_count(void)
{
    request(&myc_count_children_type, "", 0);
}

void
sup_which(void)
{
    uint8_t body[MYC_WHICH_CHILDREN_SIZE] = { 0 };

    request(&myc_which_children_type, body, sizeof(body));
}

void
sup_stop(void)
{
    (void)probe_stop(&sup.boss, sup.ref, MYC_SHUTDOWN);
    lab_settle(&sup.lab);
}

void
assert_counts(unsigned specs, unsigned active, unsigned supervisors, unsigned workers)
{
    sup_count();
    assert_int_equal(sup.counts.specs, specs);
    assert_int_equal(sup.counts.active, active);
    assert_int_equal(sup.counts.supervisors, supervisors);
    assert_int_equal(sup.counts.workers, workers);
}

void
assert_trace(const char *expected)
{
    assert_string_equal(sup.trace, expected);
    sup.trace[0] = '\0';
}
