/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/flow_loop.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/prng.h"
#include "proto/flow.h"
#include "wire/crc32c.h"

#define FRAME_CAPACITY 9216U
#define WINDOW_FRAMES  256U
#define LANE_BYTES     (64U * 1024U)

struct frame {
    struct frame *next;
    uint64_t ready_ns;
    size_t size;
    uint8_t bytes[];
};

struct flow_loop_end {
    struct fab_link link;
    struct flow_loop_end *other;
    struct flow_pair *pair;
    struct fab_flow *flow; /* NULL: crashed */
    struct fab_flow_config config;
    void *memory;
    struct frame *first; /* on their way to this end, by time */
    unsigned left;       /* records that the sink takes in this poll */
    unsigned numbered;   /* frames with records that this end has sent */
    bool is_closed;
};

struct flow_pair {
    struct flow_loop_wire wire;
    struct fab_prng prng;
    unsigned lost;
    struct flow_loop_end a;
    struct flow_loop_end b;
};

static struct flow_loop_end *
end_of(struct fab_link *link)
{
    return FAB_CONTAINER_OF(link, struct flow_loop_end, link);
}

/* --- the wire --------------------------------------------------------------------------------- */

static void
put_frame(struct flow_loop_end *to, const void *bytes, size_t size, uint64_t ready_ns)
{
    struct frame *frame = malloc(sizeof(*frame) + size);
    struct frame **at = &to->first;

    FAB_ASSERT(frame != NULL);
    frame->ready_ns = ready_ns;
    frame->size = size;
    memcpy(frame->bytes, bytes, size);
    if (fab_prng_chance(&to->pair->prng, to->pair->wire.corrupt))
        frame->bytes[fab_prng_below(&to->pair->prng, size)] ^= 0x10;
    while (*at && (*at)->ready_ns <= ready_ns)
        at = &(*at)->next;
    frame->next = *at;
    *at = frame;
}

static uint64_t
arrival_ns(struct flow_pair *pair, uint64_t now_ns)
{
    return now_ns + pair->wire.delay_ns + fab_prng_below(&pair->prng, pair->wire.jitter_ns + 1);
}

static bool
is_lost(struct flow_loop_end *from, size_t size)
{
    struct flow_pair *pair = from->pair;
    const struct flow_loop_wire *wire = &pair->wire;
    bool has_records = size >= FAB_FRAME_HEADER_SIZE + FAB_MSG_HEADER_SIZE + 8;
    bool lost = fab_prng_chance(&pair->prng, wire->lose);

    if (has_records && wire->is_lost)
        lost = lost || wire->is_lost(wire->context, from == &pair->a, from->numbered++);
    pair->lost += lost && has_records;
    return lost;
}

static void
transmit(struct flow_loop_end *from, const void *bytes, size_t size, uint64_t now_ns)
{
    struct flow_pair *pair = from->pair;
    bool is_cut = from == &pair->a ? pair->wire.is_cut_a : pair->wire.is_cut_b;

    if (pair->wire.history)
        *pair->wire.history =
            (*pair->wire.history ^ now_ns ^ fab_crc32c(0, bytes, size)) * 0x9e3779b97f4a7c15ULL;
    if (is_lost(from, size) || is_cut || !from->other->flow)
        return;
    put_frame(from->other, bytes, size, arrival_ns(pair, now_ns));
    if (fab_prng_chance(&pair->prng, pair->wire.duplicate))
        put_frame(from->other, bytes, size, arrival_ns(pair, now_ns));
}

/* --- what the flow tells: flow -> core -------------------------------------------------------- */

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct flow_loop_end *end = context;

    (void)lane;
    if (end->is_closed)
        return true;
    if (end->left == 0 && !fab_flow_is_ending(end->flow))
        return false;
    end->left -= end->left > 0;
    end->link.counters.received++;
    end->link.sink->on_message(end->link.core, &end->link, msg);
    return true;
}

static void
on_up(void *context, const struct fab_flow_peer *peer)
{
    struct flow_loop_end *end = context;

    end->link.peer_home = peer->home;
    end->link.peer_lcore_count = peer->lcore_count;
    end->link.is_up = true;
    if (!end->is_closed)
        end->link.sink->on_up(end->link.core, &end->link);
}

static void
on_down(void *context, enum fab_flow_reason reason)
{
    struct flow_loop_end *end = context;

    (void)reason;
    end->link.is_up = false;
    if (!end->is_closed)
        end->link.sink->on_down(end->link.core, &end->link, MYC_NO_CONNECTION);
}

static void
on_in_doubt(void *context, const struct fab_msg *msg)
{
    struct flow_loop_end *end = context;

    if (!end->is_closed)
        end->link.sink->on_in_doubt(end->link.core, &end->link, msg);
}

static void
on_writable(void *context, enum fab_lane lane)
{
    struct flow_loop_end *end = context;

    (void)lane;
    if (!end->is_closed)
        end->link.sink->on_room(end->link.core, &end->link);
}

static void
on_suspect(void *context, bool is_suspect)
{
    (void)context, (void)is_suspect;
}

static const struct fab_flow_ops flow_ops = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_writable = on_writable,
    .on_suspect = on_suspect,
};

/* --- what the core asks: core -> flow --------------------------------------------------------- */

static enum myc_status
flow_loop_claim(struct fab_link *link, enum fab_lane lane, uint32_t stride, uint64_t to,
                struct fab_msg **record)
{
    uint8_t stream = to ? fab_flow_stream_of(to) : FAB_STREAM_SYSTEM;

    return fab_flow_claim(end_of(link)->flow, lane, stream, stride, record);
}

static void
flow_loop_commit(struct fab_link *link)
{
    fab_flow_commit(end_of(link)->flow);
    link->counters.sent++;
}

static unsigned
drain(struct flow_loop_end *end, bool may_call, uint64_t now_ns)
{
    uint8_t bytes[FRAME_CAPACITY];
    unsigned frames = 0;
    size_t size;

    while ((size = may_call
                       ? fab_flow_prepare(end->flow, bytes, sizeof(bytes), now_ns)
                       : fab_flow_prepare_untimed(end->flow, bytes, sizeof(bytes), now_ns)) > 0) {
        transmit(end, bytes, size, now_ns);
        frames++;
    }
    return frames;
}

static void
flow_loop_flush(struct fab_link *link, uint64_t now_ns)
{
    (void)drain(end_of(link), false, now_ns);
}

static unsigned
flow_loop_poll(struct fab_link *link, unsigned budget, uint64_t now_ns)
{
    struct flow_loop_end *end = end_of(link);
    unsigned done = 0;

    end->left = budget;
    if (fab_flow_has_refused(end->flow))
        fab_flow_offer(end->flow);
    while (end->first && end->first->ready_ns <= now_ns) {
        struct frame *frame = end->first;

        end->first = frame->next;
        fab_flow_incoming(end->flow, frame->bytes, frame->size, now_ns);
        free(frame);
        done++;
    }
    return done + drain(end, true, now_ns);
}

static void
flow_loop_close(struct fab_link *link)
{
    end_of(link)->is_closed = true;
}

static const struct fab_link_ops flow_loop_ops = {
    .claim = flow_loop_claim,
    .commit = flow_loop_commit,
    .flush = flow_loop_flush,
    .poll = flow_loop_poll,
    .close = flow_loop_close,
};

/* --- the pair --------------------------------------------------------------------------------- */

static struct fab_flow_config
config_of(struct flow_pair *pair, const struct fab_core_config *own,
          const struct fab_core_config *peer)
{
    struct fab_flow_config config;

    fab_flow_config_default(&config);
    config.home = own->home;
    config.peer_node = (uint16_t)(peer->home >> 48);
    config.lcore = own->lcore;
    config.peer_lcore = peer->lcore;
    config.lcore_count = own->lcore_count;
    config.is_initiator = true;
    config.window_frames = WINDOW_FRAMES;
    config.seed = fab_prng_next(&pair->prng);
    for (unsigned lane = 0; lane < FAB_LANE_COUNT; lane++)
        config.send_bytes[lane] = config.credit_bytes[lane] = LANE_BYTES;
    if (!pair->wire.has_liveness)
        config.timers.keepalive_ns = config.timers.suspect_ns = config.timers.down_ns = 0;
    return config;
}

static void
end_start(struct flow_loop_end *end, uint64_t now_ns)
{
    const struct fab_flow_config *config = &end->config;

    FAB_ASSERT(fab_flow_config_check(config) == MYC_OK);
    end->is_closed = false;
    end->memory = aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(config));
    FAB_ASSERT(end->memory != NULL);
    end->link = (struct fab_link){
        .ops = &flow_loop_ops,
        .level = FAB_LEVEL_FLOW,
        .peer_lcore = config->peer_lcore,
    };
    end->flow = fab_flow_init(end->memory, config, &flow_ops, end, now_ns);
}

static void
end_init(struct flow_loop_end *end, struct flow_loop_end *other, struct flow_pair *pair,
         const struct fab_flow_config *config, uint64_t now_ns)
{
    end->other = other;
    end->pair = pair;
    end->config = *config;
    end_start(end, now_ns);
}

struct flow_pair *
flow_pair_create(const struct fab_core_config *a, const struct fab_core_config *b,
                 const struct flow_loop_wire *wire, uint64_t now_ns)
{
    struct flow_pair *pair = calloc(1, sizeof(*pair));
    struct fab_flow_config config;

    FAB_ASSERT(pair != NULL);
    pair->wire = *wire;
    fab_prng_init(&pair->prng, wire->seed);
    config = config_of(pair, a, b);
    config.presence = wire->presence_a;
    end_init(&pair->a, &pair->b, pair, &config, now_ns);
    config = config_of(pair, b, a);
    config.presence = wire->presence_b;
    end_init(&pair->b, &pair->a, pair, &config, now_ns);
    return pair;
}

/* What was on its way to it is lost; what it has sent goes on. */
static void
end_fini(struct flow_loop_end *end)
{
    if (!end->flow)
        return;
    while (end->first) {
        struct frame *frame = end->first;

        end->first = frame->next;
        free(frame);
    }
    fab_flow_fini(end->flow);
    free(end->memory);
    end->flow = NULL;
}

void
flow_pair_crash(struct flow_pair *pair, bool of_a)
{
    end_fini(of_a ? &pair->a : &pair->b);
}

void
flow_pair_start(struct flow_pair *pair, bool of_a, uint64_t home, uint64_t now_ns)
{
    struct flow_loop_end *end = of_a ? &pair->a : &pair->b;

    FAB_ASSERT(!end->flow);
    end->config.home = home;
    end->config.seed = fab_prng_next(&pair->prng);
    end_start(end, now_ns);
}

struct fab_link *
flow_pair_link(struct flow_pair *pair, bool of_a)
{
    return of_a ? &pair->a.link : &pair->b.link;
}

const struct fab_flow *
flow_pair_flow(const struct flow_pair *pair, bool of_a)
{
    return of_a ? pair->a.flow : pair->b.flow;
}

void
flow_pair_destroy(struct flow_pair *pair)
{
    end_fini(&pair->a);
    end_fini(&pair->b);
    free(pair);
}

void
flow_pair_set_wire(struct flow_pair *pair, const struct flow_loop_wire *wire)
{
    pair->wire = *wire;
}

static bool
end_is_calm(const struct flow_loop_end *end)
{
    return fab_flow_state(end->flow) == FAB_FLOW_UP && fab_flow_is_drained(end->flow) &&
           !fab_flow_has_refused(end->flow) && !end->first;
}

/* Whether all that was sent has arrived and is known to have. */
static bool
pair_is_calm(const struct flow_pair *pair)
{
    return end_is_calm(&pair->a) && end_is_calm(&pair->b);
}

static uint64_t
end_next_ns(const struct flow_loop_end *end)
{
    uint64_t frame_ns = end->first ? end->first->ready_ns : UINT64_MAX;
    uint64_t deadline_ns = end->flow ? fab_flow_next_deadline(end->flow) : UINT64_MAX;

    return frame_ns < deadline_ns ? frame_ns : deadline_ns;
}

uint64_t
flow_pair_side_next_ns(const struct flow_pair *pair, bool of_a)
{
    return end_next_ns(of_a ? &pair->a : &pair->b);
}

uint64_t
flow_pair_next_ns(const struct flow_pair *pair)
{
    uint64_t a_ns = end_next_ns(&pair->a), b_ns = end_next_ns(&pair->b);

    return a_ns < b_ns ? a_ns : b_ns;
}

unsigned
flow_pair_lost(const struct flow_pair *pair)
{
    return pair->lost;
}

struct flow_pair *
lab_join_flow(struct lab *lab, unsigned i, unsigned j, const struct flow_loop_wire *wire)
{
    struct flow_pair *pair = flow_pair_create(fab_core_config_of(lab->cores[i]),
                                              fab_core_config_of(lab->cores[j]), wire, lab->now_ns);
    const struct lab_flow flow = {
        .pair = pair,
        .a = &pair->a.link,
        .b = &pair->b.link,
        .is_calm = pair_is_calm,
        .next_ns = flow_pair_next_ns,
        .destroy = flow_pair_destroy,
    };

    lab_add_flow(lab, i, j, &flow);
    return pair;
}
