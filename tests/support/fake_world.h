/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two halves of the fake fabric share: the world (fake_fabric.c) and the calls of the API
 * that act on it (fake_calls.c). */
#ifndef TESTS_SUPPORT_FAKE_WORLD_H
#define TESTS_SUPPORT_FAKE_WORLD_H

#include <mycelium/name.h>
#include <mycelium/port.h>

#include "support/fake_fabric.h"

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

struct fake_world {
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
    uint64_t handled_origin;
};

/* One world, as there is one public API. */
extern struct fake_world fabric;

struct myc_ref fake_ref_of(uint32_t index);
uint32_t fake_index_of(struct myc_ref ref);

/* Whether a fault of this chance happens now. */
bool fake_happens(uint32_t per_million);

/* Puts a message into an actor's mailbox; the caller fills in the rest of its header. */
struct letter *fake_post(uint32_t to, const struct myc_type *type, const void *body, uint32_t size);
struct letter *fake_post_event(uint32_t to, const struct myc_type *type, const void *body,
                               uint64_t tag);

/* Tells who watches a name that it is held, or that it is not. */
void fake_post_name(uint32_t watch, uint32_t owner, bool is_held);

#endif
