/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/loop_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/compiler.h"
#include "base/prng.h"

#define CAPACITY_DEFAULT 64U

struct record {
    struct record *next;
    uint64_t ready_ns; /* UINT64_MAX: not flushed yet */
    struct fab_msg msg;
};

/* One end; `first` to `last` is what it has sent and the other has not polled. */
struct loop_end {
    struct fab_link link;
    struct loop_end *other;
    struct loop_pair *pair;
    struct record *first;
    struct record *last;
    struct record *claimed;
    unsigned count;
    bool was_full;
    bool must_rise;     /* say on_up at the next poll */
    bool must_fall;     /* say on_down at the next poll */
    uint64_t next_home; /* peer_home from the next rise on */
};

struct loop_pair {
    struct loop_options options;
    struct fab_prng prng;
    struct loop_end a;
    struct loop_end b;
    uint64_t claims;
    uint64_t refused; /* the claim that finds no slot */
};

static struct loop_end *
end_of(struct fab_link *link)
{
    return FAB_CONTAINER_OF(link, struct loop_end, link);
}

static void
forget_claim(struct loop_end *end)
{
    free(end->claimed);
    end->claimed = NULL;
}

static enum myc_status
loop_claim(struct fab_link *link, enum fab_lane lane, uint32_t stride, uint64_t to,
           struct fab_msg **record)
{
    struct loop_end *end = end_of(link);
    const struct loop_options *options = &end->pair->options;
    uint32_t limit = options->capacity - (lane == FAB_LANE_USER ? options->reserve : 0);

    (void)to;
    forget_claim(end);
    if (!link->is_up)
        return MYC_UNREACHABLE;
    if (stride > FAB_MSG_HEADER_SIZE + 8 * FAB_MSG_EXTENSIONS_MAX + FAB_MSG_SMALL_MAX)
        return MYC_TOO_BIG;
    end->pair->claims++;
    if (end->count >= limit || end->pair->claims == end->pair->refused) {
        end->was_full = true;
        return MYC_FULL;
    }
    /* Exactly as long as was asked for, so that ASan sees what is written or read beyond. */
    end->claimed = malloc(offsetof(struct record, msg) + stride);
    FAB_ASSERT(end->claimed != NULL);
    *record = &end->claimed->msg;
    return MYC_OK;
}

static void
loop_commit(struct fab_link *link)
{
    struct loop_end *end = end_of(link);
    struct record *record = end->claimed;

    FAB_ASSERT(record != NULL);
    end->claimed = NULL;
    record->next = NULL;
    record->ready_ns = UINT64_MAX;
    if (end->first)
        end->last->next = record;
    else
        end->first = record;
    end->last = record;
    end->count++;
    link->counters.sent++;
}

static uint64_t
clock_of(const struct loop_pair *pair, uint64_t now_ns)
{
    return pair->options.clock_ns ? *pair->options.clock_ns : now_ns;
}

static uint64_t
delay_ns(struct loop_pair *pair)
{
    const struct loop_options *options = &pair->options;

    if (options->delay_random_ns == 0)
        return options->delay_ns;
    return options->delay_ns + fab_prng_next(&pair->prng) % (options->delay_random_ns + 1);
}

static void
loop_flush(struct fab_link *link, uint64_t now_ns)
{
    struct loop_end *end = end_of(link);
    uint64_t ready_ns = clock_of(end->pair, now_ns) + delay_ns(end->pair);

    for (struct record *record = end->first; record; record = record->next)
        if (record->ready_ns == UINT64_MAX)
            record->ready_ns = ready_ns;
}

static struct record *
pop(struct loop_end *end)
{
    struct record *record = end->first;

    end->first = record->next;
    end->count--;
    return record;
}

static void
fall(struct loop_end *end)
{
    struct fab_link *link = &end->link;

    end->must_fall = false;
    link->is_up = false;
    forget_claim(end);
    while (end->first) {
        struct record *record = pop(end);

        link->sink->on_in_doubt(link->core, link, &record->msg);
        free(record);
    }
    link->sink->on_down(link->core, link, MYC_NO_CONNECTION);
}

static void
rise(struct loop_end *end)
{
    struct fab_link *link = &end->link;

    end->must_rise = false;
    link->is_up = true;
    link->peer_home = end->next_home;
    link->sink->on_up(link->core, link);
}

/* As a flow does: what is left of the time travels. */
static void
write_rest(struct fab_msg *msg, uint64_t now_ns)
{
    uint64_t deadline_ns = fab_msg_deadline_ns(msg);

    fab_msg_set_word(msg, 0, deadline_ns > now_ns ? deadline_ns - now_ns : 0);
}

static unsigned
loop_poll(struct fab_link *link, unsigned budget, uint64_t now_ns)
{
    struct loop_end *end = end_of(link);
    struct loop_end *other = end->other;
    unsigned done = 0;

    now_ns = clock_of(end->pair, now_ns);
    if (end->must_fall)
        fall(end);
    if (end->must_rise)
        rise(end);
    while (link->is_up && done < budget && other->first && other->first->ready_ns <= now_ns) {
        struct record *record = pop(other);

        FAB_ASSERT(fab_msg_is_valid(&record->msg, fab_msg_stride(&record->msg)));
        if (link->level == FAB_LEVEL_FLOW && (record->msg.flags & FAB_MSG_HAS_DEADLINE))
            write_rest(&record->msg, now_ns);
        link->sink->on_message(link->core, link, &record->msg);
        link->counters.received++;
        free(record);
        done++;
    }
    if (end->was_full && end->count <= end->pair->options.capacity / 2) {
        end->was_full = false;
        link->sink->on_room(link->core, link);
    }
    return done;
}

static void
loop_close(struct fab_link *link)
{
    forget_claim(end_of(link));
}

static const struct fab_link_ops loop_ops = {
    .claim = loop_claim,
    .commit = loop_commit,
    .flush = loop_flush,
    .poll = loop_poll,
    .close = loop_close,
};

static void
end_init(struct loop_end *end, struct loop_pair *pair, struct loop_end *other,
         const struct loop_end_options *own, const struct loop_end_options *peer)
{
    end->pair = pair;
    end->other = other;
    end->next_home = peer->home;
    end->must_rise = pair->options.level != FAB_LEVEL_RING;
    end->link = (struct fab_link){
        .ops = &loop_ops,
        .level = pair->options.level,
        .is_up = pair->options.level == FAB_LEVEL_RING,
        .peer_home = pair->options.level == FAB_LEVEL_RING ? peer->home : 0,
        .peer_lcore = peer->lcore,
        .peer_lcore_count = peer->lcore_count,
        .large_max = own->heap && pair->options.level != FAB_LEVEL_FLOW ? FAB_MSG_SIZE_MAX : 0,
        .peer_heap = peer->heap,
        .peer_heap_size = peer->heap_size,
    };
}

struct loop_pair *
loop_pair_create(const struct loop_options *options)
{
    struct loop_pair *pair = calloc(1, sizeof(*pair));

    FAB_ASSERT(pair != NULL);
    pair->options = *options;
    fab_prng_init(&pair->prng, options->seed);
    if (pair->options.capacity == 0)
        pair->options.capacity = CAPACITY_DEFAULT;
    if (pair->options.reserve == 0)
        pair->options.reserve = pair->options.capacity / 4;
    end_init(&pair->a, pair, &pair->b, &options->a, &options->b);
    end_init(&pair->b, pair, &pair->a, &options->b, &options->a);
    return pair;
}

static void
drop_all(struct loop_end *end)
{
    forget_claim(end);
    while (end->first)
        free(pop(end));
}

void
loop_pair_destroy(struct loop_pair *pair)
{
    drop_all(&pair->a);
    drop_all(&pair->b);
    free(pair);
}

struct fab_link *
loop_pair_a(struct loop_pair *pair)
{
    return &pair->a.link;
}

struct fab_link *
loop_pair_b(struct loop_pair *pair)
{
    return &pair->b.link;
}

void
loop_pair_cut(struct loop_pair *pair)
{
    pair->a.must_fall = pair->a.link.is_up;
    pair->b.must_fall = pair->b.link.is_up;
    /* Neither reads what the other had on its way. */
    pair->a.must_rise = pair->b.must_rise = false;
}

void
loop_pair_join(struct loop_pair *pair, uint64_t home_b)
{
    pair->a.next_home = home_b;
    pair->a.must_rise = pair->b.must_rise = true;
}

void
loop_pair_refuse(struct loop_pair *pair, uint64_t nth)
{
    pair->claims = 0;
    pair->refused = nth;
}

uint64_t
loop_pair_claims(const struct loop_pair *pair)
{
    return pair->claims;
}

unsigned
loop_pair_in_flight(const struct loop_pair *pair)
{
    return pair->a.count + pair->b.count;
}

uint64_t
loop_pair_next_ns(const struct loop_pair *pair)
{
    uint64_t a_ns = pair->a.first ? pair->a.first->ready_ns : UINT64_MAX;
    uint64_t b_ns = pair->b.first ? pair->b.first->ready_ns : UINT64_MAX;

    return a_ns < b_ns ? a_ns : b_ns;
}
