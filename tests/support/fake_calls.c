/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions of the public API, acting on the fake world. */
#include "support/fake_world.h"

#include <assert.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/node.h>

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
    const struct myc_undelivered notice = { .ref = fake_ref_of(to),
                                            .status = MYC_FULL,
                                            .template_id = type->template_id,
                                            .schema_id = type->schema_id };
    struct actor *sender = &fabric.actors[from];
    uint8_t body[MYC_UNDELIVERED_SIZE];
    struct letter *letter;

    myc_undelivered_encode(&notice, body);
    letter = fake_post_event(from, &myc_undelivered_type, body, tag);
    letter->ends_bounce = !sender->is_bouncing[to];
    letter->message.from = fake_ref_of(to);
    sender->is_bouncing[to] = true;
    sender->is_writable_awaited[to] = true;
}

enum myc_status
myc_send_with(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
              const void *body, uint32_t size, const struct myc_send_options *options)
{
    uint32_t target = fake_index_of(to);
    struct actor *receiver = &fabric.actors[target];
    uint64_t tag = options != NULL ? options->tag : 0;
    struct letter *letter;

    if (!receiver->is_alive)
        return MYC_GONE;
    assert(is_accepted(receiver->class_of, type));
    assert(type->verify(body, size, type->block_length, type->version));
    if (receiver->tail - receiver->head >= MAILBOX_MAX || fake_happens(fabric.faults.full)) {
        fabric.actors[self->index].is_writable_awaited[target] = true;
        return MYC_FULL;
    }
    if (fabric.actors[self->index].is_bouncing[target] || fake_happens(fabric.faults.undelivered)) {
        bounce(self->index, target, type, tag);
        return MYC_OK;
    }
    letter = fake_post(target, type, body, size);
    letter->message.kind = MYC_KIND_SEND;
    letter->message.from = fake_ref_of(self->index);
    letter->message.tag = tag;
    /* As the API says: unless given, the origin is that of the message being handled. */
    letter->message.origin =
        options != NULL && options->origin != 0 ? options->origin : fabric.handled_origin;
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
            fake_post_name(k, self->index, true);
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
            fake_post_name(watch, fabric.names[i].owner, true);
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
        *ref = fake_ref_of(fabric.names[i].owner);
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
    fabric.monitors[i].target = fake_index_of(ref);
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
    if (fabric.frame_tail - fabric.frame_head == FRAMES_MAX ||
        fake_happens(fabric.faults.port_full))
        return MYC_FULL;
    if (fake_happens(fabric.faults.frame_lost))
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
