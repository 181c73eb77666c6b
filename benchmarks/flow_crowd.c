/* SPDX-License-Identifier: BSD-3-Clause */
#include "flow_crowd.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "link/flow_timer.h"
#include "proto/flow.h"
#include "proto/flow_store.h"

#define TURN_NS   1000U
#define BODY_SIZE 32U
#define HOME(i)   ((uint64_t)(1U + (i) % 60000U) << 48 | (i))
#define ALIGN     (2U << 20)

struct member {
    struct fab_flow *flow;
    struct fab_flow_timer timer;
};

struct flow_crowd {
    struct fab_flow_config config;
    struct fab_flow_heap heap;
    struct member *members;
    void *store_memory;
    void *flow_memory;
    size_t size;
    uint32_t count;
    uint32_t next; /* pair */
    uint64_t now_ns;
    uint64_t received;
    uint8_t frame[2048] FAB_ALIGNED_TO_LINE;
};

/* --- what flows tell -------------------------------------------------------------------------- */

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    (void)lane;
    (void)msg;
    ((struct flow_crowd *)context)->received++;
    return true;
}

static void
on_up(void *context, const struct fab_flow_peer *peer)
{
    (void)context;
    (void)peer;
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    (void)context;
    (void)reason;
}

static void
on_in_doubt(void *context, const struct fab_msg *msg)
{
    (void)context;
    (void)msg;
}

static void
on_writable(void *context, enum fab_lane lane)
{
    (void)context;
    (void)lane;
}

static void
on_suspect(void *context, bool is_suspect)
{
    (void)context;
    (void)is_suspect;
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_writable = on_writable,
    .on_suspect = on_suspect,
};

/* --- life ------------------------------------------------------------------------------------- */

/* Where the machine has huge pages to give without a reservation, on these: a node's flows lie in
 * the EAL's. */
static void *
take(struct flow_crowd *crowd, size_t size)
{
    size_t whole = (size + ALIGN - 1) / ALIGN * ALIGN;
    void *memory = aligned_alloc(ALIGN, whole);

    if (memory) {
        (void)madvise(memory, whole, MADV_HUGEPAGE);
        memset(memory, 0, size); /* so that no page fault is measured */
    }
    crowd->size += size;
    return memory;
}

static bool
take_memory(struct flow_crowd *crowd)
{
    struct fab_flow_store_config store = fab_flow_share(&crowd->config, crowd->count);

    crowd->store_memory = take(crowd, fab_flow_store_size(&store));
    if (!crowd->store_memory)
        return false;
    crowd->config.store = fab_flow_store_init(crowd->store_memory, &store);
    crowd->flow_memory = take(crowd, crowd->count * fab_flow_size(&crowd->config));
    crowd->members = take(crowd, crowd->count * sizeof(*crowd->members));
    crowd->heap.timers = take(crowd, crowd->count * sizeof(struct fab_flow_timer *));
    return crowd->flow_memory && crowd->members && crowd->heap.timers;
}

static void
add_member(struct flow_crowd *crowd, uint32_t index)
{
    struct member *member = &crowd->members[index];
    struct fab_flow_config config = crowd->config;

    config.home = HOME(index);
    config.peer_node = (uint16_t)(HOME(index ^ 1U) >> 48);
    config.is_initiator = index % 2 == 0;
    config.seed = index + 1;
    member->flow =
        fab_flow_init((uint8_t *)crowd->flow_memory + index * fab_flow_size(&crowd->config),
                      &config, &ops, crowd, crowd->now_ns);
    fab_flow_heap_add(&crowd->heap, &member->timer, FAB_FLOW_NO_DEADLINE);
}

/* All that a flow has to say goes to its other end. Returns frames. */
static unsigned
pass_on(struct flow_crowd *crowd, uint32_t index)
{
    struct member *from = &crowd->members[index];
    unsigned frames = 0;
    size_t size;

    while (fab_flow_next_deadline(from->flow) <= crowd->now_ns &&
           (size = fab_flow_prepare(from->flow, crowd->frame, sizeof(crowd->frame),
                                    crowd->now_ns)) > 0) {
        fab_flow_incoming(crowd->members[index ^ 1U].flow, crowd->frame, size, crowd->now_ns);
        frames++;
    }
    fab_flow_heap_advance(&crowd->heap, &from->timer, fab_flow_next_deadline(from->flow));
    return frames;
}

static void
pass_both(struct flow_crowd *crowd, uint32_t index)
{
    do
        crowd->now_ns += TURN_NS;
    while (pass_on(crowd, index) + pass_on(crowd, index + 1) > 0);
}

struct flow_crowd *
flow_crowd_create(uint32_t count)
{
    struct flow_crowd *crowd = aligned_alloc(FAB_CACHE_LINE, sizeof(*crowd));

    if (!crowd)
        return NULL;
    *crowd = (struct flow_crowd){ .count = count, .now_ns = 1000000000ULL };
    fab_flow_config_default(&crowd->config);
    crowd->config.window_frames = 512;
    crowd->config.timers.keepalive_ns = 0; /* nobody is asked while it is measured */
    if (!take_memory(crowd)) {
        flow_crowd_destroy(&crowd);
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        add_member(crowd, i);
    for (uint32_t i = 0; i < count; i += 2)
        pass_both(crowd, i);
    return crowd;
}

void
flow_crowd_destroy(struct flow_crowd **crowd)
{
    struct flow_crowd *ending = *crowd;

    free(ending->heap.timers);
    free(ending->members);
    free(ending->flow_memory);
    free(ending->store_memory);
    free(ending);
    *crowd = NULL;
}

/* --- work ------------------------------------------------------------------------------------- */

void
flow_crowd_send(struct flow_crowd *crowd)
{
    uint32_t index = crowd->next;
    struct fab_msg *msg;

    crowd->next = index + 2 < crowd->count ? index + 2 : 0;
    fab_flow_prefetch(crowd->members[crowd->next].flow); /* as an end does with its list */
    fab_flow_prefetch(crowd->members[crowd->next + 1].flow);
    crowd->now_ns += TURN_NS;
    if (fab_flow_claim(crowd->members[index].flow, FAB_LANE_USER, 7,
                       FAB_MSG_HEADER_SIZE + BODY_SIZE, &msg) != MYC_OK)
        return;
    memset(msg, 0, FAB_MSG_HEADER_SIZE + BODY_SIZE);
    msg->to = 7;
    msg->size = BODY_SIZE;
    fab_flow_commit(crowd->members[index].flow);
    pass_on(crowd, index);
    pass_on(crowd, index + 1);
}

/* A key may be earlier than its flow's deadline: then it is read again. */
uint32_t
flow_crowd_idle_turn(struct flow_crowd *crowd)
{
    struct fab_flow_timer *timer = fab_flow_heap_due(&crowd->heap, ++crowd->now_ns);
    uint64_t deadline_ns;

    if (!timer)
        return 0;
    deadline_ns = fab_flow_next_deadline(FAB_CONTAINER_OF(timer, struct member, timer)->flow);
    fab_flow_heap_move(&crowd->heap, timer, deadline_ns);
    return deadline_ns <= crowd->now_ns;
}

size_t
flow_crowd_size(const struct flow_crowd *crowd)
{
    return crowd->size;
}

uint64_t
flow_crowd_received(const struct flow_crowd *crowd)
{
    return crowd->received;
}
