/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/fake_world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>
#include <mycelium/node.h>
#include <mycelium/port.h>

struct fake_world fabric;

struct myc_ref
fake_ref_of(uint32_t index)
{
    return (struct myc_ref){ .home = 1, .actor = index + 1 };
}

uint32_t
fake_index_of(struct myc_ref ref)
{
    assert(ref.home == 1 && ref.actor >= 1 && ref.actor <= fabric.actor_count);
    return (uint32_t)ref.actor - 1;
}

bool
fake_happens(uint32_t per_million)
{
    uint64_t z = (fabric.random += 0x9e3779b97f4a7c15ULL);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % 1000000 < per_million;
}

struct letter *
fake_post(uint32_t to, const struct myc_type *type, const void *body, uint32_t size)
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

struct letter *
fake_post_event(uint32_t to, const struct myc_type *type, const void *body, uint64_t tag)
{
    struct letter *letter = fake_post(to, type, body, type->block_length);

    letter->message.kind = MYC_KIND_EVENT;
    letter->message.tag = tag;
    return letter;
}

void
fake_post_name(uint32_t watch, uint32_t owner, bool is_held)
{
    struct myc_name_found found = { .ref = fake_ref_of(owner), .status = MYC_OK };
    struct myc_name_lost lost = { .ref = fake_ref_of(owner) };
    uint8_t body[BODY_MAX];

    if (!fabric.actors[fabric.watches[watch].watcher].is_alive)
        return;
    myc_sbe_store_text(found.name, sizeof(found.name), fabric.watches[watch].name);
    memcpy(lost.name, found.name, sizeof(lost.name));
    if (is_held) {
        myc_name_found_encode(&found, body);
        (void)fake_post_event(fabric.watches[watch].watcher, &myc_name_found_type, body,
                              fabric.watches[watch].tag);
    } else {
        myc_name_lost_encode(&lost, body);
        (void)fake_post_event(fabric.watches[watch].watcher, &myc_name_lost_type, body,
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
    struct myc_down down = { .ref = fake_ref_of(index), .reason = MYC_NO_CONNECTION };
    uint8_t body[MYC_DOWN_SIZE];

    end_actor(index);
    for (uint32_t i = 0; i < fabric.monitor_count; i++) {
        if (!fabric.monitors[i].is_active || fabric.monitors[i].target != index ||
            !fabric.actors[fabric.monitors[i].watcher].is_alive)
            continue;
        fabric.monitors[i].is_active = false;
        down.monitor = i + 1;
        myc_down_encode(&down, body);
        (void)fake_post_event(fabric.monitors[i].watcher, &myc_down_type, body, 0);
    }
    for (uint32_t i = 0; i < fabric.name_count; i++) {
        if (!fabric.names[i].is_held || fabric.names[i].owner != index)
            continue;
        fabric.names[i].is_held = false;
        for (uint32_t k = 0; k < fabric.watch_count; k++) {
            if (strcmp(fabric.watches[k].name, fabric.names[i].name) == 0)
                fake_post_name(k, index, false);
        }
    }
}

static void
tell_writable(uint32_t index)
{
    struct myc_writable writable = { .ref = fake_ref_of(index) };
    uint8_t body[MYC_WRITABLE_SIZE];

    for (uint32_t i = 0; i < fabric.actor_count; i++) {
        if (!fabric.actors[i].is_alive || !fabric.actors[i].is_writable_awaited[index])
            continue;
        fabric.actors[i].is_writable_awaited[index] = false;
        myc_writable_encode(&writable, body);
        (void)fake_post_event(i, &myc_writable_type, body, 0);
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
        fabric.handled_origin = letter.message.origin;
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
        const struct myc_frame borrowed = { frame->bytes, frame->size, frame->rx_ns,
                                            myc_origin_make(frame->rx_ns, 0) };

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
    (void)fake_post_event(index, &myc_timer_fired_type, body, actor->timer_tag);
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
