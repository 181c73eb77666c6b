/* SPDX-License-Identifier: BSD-3-Clause */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "sim/sim_parts.h"
#include "wire/crc32c.h"

#define LONG_FACTOR     50U /* more seeds with MYCELIUM_LONG=1 */
#define FRAME_CAPACITY  9216U
#define BUFFER_RETRY_NS 20000U /* as the carrier does: FAB_FLOW_END_RETRY_NS */
#define FRAMES_PER_TURN 32U    /* likewise, FAB_FLOW_END_BURST: of those that waited */
#define STILL_STEPS_MAX                                                       \
    100000U /* steps without time going on: somebody asks for a turn for ever \
             */

_Noreturn void
sim_fail(const struct sim *sim, const char *what)
{
    fprintf(stderr, "%s: SIM_SEED=%" PRIu64 " step %" PRIu64 " at %" PRIu64 " ns: broken: %s\n",
            sim->name, sim->seed, sim->step, sim->now_ns, what);
    for (uint32_t i = 0; i < sim->end_count && i < 4; i++) {
        const struct sim_end *end = &sim->ends[i];

        fprintf(stderr,
                "  end %u: %s sent %" PRIu64 " got %" PRIu64 " in doubt %" PRIu64 " up %" PRIu64
                " down %" PRIu64 " deadline %" PRIu64 "\n",
                i, end->is_alive ? fab_flow_state_name(fab_flow_state(end->flow)) : "dead",
                end->sent_total, end->got_total, end->in_doubt_total, end->up_total,
                end->down_total, end->is_alive ? fab_flow_next_deadline(end->flow) : 0);
    }
    abort();
}

uint64_t
sim_seed_count(uint64_t fallback)
{
    const char *text = getenv("SIM_SEEDS");
    const char *is_long = getenv("MYCELIUM_LONG");

    if (text != NULL)
        return strtoull(text, NULL, 10);
    return is_long != NULL && *is_long == '1' ? LONG_FACTOR * fallback : fallback;
}

uint64_t
sim_seed_first(void)
{
    const char *text = getenv("SIM_SEED");

    return text != NULL ? strtoull(text, NULL, 10) : 1;
}

/* turns */

/* Of two copies the flow sees the first. */
static void
receive(struct sim *sim, struct sim_end *end, const struct sim_event *event)
{
    uint64_t taken = fab_flow_counters(end->flow)->frames_received;
    struct fab_frame_peek peek;
    bool is_frame = fab_frame_peek(event->bytes, event->size, &peek);

    if (sim->has_two_paths && is_frame && fab_twin_is_second(&end->twin, event->path, &peek)) {
        end->seconds++;
        return;
    }
    fab_flow_incoming(end->flow, event->bytes, event->size, sim->now_ns);
    if (is_frame && fab_flow_counters(end->flow)->frames_received != taken)
        fab_twin_on_taken(&end->twin, event->path, &peek);
}

static void
wake_at(struct sim *sim, struct sim_end *end, uint64_t at_ns)
{
    if (at_ns < sim->now_ns)
        at_ns = sim->now_ns;
    if (at_ns >= end->wake_ns)
        return;
    end->wake_ns = at_ns;
    sim_push_event(sim, (struct sim_event){ .at_ns = at_ns, .end = end->index });
}

/* The flow, of whichever end, whose turn it is to grant large bodies. */
static void
call_waiting(struct sim *sim, const struct sim_end *end)
{
    struct sim_end *called = fab_granter_call(end->flow->granter);

    if (called == NULL)
        return;
    fab_flow_grant(called->flow);
    wake_at(sim, called, sim->now_ns + SIM_US);
}

/* A buffer for the next frame, if there is to be one. Without it the flow is asked again soon. */
static bool
has_buffer(struct sim *sim, struct sim_end *end)
{
    if (end->has_no_buffer)
        return false;
    if (!fab_flow_has_output(end->flow) || ++end->buffers != end->buffer_fails)
        return true;
    wake_at(sim, end, sim->now_ns + BUFFER_RETRY_NS);
    return false;
}

/* What the flow has left out of a frame of `size` bytes. */
static void
put_tail(const struct fab_flow_tail *tail, uint8_t *frame, size_t size)
{
    size_t at = size - tail->tag_size - tail->size;

    FAB_ASSERT(at < size && size <= FRAME_CAPACITY);
    memcpy(frame + at, tail->bytes, tail->size);
    memcpy(frame + at + tail->size, tail->tag, tail->tag_size);
}

static void
run_turn(struct sim *sim, struct sim_end *end)
{
    uint8_t frame[FRAME_CAPACITY];
    uint64_t deadline_ns;
    size_t size;

    if (fab_flow_has_refused(end->flow))
        fab_flow_offer(end->flow);
    for (uint32_t left = end->burst, sent; left > 0 && end->to_send > 0; left -= sent) {
        sent = sim_send_records(sim, end, left < end->to_send ? left : (uint32_t)end->to_send);
        if (sent == 0)
            break;
        end->to_send -= sent;
    }
    while (has_buffer(sim, end) &&
           (size = fab_flow_prepare(end->flow, frame, sizeof(frame), sim->now_ns)) > 0) {
        if (end->tail.size > 0)
            put_tail(&end->tail, frame, size);
        end->tail.size = 0;
        sim_transmit(sim, end, frame, size);
    }
    if (!sim->is_quiet)
        sim_check_end(sim, end);
    deadline_ns = fab_flow_next_deadline(end->flow);
    if (end->has_no_buffer && deadline_ns <= sim->now_ns)
        return;
    if (deadline_ns != FAB_FLOW_NO_DEADLINE)
        wake_at(sim, end, deadline_ns);
    if (end->config.large_max)
        call_waiting(sim, end);
    if (fab_flow_has_refused(end->flow) && !end->has_no_room)
        wake_at(sim, end, sim->now_ns + SIM_US);
    if (end->to_send > 0 && fab_flow_state(end->flow) == FAB_FLOW_UP &&
        fab_send_lane_free(&end->flow->lanes[FAB_LANE_USER].send) > 4096)
        wake_at(sim, end, sim->now_ns + SIM_US);
}

/* Frames that have waited come before those that come now. */
static void
read_unread(struct sim *sim, struct sim_end *end)
{
    for (unsigned i = 0; i < FRAMES_PER_TURN && end->unread_count > 0; i++) {
        struct sim_event event = sim_take_unread(end);

        fab_flow_note_arrival(end->flow, sim->now_ns - event.at_ns, event.is_marked);
        receive(sim, end, &event);
        free(event.memory);
    }
    if (end->unread_count > 0)
        wake_at(sim, end, sim->now_ns + SIM_US);
}

/* A turn, unless the end stands still; the frame is the event's as long as its bytes are not NULL.
 */
static void
take_event(struct sim *sim, struct sim_end *end, struct sim_event *event)
{
    bool is_away = sim_is_away(sim, end);

    if (event->size > 0 && (is_away || end->unread_count > 0))
        sim_keep_unread(end, event);
    else if (event->size > 0)
        receive(sim, end, event);
    if (is_away)
        return;
    read_unread(sim, end);
    run_turn(sim, end);
}

static void
remember(struct sim *sim, const struct sim_event *event)
{
    const uint64_t words[] = { event->at_ns, (uint64_t)event->end << 32 | event->size,
                               event->size ? fab_crc32c(0, event->bytes, event->size) : 0 };

    for (size_t i = 0; i < FAB_COUNT_OF(words); i++)
        sim->history = (sim->history ^ words[i]) * 0x9e3779b97f4a7c15ULL;
}

uint64_t
sim_awake_ns(const struct sim_end *end, uint64_t from_ns)
{
    uint64_t since_ns;

    if (end->asleep_ns == 0 || from_ns < end->nap_ns)
        return from_ns;
    since_ns = (from_ns - end->nap_ns) % (end->asleep_ns + end->awake_ns);
    return since_ns < end->asleep_ns ? from_ns - since_ns + end->asleep_ns : from_ns;
}

/* What happens to an end that is asleep happens when it wakes, in the same order. Returns whether
 * the event was put off. */
static bool
put_off(struct sim *sim, struct sim_end *end, const struct sim_event *event)
{
    uint64_t awake_ns = sim_awake_ns(end, sim->now_ns);
    struct sim_event later = *event;

    if (awake_ns == sim->now_ns)
        return false;
    later.at_ns = awake_ns;
    if (event->size == 0 && event->at_ns == end->wake_ns)
        end->wake_ns = awake_ns;
    sim_push_event(sim, later);
    return true;
}

bool
sim_step(struct sim *sim, uint64_t until_ns)
{
    struct sim_event event;
    struct sim_end *end;

    if (sim->event_count == 0 || sim->events[0].at_ns > until_ns)
        return false;
    event = sim_pop_event(sim);
    end = &sim->ends[event.end];
    SIM_CHECK(sim, event.at_ns >= sim->now_ns);
    sim->still_steps = event.at_ns == sim->now_ns ? sim->still_steps + 1 : 0;
    SIM_CHECK(sim, sim->still_steps < STILL_STEPS_MAX);
    sim->now_ns = event.at_ns;
    sim->step++;
    if (put_off(sim, end, &event))
        return true;
    remember(sim, &event);
    if (event.size == 0 && event.at_ns == end->wake_ns)
        end->wake_ns = UINT64_MAX;
    if (end->is_alive) {
        fab_flow_note_arrival(end->flow, 0, event.is_marked);
        take_event(sim, end, &event);
    }
    free(event.memory);
    return true;
}

void
sim_run_until(struct sim *sim, uint64_t until_ns)
{
    while (sim_step(sim, until_ns))
        ;
    sim->now_ns = until_ns;
}

static bool
is_done(const struct sim_end *end)
{
    return end->to_send == 0 && fab_flow_is_drained(end->flow);
}

bool
sim_run_pair(struct sim *sim, uint32_t first, uint64_t limit_ns)
{
    const struct sim_end *a = &sim->ends[first];
    const struct sim_end *b = &sim->ends[first + 1];

    while (!is_done(a) || !is_done(b)) {
        if (!sim_step(sim, limit_ns))
            return false;
    }
    return true;
}

bool
sim_pair_is_up(const struct sim *sim, uint32_t first)
{
    const struct sim_end *a = &sim->ends[first];
    const struct sim_end *b = &sim->ends[first + 1];

    return a->is_alive && b->is_alive && fab_flow_state(a->flow) == FAB_FLOW_UP &&
           fab_flow_state(b->flow) == FAB_FLOW_UP && a->flow->peer.epoch == b->flow->peer.epoch;
}

void
sim_poke(struct sim *sim, uint32_t end)
{
    if (sim->ends[end].is_alive && !sim_is_away(sim, &sim->ends[end]))
        run_turn(sim, &sim->ends[end]);
}

void
sim_inject(struct sim *sim, uint32_t end, const void *bytes, size_t size)
{
    if (!sim->ends[end].is_alive)
        return;
    fab_flow_incoming(sim->ends[end].flow, bytes, size, sim->now_ns);
    run_turn(sim, &sim->ends[end]);
}
