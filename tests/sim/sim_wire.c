/* SPDX-License-Identifier: BSD-3-Clause */
/* What becomes of a frame between two ends. */
#include <stdlib.h>
#include <string.h>

#include "sim/sim_parts.h"

static void
flip_bits(struct sim *sim, uint8_t *bytes, size_t size)
{
    uint64_t flips = 1 + fab_prng_below(&sim->prng, 8);

    for (uint64_t i = 0; i < flips; i++) {
        uint64_t bit = fab_prng_below(&sim->prng, size * 8);

        bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    sim->corrupted++;
}

static const struct sim_wire *
wire_of(const struct sim *sim, uint8_t path)
{
    return path == 0 ? &sim->wire : &sim->wire_b;
}

static void
schedule_frame(struct sim *sim, struct sim_event event, const uint8_t *frame, size_t size)
{
    event.size = (uint32_t)size;
    event.memory = malloc(FAB_FRAME_READ_ALIGN + size);
    if (event.memory == NULL)
        abort();
    event.bytes = event.memory + FAB_FRAME_READ_ALIGN;
    memcpy(event.bytes, frame, size);
    if (fab_prng_chance(&sim->prng, wire_of(sim, event.path)->corrupt))
        flip_bits(sim, event.bytes, size);
    sim_push_event(sim, event);
}

/* When the frame leaves the wire, or 0 when the queue before it is too long. */
static uint64_t
occupy_wire(struct sim *sim, struct sim_end *end, size_t size, bool *is_marked)
{
    uint64_t *free_ns = &sim->ends[end->wire].wire_free_ns;
    uint64_t start_ns = *free_ns > sim->now_ns ? *free_ns : sim->now_ns;
    uint64_t wait_ns = start_ns - sim->now_ns;

    if (sim->wire.queue_ns != 0 && wait_ns > sim->wire.queue_ns) {
        end->dropped++;
        return 0;
    }
    *is_marked = sim->wire.mark_ns != 0 && wait_ns > sim->wire.mark_ns;
    *free_ns = start_ns + (size + 42) * sim->wire.byte_ps / 1000;
    return *free_ns;
}

static uint64_t
travel_ns(struct sim *sim, uint8_t path)
{
    const struct sim_wire *wire = wire_of(sim, path);

    return wire->delay_ns + fab_prng_below(&sim->prng, wire->jitter_ns + 1);
}

/* A copy over the second path, whose bandwidth does not end. */
static void
transmit_second(struct sim *sim, struct sim_end *end, const uint8_t *frame, size_t size)
{
    struct sim_event event = { .end = end->peer, .path = 1 };

    if (end->is_cut_b || fab_prng_chance(&sim->prng, sim->wire_b.lose))
        return;
    event.at_ns = sim->now_ns + travel_ns(sim, 1);
    schedule_frame(sim, event, frame, size);
    if (fab_prng_chance(&sim->prng, sim->wire_b.duplicate))
        schedule_frame(sim, event, frame, size);
}

static bool
is_lost(struct sim *sim, struct sim_end *end)
{
    const struct sim_wire *wire = &sim->wire;
    uint32_t turn = end->is_in_burst ? wire->burst_end : wire->burst_begin;

    if (turn != 0 && fab_prng_chance(&sim->prng, turn))
        end->is_in_burst = !end->is_in_burst;
    return fab_prng_chance(&sim->prng, end->is_in_burst ? wire->burst_lose : wire->lose);
}

/* One frame is kept, now and then another one. */
static void
keep_or_replay(struct sim *sim, struct sim_end *end, struct sim_event event, const uint8_t *frame,
               size_t size)
{
    if (sim->wire.replay == 0)
        return;
    if (end->old_frame && fab_prng_chance(&sim->prng, sim->wire.replay)) {
        schedule_frame(sim, event, end->old_frame, end->old_size);
        sim->replayed++;
    }
    if (end->old_frame && fab_prng_below(&sim->prng, 64) != 0)
        return;
    end->old_frame = realloc(end->old_frame, size);
    if (!end->old_frame)
        abort();
    memcpy(end->old_frame, frame, size);
    end->old_size = size;
}

void
sim_transmit(struct sim *sim, struct sim_end *end, const uint8_t *frame, size_t size)
{
    struct sim_event event = { .end = end->peer };
    uint64_t left_ns = occupy_wire(sim, end, size, &event.is_marked);

    if (sim->has_two_paths)
        transmit_second(sim, end, frame, size);
    end->frames++;
    if (sim->filter != NULL && !sim->filter(sim->filter_context, end, frame, size))
        return;
    if (left_ns == 0 || end->is_cut || is_lost(sim, end))
        return;
    if (left_ns < end->clog_until_ns)
        left_ns = end->clog_until_ns;
    event.at_ns = left_ns + travel_ns(sim, 0);
    schedule_frame(sim, event, frame, size);
    if (fab_prng_chance(&sim->prng, sim->wire.duplicate)) {
        event.at_ns = left_ns + travel_ns(sim, 0);
        schedule_frame(sim, event, frame, size);
    }
    keep_or_replay(sim, end, event, frame, size);
}
