/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/fault.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/prng.h"

#define MILLION                1000000U
#define REORDER_FRAMES_DEFAULT 8U
#define REORDER_NS_DEFAULT     1000000U

/* A frame that waits for others to overtake it. */
struct held {
    void *frame;
    uint64_t until_frame; /* count of frames at which it goes */
    uint64_t until_ns;
};

/* A frame under way; the heap's order is time, then the order in which they came. */
struct delayed {
    void *frame;
    uint64_t due_ns;
    uint64_t number;
};

struct fab_fault_line {
    struct myc_wire_fault fault;
    const struct fab_fault_ops *ops;
    void *context; /* not owned */
    struct fab_prng prng;
    struct fab_fault_counters counters;
    uint64_t number; /* of the next frame into the heap */
    uint32_t held_count;
    uint32_t delayed_count;
    uint32_t named_count; /* entries of fault.lost_frames that have come */
    struct held held[FAB_FAULT_HELD_MAX];
    struct delayed delayed[FAB_FAULT_DELAYED_MAX]; /* a binary heap */
};

bool
fab_wire_fault_is_active(const struct myc_wire_fault *fault)
{
    return fault->loss_per_million || fault->duplicate_per_million || fault->corrupt_per_million ||
           fault->reorder_per_million || fault->delay_ns || fault->jitter_ns || fault->loss_mask ||
           fault->lost_frames_count;
}

const char *
fab_wire_fault_check(const struct myc_wire_fault *fault)
{
    const uint32_t rates[] = { fault->loss_per_million, fault->duplicate_per_million,
                               fault->corrupt_per_million, fault->reorder_per_million };

    for (size_t i = 0; i < FAB_COUNT_OF(rates); i++)
        if (rates[i] > MILLION)
            return "a rate is above 1000000; rates are frames per million";
    if (fault->reorder_frames > FAB_FAULT_HELD_MAX)
        return "reorder_frames is above 64; choose 1 to 64";
    if (fault->lost_frames_count > MYC_WIRE_FAULT_LOST_MAX)
        return "lost_frames has more than 64 entries; name fewer, or use loss_per_million";
    for (uint32_t i = 1; i < fault->lost_frames_count; i++)
        if (fault->lost_frames[i] <= fault->lost_frames[i - 1])
            return "lost_frames is not in rising order; sort it, each number once";
    return NULL;
}

struct fab_fault_line *
fab_fault_line_create(const struct myc_wire_fault *fault, const struct fab_fault_ops *ops,
                      void *context)
{
    struct fab_fault_line *line = calloc(1, sizeof(*line));

    if (!line)
        return NULL;
    line->fault = *fault;
    if (line->fault.reorder_frames == 0)
        line->fault.reorder_frames = REORDER_FRAMES_DEFAULT;
    if (line->fault.reorder_frames > FAB_FAULT_HELD_MAX)
        line->fault.reorder_frames = FAB_FAULT_HELD_MAX;
    if (line->fault.reorder_ns == 0)
        line->fault.reorder_ns = REORDER_NS_DEFAULT;
    line->ops = ops;
    line->context = context;
    fab_prng_init(&line->prng, fault->seed);
    return line;
}

void
fab_fault_line_destroy(struct fab_fault_line **line)
{
    if (!*line)
        return;
    for (uint32_t i = 0; i < (*line)->held_count; i++)
        (*line)->ops->drop((*line)->context, (*line)->held[i].frame);
    for (uint32_t i = 0; i < (*line)->delayed_count; i++)
        (*line)->ops->drop((*line)->context, (*line)->delayed[i].frame);
    free(*line);
    *line = NULL;
}

static bool
is_before(const struct delayed *a, const struct delayed *b)
{
    return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->number < b->number;
}

static void
heap_push(struct fab_fault_line *line, void *frame, uint64_t due_ns)
{
    struct delayed entry = { frame, due_ns, line->number++ };
    uint32_t at = line->delayed_count;

    if (at == FAB_FAULT_DELAYED_MAX) {
        line->counters.overflowed++;
        line->ops->drop(line->context, frame);
        return;
    }
    line->delayed_count++;
    for (; at > 0 && is_before(&entry, &line->delayed[(at - 1) / 2]); at = (at - 1) / 2)
        line->delayed[at] = line->delayed[(at - 1) / 2];
    line->delayed[at] = entry;
}

static void *
heap_pop(struct fab_fault_line *line)
{
    void *frame = line->delayed[0].frame;
    struct delayed last = line->delayed[--line->delayed_count];
    uint32_t at = 0;

    for (uint32_t child = 1; child < line->delayed_count; child = 2 * at + 1) {
        if (child + 1 < line->delayed_count &&
            is_before(&line->delayed[child + 1], &line->delayed[child]))
            child++;
        if (!is_before(&line->delayed[child], &last))
            break;
        line->delayed[at] = line->delayed[child];
        at = child;
    }
    line->delayed[at] = last;
    return frame;
}

static uint64_t
delay_of(struct fab_fault_line *line)
{
    uint64_t jitter_ns = line->fault.jitter_ns;

    return line->fault.delay_ns + (jitter_ns ? fab_prng_below(&line->prng, jitter_ns + 1) : 0);
}

/* Sends on those that have been overtaken enough or have waited long enough, oldest first. */
static void
release_held(struct fab_fault_line *line, uint64_t now_ns)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < line->held_count; i++) {
        struct held *held = &line->held[i];

        if (held->until_frame <= line->counters.frames || held->until_ns <= now_ns)
            heap_push(line, held->frame, now_ns + delay_of(line));
        else
            line->held[kept++] = *held;
    }
    line->held_count = kept;
}

static void
hold_or_send(struct fab_fault_line *line, void *frame, uint64_t now_ns)
{
    const struct myc_wire_fault *fault = &line->fault;

    if (line->held_count == FAB_FAULT_HELD_MAX ||
        !fab_prng_chance(&line->prng, fault->reorder_per_million)) {
        heap_push(line, frame, now_ns + delay_of(line));
        return;
    }
    line->counters.reordered++;
    line->held[line->held_count++] = (struct held){
        .frame = frame,
        .until_frame =
            line->counters.frames + 1 + fab_prng_below(&line->prng, fault->reorder_frames),
        .until_ns = now_ns + fault->reorder_ns,
    };
}

/* Whether the frame is the next of those that were named. */
static bool
is_named(struct fab_fault_line *line, uint64_t number)
{
    if (line->named_count == line->fault.lost_frames_count ||
        line->fault.lost_frames[line->named_count] != number)
        return false;
    line->named_count++;
    return true;
}

static bool
is_lost(struct fab_fault_line *line, uint64_t number)
{
    if (is_named(line, number))
        return true;
    if (number < 64 && (line->fault.loss_mask >> number & 1))
        return true;
    return fab_prng_chance(&line->prng, line->fault.loss_per_million);
}

void
fab_fault_line_push(struct fab_fault_line *line, void *frame, uint64_t now_ns)
{
    const struct myc_wire_fault *fault = &line->fault;
    void *copy = NULL;

    if (is_lost(line, line->counters.frames++)) {
        line->counters.lost++;
        line->ops->drop(line->context, frame);
        release_held(line, now_ns);
        return;
    }
    if (fab_prng_chance(&line->prng, fault->duplicate_per_million))
        copy = line->ops->copy(line->context, frame);
    if (fab_prng_chance(&line->prng, fault->corrupt_per_million)) {
        line->counters.corrupted++;
        line->ops->corrupt(line->context, frame, fab_prng_next(&line->prng));
    }
    hold_or_send(line, frame, now_ns);
    if (copy) {
        line->counters.duplicated++;
        hold_or_send(line, copy, now_ns);
    }
    release_held(line, now_ns);
}

void *
fab_fault_line_pop(struct fab_fault_line *line, uint64_t now_ns)
{
    if (line->held_count)
        release_held(line, now_ns);
    if (line->delayed_count == 0 || line->delayed[0].due_ns > now_ns)
        return NULL;
    return heap_pop(line);
}

bool
fab_fault_line_is_empty(const struct fab_fault_line *line)
{
    return line->held_count == 0 && line->delayed_count == 0;
}

const struct fab_fault_counters *
fab_fault_line_counters(const struct fab_fault_line *line)
{
    return &line->counters;
}
