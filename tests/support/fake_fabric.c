/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/fake_fabric.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>
#include <mycelium/node.h>
#include <mycelium/port.h>

#define ACTORS_MAX    16U
#define MAILBOX_SLOTS 4096U /* messages of a mailbox and events, which are never refused */
#define MAILBOX_MAX   1024U /* where FULL begins */
#define BODY_MAX      256U
#define NAMES_MAX     32U
#define MONITORS_MAX  64U
#define FRAMES_MAX    512U
#define FRAME_SIZE    2048U
#define BATCH         64U /* messages handled by an actor in a turn */

struct letter {
    struct myc_message message;
    uint8_t body[BODY_MAX];
    bool ends_bounce; /* the first notice of a bounce: taken when it is handled */
};

struct actor {
    const struct myc_class *class_of;
    void *state;
    struct letter *mailbox; /* MAILBOX_SLOTS of them */
    uint64_t head;
    uint64_t tail;
    uint64_t timer_period_ns;
    uint64_t timer_due_ns;
    uint64_t timer_tag;
    myc_poller_fn poll;
    myc_frame_fn on_frame;
    bool is_alive;
    bool is_bouncing[ACTORS_MAX];         /* what this one sends to another */
    bool is_writable_awaited[ACTORS_MAX]; /* by this one, of another */
};

struct frame {
    uint32_t size;
    uint64_t rx_ns;
    uint8_t bytes[FRAME_SIZE];
};

struct myc_self {
    uint32_t index;
};

static struct {
    struct fake_faults faults;
    struct actor actors[ACTORS_MAX];
    uint32_t actor_count;
    struct {
        char name[MYC_NAME_SIZE_MAX + 1];
        uint32_t owner;
        bool is_held;
    } names[NAMES_MAX];
    uint32_t name_count;
    struct {
        char name[MYC_NAME_SIZE_MAX + 1];
        uint32_t watcher;
        uint64_t tag;
    } watches[NAMES_MAX];
    uint32_t watch_count;
    struct {
        uint32_t watcher;
        uint32_t target;
        bool is_active;
    } monitors[MONITORS_MAX];
    uint32_t monitor_count;
    struct frame frames[FRAMES_MAX];
    uint64_t frame_head;
    uint64_t frame_tail;
    uint64_t now_ns;
    uint64_t random;
    uint64_t handled_origin_ns;
} fabric;

static struct myc_ref
ref_of(uint32_t index)
{
    return (struct myc_ref){ .home = 1, .actor = index + 1 };
}

static uint32_t
index_of(struct myc_ref ref)
{
    assert(ref.home == 1 && ref.actor >= 1 && ref.actor <= fabric.actor_count);
    return (uint32_t)ref.actor - 1;
}

static bool
happens(uint32_t per_million)
{
    uint64_t z = (fabric.random += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % 1000000 < per_million;
}

static struct letter *
post(uint32_t to, const struct myc_type *type, const void *body, uint32_t size)
{
    struct actor *actor = &fabric.actors[to];
    struct letter *letter = &actor->mailbox[actor->tail % MAILBOX_SLOTS];

    assert(actor->tail - actor->head < MAILBOX_SLOTS && size <= BODY_MAX);
    actor->tail++;
    memset(letter, 0, sizeof(*letter));
    memcpy(letter->body, body, size);
    letter->message = (struct myc_message){
        .body = letter->body,
        .size = size,
        .block_length = type->block_length,
        .template_id = type->template_id,
        .schema_id = type->schema_id,
        .version = type->version,
    };
    return letter;
}

static struct letter *
post_event(uint32_t to, const struct myc_type *type, const void *body, uint64_t tag)
{
    struct letter *letter = post(to, type, body, type->block_length);

    letter->message.kind = MYC_KIND_EVENT;
    letter->message.tag = tag;
    return letter;
}

static void
post_name(uint32_t watch, uint32_t owner, bool is_held)
{
    struct myc_name_found found = { .ref = ref_of(owner), .status = MYC_OK };
    struct myc_name_lost lost = { .ref = ref_of(owner) };
    uint8_t body[BODY_MAX];

    if (!fabric.actors[fabric.watches[watch].watcher].is_alive)
        return;
    myc_sbe_store_text(found.name, sizeof(found.name), fabric.watches[watch].name);
    memcpy(lost.name, found.name, sizeof(lost.name));
    if (is_held) {
        myc_name_found_encode(&found, body);
        (void)post_event(fabric.watches[watch].watcher, &myc_name_found_type, body,
                         fabric.watches[watch].tag);
    } else {
        myc_name_lost_encode(&lost, body);
        (void)post_event(fabric.watches[watch].watcher, &myc_name_lost_type, body,
                         fabric.watches[watch].tag);
    }
}

void
fake_fabric_init(const struct fake_faults *faults)
{
    memset(&fabric, 0, sizeof(fabric));
    fabric.faults = *faults;
    fabric.random = faults->seed;
    fabric.now_ns = 1000000000;
}

static void
end_actor(uint32_t index)
{
    struct actor *actor = &fabric.actors[index];
    struct myc_self self = { index };

    if (!actor->is_alive)
        return;
    /* A killed process gives its memory back without stop; here stop is the one that frees. */
    if (actor->class_of->stop != NULL)
        actor->class_of->stop(&self, actor->state, MYC_KILLED);
    actor->is_alive = false;
    free(actor->state);
    free(actor->mailbox);
}

void
fake_fabric_fini(void)
{
    for (uint32_t i = 0; i < fabric.actor_count; i++)
        end_actor(i);
}

enum myc_status
fake_fabric_try_spawn(const struct myc_class *class_of, const void *args, size_t args_size)
{
    uint32_t index = fabric.actor_count++;
    struct actor *actor = &fabric.actors[index];
    struct myc_self self = { index };
    enum myc_status status;

    assert(index < ACTORS_MAX && class_of->state_size <= MYC_STATE_SIZE_MAX &&
           args_size <= MYC_ARGS_SIZE_MAX);
    actor->class_of = class_of;
    actor->state = calloc(1, class_of->state_size);
    actor->mailbox = calloc(MAILBOX_SLOTS, sizeof(struct letter));
    assert(actor->state != NULL && actor->mailbox != NULL);
    actor->is_alive = true;
    status = class_of->init(&self, actor->state, args, args_size);
    if (status != MYC_OK) {
        actor->is_alive = false;
        free(actor->state);
        free(actor->mailbox);
    }
    return status;
}

uint32_t
fake_fabric_spawn(const struct myc_class *class_of, const void *args, size_t args_size)
{
    enum myc_status status = fake_fabric_try_spawn(class_of, args, args_size);

    assert(status == MYC_OK);
    (void)status;
    return fabric.actor_count - 1;
}

void
fake_fabric_kill(uint32_t index)
{
    struct myc_down down = { .ref = ref_of(index), .reason = MYC_NO_CONNECTION };
    uint8_t body[MYC_DOWN_SIZE];

    end_actor(index);
    for (uint32_t i = 0; i < fabric.monitor_count; i++) {
        if (!fabric.monitors[i].is_active || fabric.monitors[i].target != index ||
            !fabric.actors[fabric.monitors[i].watcher].is_alive)
            continue;
        fabric.monitors[i].is_active = false;
        down.monitor = i + 1;
        myc_down_encode(&down, body);
        (void)post_event(fabric.monitors[i].watcher, &myc_down_type, body, 0);
    }
    for (uint32_t i = 0; i < fabric.name_count; i++) {
        if (!fabric.names[i].is_held || fabric.names[i].owner != index)
            continue;
        fabric.names[i].is_held = false;
        for (uint32_t k = 0; k < fabric.watch_count; k++) {
            if (strcmp(fabric.watches[k].name, fabric.names[i].name) == 0)
                post_name(k, index, false);
        }
    }
}

static void
tell_writable(uint32_t index)
{
    struct myc_writable writable = { .ref = ref_of(index) };
    uint8_t body[MYC_WRITABLE_SIZE];

    for (uint32_t i = 0; i < fabric.actor_count; i++) {
        if (!fabric.actors[i].is_alive || !fabric.actors[i].is_writable_awaited[index])
            continue;
        fabric.actors[i].is_writable_awaited[index] = false;
        myc_writable_encode(&writable, body);
        (void)post_event(i, &myc_writable_type, body, 0);
    }
}

static uint32_t
run_mailbox(uint32_t index)
{
    struct actor *actor = &fabric.actors[index];
    struct myc_self self = { index };
    uint32_t handled = 0;

    while (handled < BATCH && actor->head < actor->tail) {
        struct letter letter = actor->mailbox[actor->head % MAILBOX_SLOTS];

        letter.message.body = letter.body;
        actor->head++;
        handled++;
        if (letter.ends_bounce)
            actor->is_bouncing[letter.message.from.actor - 1] = false;
        if (letter.message.kind == MYC_KIND_EVENT)
            letter.message.from = (struct myc_ref){ 0 };
        fabric.handled_origin_ns = letter.message.origin_ns;
        enum myc_status status = actor->class_of->receive(&self, actor->state, &letter.message);

        assert(status == MYC_OK);
        (void)status;
    }
    return handled;
}

static uint32_t
run_port(uint32_t index)
{
    struct actor *actor = &fabric.actors[index];
    struct myc_self self = { index };
    uint32_t handled = 0;

    for (; fabric.frame_head < fabric.frame_tail && handled < BATCH; handled++) {
        struct frame *frame = &fabric.frames[fabric.frame_head++ % FRAMES_MAX];
        const struct myc_frame borrowed = { frame->bytes, frame->size, frame->rx_ns };

        actor->on_frame(&self, actor->state, &borrowed);
    }
    return handled;
}

static void
run_timer(uint32_t index)
{
    struct actor *actor = &fabric.actors[index];
    const struct myc_timer_fired fired = { .timer = 1 };
    uint8_t body[MYC_TIMER_FIRED_SIZE];

    if (actor->timer_period_ns == 0 || fabric.now_ns < actor->timer_due_ns)
        return;
    actor->timer_due_ns = fabric.now_ns + actor->timer_period_ns;
    myc_timer_fired_encode(&fired, body);
    (void)post_event(index, &myc_timer_fired_type, body, actor->timer_tag);
}

uint32_t
fake_fabric_turn(uint64_t step_ns)
{
    uint32_t handled = 0;

    fabric.now_ns += step_ns;
    for (uint32_t i = 0; i < fabric.actor_count; i++) {
        struct actor *actor = &fabric.actors[i];
        struct myc_self self = { i };

        if (!actor->is_alive)
            continue;
        run_timer(i);
        if (actor->on_frame != NULL)
            handled += run_port(i);
        handled += run_mailbox(i);
        if (actor->poll != NULL)
            handled += actor->poll(&self, actor->state);
        tell_writable(i);
    }
    return handled;
}

/* ---- the API -------------------------------------------------------------------------------- */

static bool
is_accepted(const struct myc_class *class_of, const struct myc_type *type)
{
    for (uint32_t i = 0; i < class_of->accepts_count; i++) {
        if (class_of->accepts[i]->schema_id == type->schema_id &&
            class_of->accepts[i]->template_id == type->template_id)
            return true;
    }
    return false;
}

/* Returns a message to its sender, as the receiving side of a full mailbox does. */
static void
bounce(uint32_t from, uint32_t to, const struct myc_type *type, uint64_t tag)
{
    const struct myc_undelivered notice = { .ref = ref_of(to),
                                            .status = MYC_FULL,
                                            .template_id = type->template_id,
                                            .schema_id = type->schema_id };
    struct actor *sender = &fabric.actors[from];
    uint8_t body[MYC_UNDELIVERED_SIZE];
    struct letter *letter;

    myc_undelivered_encode(&notice, body);
    letter = post_event(from, &myc_undelivered_type, body, tag);
    letter->ends_bounce = !sender->is_bouncing[to];
    letter->message.from = ref_of(to);
    sender->is_bouncing[to] = true;
    sender->is_writable_awaited[to] = true;
}

enum myc_status
myc_send_with(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
              const void *body, uint32_t size, const struct myc_send_options *options)
{
    uint32_t target = index_of(to);
    struct actor *receiver = &fabric.actors[target];
    uint64_t tag = options != NULL ? options->tag : 0;
    struct letter *letter;

    if (!receiver->is_alive)
        return MYC_GONE;
    assert(is_accepted(receiver->class_of, type));
    assert(type->verify(body, size, type->block_length, type->version));
    if (receiver->tail - receiver->head >= MAILBOX_MAX || happens(fabric.faults.full)) {
        fabric.actors[self->index].is_writable_awaited[target] = true;
        return MYC_FULL;
    }
    if (fabric.actors[self->index].is_bouncing[target] || happens(fabric.faults.undelivered)) {
        bounce(self->index, target, type, tag);
        return MYC_OK;
    }
    letter = post(target, type, body, size);
    letter->message.kind = MYC_KIND_SEND;
    letter->message.from = ref_of(self->index);
    letter->message.tag = tag;
    /* As the API says: unless given, the origin is that of the message being handled. */
    letter->message.origin_ns =
        options != NULL && options->origin_ns != 0 ? options->origin_ns : fabric.handled_origin_ns;
    return MYC_OK;
}

enum myc_status
myc_send(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
         uint32_t size)
{
    return myc_send_with(self, to, type, body, size, NULL);
}

enum myc_status
myc_node_spawn(struct myc_node *node, uint8_t lcore, const struct myc_class *class_of,
               const struct myc_spawn_options *options, struct myc_ref *ref)
{
    assert(node == NULL && lcore == 0 && ref == NULL);
    return fake_fabric_try_spawn(class_of, options->args, options->args_size);
}

enum myc_status
myc_register(struct myc_self *self, const char *name)
{
    uint32_t i = 0;

    while (i < fabric.name_count && strcmp(fabric.names[i].name, name) != 0)
        i++;
    assert(i < NAMES_MAX && strlen(name) <= MYC_NAME_SIZE_MAX);
    if (i < fabric.name_count && fabric.names[i].is_held)
        return MYC_EXISTS;
    if (i == fabric.name_count)
        fabric.name_count++;
    strcpy(fabric.names[i].name, name);
    fabric.names[i].owner = self->index;
    fabric.names[i].is_held = true;
    for (uint32_t k = 0; k < fabric.watch_count; k++) {
        if (strcmp(fabric.watches[k].name, name) == 0)
            post_name(k, self->index, true);
    }
    return MYC_OK;
}

enum myc_status
myc_watch_name(struct myc_self *self, const char *name, uint64_t tag)
{
    uint32_t watch = fabric.watch_count++;

    assert(watch < NAMES_MAX);
    strcpy(fabric.watches[watch].name, name);
    fabric.watches[watch].watcher = self->index;
    fabric.watches[watch].tag = tag;
    for (uint32_t i = 0; i < fabric.name_count; i++) {
        if (fabric.names[i].is_held && strcmp(fabric.names[i].name, name) == 0)
            post_name(watch, fabric.names[i].owner, true);
    }
    return MYC_OK;
}

enum myc_status
myc_lookup(struct myc_self *self, const char *name, struct myc_ref *ref)
{
    (void)self;
    for (uint32_t i = 0; i < fabric.name_count; i++) {
        if (!fabric.names[i].is_held || strcmp(fabric.names[i].name, name) != 0)
            continue;
        *ref = ref_of(fabric.names[i].owner);
        return MYC_OK;
    }
    return MYC_NOT_FOUND;
}

enum myc_status
myc_monitor(struct myc_self *self, struct myc_ref ref, uint64_t *monitor)
{
    uint32_t i = fabric.monitor_count++;

    assert(i < MONITORS_MAX);
    fabric.monitors[i].watcher = self->index;
    fabric.monitors[i].target = index_of(ref);
    fabric.monitors[i].is_active = true;
    *monitor = i + 1;
    return MYC_OK;
}

enum myc_status
myc_demonitor(struct myc_self *self, uint64_t monitor)
{
    (void)self;
    assert(monitor >= 1 && monitor <= fabric.monitor_count);
    fabric.monitors[monitor - 1].is_active = false;
    return MYC_OK;
}

enum myc_status
myc_timer_start(struct myc_self *self, uint64_t delay_ns, uint64_t period_ns, uint64_t tag,
                uint64_t *timer)
{
    struct actor *actor = &fabric.actors[self->index];

    assert(actor->timer_period_ns == 0 && period_ns > 0 && timer == NULL);
    actor->timer_period_ns = period_ns;
    actor->timer_due_ns = fabric.now_ns + delay_ns;
    actor->timer_tag = tag;
    return MYC_OK;
}

enum myc_status
myc_poller_start(struct myc_self *self, myc_poller_fn poll, uint64_t period_ns, uint64_t *poller)
{
    assert(fabric.actors[self->index].poll == NULL && period_ns == 0 && poller == NULL);
    fabric.actors[self->index].poll = poll;
    return MYC_OK;
}

enum myc_status
myc_port_listen(struct myc_self *self, const char *port, uint16_t udp_port, myc_frame_fn on_frame)
{
    assert(udp_port != 0);
    if (strcmp(port, "feed") != 0)
        return MYC_NOT_FOUND;
    fabric.actors[self->index].on_frame = on_frame;
    return MYC_OK;
}

enum myc_status
myc_port_transmit(struct myc_self *self, const char *port, const void *bytes, uint32_t size)
{
    struct frame *frame = &fabric.frames[fabric.frame_tail % FRAMES_MAX];

    (void)self;
    assert(strcmp(port, "feed") == 0 && size <= FRAME_SIZE);
    if (fabric.frame_tail - fabric.frame_head == FRAMES_MAX || happens(fabric.faults.port_full))
        return MYC_FULL;
    if (happens(fabric.faults.frame_lost))
        return MYC_OK;
    frame->size = size;
    frame->rx_ns = fabric.now_ns;
    memcpy(frame->bytes, bytes, size);
    fabric.frame_tail++;
    return MYC_OK;
}

uint64_t
myc_now_ns(const struct myc_self *self)
{
    (void)self;
    return fabric.now_ns;
}

uint64_t
myc_clock_ns(const struct myc_self *self)
{
    (void)self;
    return fabric.now_ns;
}
