/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * On one lcore: what does it cost to send a message to a neighbour until its handler has run?
 *
 * Two actors pass 32 messages to each other again and again, so a mailbox always holds some. The
 * baseline is what one would write by hand for just this: a ring of slots of the size that a cell
 * of ours has, two neighbours in a table, and a loop that calls the handler of whom a slot is for.
 * It does the same job and nothing else:
 *
 *  - a push looks whether the ring is full and writes what a message is: to, from, type, size, tag,
 *    origin and 32 bytes of body, into one slot, where the handler reads them;
 *  - the loop looks whether the ring is empty, finds the handler by the slot's `to` in a table,
 * calls it through its pointer, and looks whether it failed;
 *  - a handler counts, and passes the body on to whom it came from;
 *  - as many messages are under way as with ours, in a ring that is no larger than what ours
 * touches (33 cells): both live in the first-level cache.
 *
 * It does not check who sends, whether the receiver lives, takes that type or has room, serves one
 * size of body and one ring for all, and keeps no counters: that is what the difference pays for.
 * The design's 11.5 ns for such a baseline are from another state of the reference machine; on the
 * same one, taken in turn, this one needs about 2 to 3. Figures are ns per message over a whole
 * phase, one phase a repetition.
 */
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include <mycelium/actor.h>

#include "bench.h"
#include "bench_messages.h"
#include "local_node.h"

#define IN_FLIGHT   32U
#define COUNT       5000000U
#define SMOKE_COUNT 50000U
#define RING_SLOTS  64U /* a power of two above IN_FLIGHT */

struct plan {
    struct bench_result *result;
    unsigned repetitions;
    uint32_t count;
    sem_t done;
};

/* ---- baseline ------------------------------------------------------------------------------- */

struct raw_slot {
    uint64_t to, from; /* places in the table of neighbours */
    uint64_t type;
    uint64_t size_and_kind;
    uint64_t tag;
    uint64_t origin;
    uint8_t body[80];
};

struct raw_neighbour {
    enum myc_status (*handle)(struct raw_neighbour *self, const struct raw_slot *slot);
    uint64_t id;
    uint64_t passed;
};

static struct {
    struct raw_slot slots[RING_SLOTS] __attribute__((aligned(64)));
    uint32_t head, tail;
    struct raw_neighbour neighbours[2];
} raw;

static inline enum myc_status
raw_push(uint64_t to, uint64_t from, const uint8_t *body)
{
    struct raw_slot *slot = &raw.slots[raw.tail % RING_SLOTS];

    if (raw.tail - raw.head == RING_SLOTS)
        return MYC_FULL;
    slot->to = to;
    slot->from = from;
    slot->type = MYC_TYPE_KEY(bench_blast_type.schema_id, bench_blast_type.template_id);
    slot->size_and_kind = sizeof(struct bench_blast);
    slot->tag = 0;
    slot->origin = 0;
    memcpy(slot->body, body, sizeof(struct bench_blast));
    raw.tail++;
    return MYC_OK;
}

static enum myc_status
raw_handle(struct raw_neighbour *self, const struct raw_slot *slot)
{
    self->passed++;
    return raw_push(slot->from, self->id, slot->body);
}

static double
raw_ns_per_message(struct myc_self *self, uint32_t count)
{
    static const uint8_t body[sizeof(struct bench_blast)];
    uint64_t start_ns;

    raw.head = raw.tail = 0;
    for (uint64_t i = 0; i < 2; i++)
        raw.neighbours[i] = (struct raw_neighbour){ .handle = raw_handle, .id = i };
    start_ns = myc_clock_ns(self);
    for (uint32_t i = 0; i < IN_FLIGHT; i++)
        raw_push(1, 0, body);
    for (uint32_t i = 0; i < count && raw.head != raw.tail; i++) {
        struct raw_slot *slot = &raw.slots[raw.head % RING_SLOTS];
        struct raw_neighbour *neighbour = &raw.neighbours[slot->to];

        /* The compiler must not see through the pointer: an actor's handler is not known either. */
        __asm__ volatile("" : : "r"(neighbour) : "memory");
        if (neighbour->handle(neighbour, slot) != MYC_OK)
            break;
        raw.head++;
    }
    return (double)(myc_clock_ns(self) - start_ns) / count;
}

/* ---- ours ----------------------------------------------------------------------------------- */

struct passer {
    struct plan *plan;
    struct myc_ref other;
    uint64_t start_ns;
    uint32_t passed;
    uint32_t returning; /* messages still to come in after the last phase */
    unsigned repetition;
};

static const struct myc_type *const passer_accepts[] = { &bench_blast_type };

/* The neighbour sends everything back to whom it came from. */
static enum myc_status
neighbour_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state;
    return myc_send(self, message->from, &bench_blast_type, message->body, message->size);
}

static const struct myc_class neighbour_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_neighbour",
    .accepts = passer_accepts,
    .accepts_count = 1,
    .receive = neighbour_receive,
};

static enum myc_status
start_phase(struct myc_self *self, struct passer *passer)
{
    struct plan *plan = passer->plan;
    const struct bench_blast blast = { 0 };

    plan->result->raw[passer->repetition].p50_ns = raw_ns_per_message(self, plan->count);
    passer->passed = 0;
    passer->returning = IN_FLIGHT;
    passer->start_ns = myc_clock_ns(self);
    for (uint32_t i = 0; i < IN_FLIGHT; i++) {
        enum myc_status status = bench_blast_send(self, passer->other, &blast);

        if (status != MYC_OK)
            return status;
    }
    return MYC_OK;
}

static enum myc_status
end_phase(struct myc_self *self, struct passer *passer)
{
    struct plan *plan = passer->plan;
    double took_ns = (double)(myc_clock_ns(self) - passer->start_ns);

    /* Each message was passed there and back. */
    plan->result->fabric[passer->repetition++].p50_ns = took_ns / (2.0 * passer->passed);
    if (passer->repetition < plan->repetitions)
        return start_phase(self, passer);
    plan->result->count = passer->repetition;
    sem_post(&plan->done);
    return MYC_OK;
}

static enum myc_status
passer_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct passer *passer = state;
    enum myc_status status;

    if (args_size != sizeof(passer->plan))
        return MYC_INVALID;
    memcpy(&passer->plan, args, sizeof(passer->plan));
    status = myc_spawn(self, &neighbour_class, NULL, &passer->other);
    return status != MYC_OK ? status : start_phase(self, passer);
}

static enum myc_status
passer_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct passer *passer = state;

    if (!myc_message_is(message, &bench_blast_type))
        return MYC_OK;
    if (++passer->passed < passer->plan->count / 2)
        return myc_send(self, passer->other, &bench_blast_type, message->body, message->size);
    return --passer->returning ? MYC_OK : end_phase(self, passer);
}

static const struct myc_class passer_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_passer",
    .state_size = sizeof(struct passer),
    .accepts = passer_accepts,
    .accepts_count = 1,
    .init = passer_init,
    .receive = passer_receive,
};

enum myc_status
bench_dispatch(const struct bench_options *options, struct bench_result *result)
{
    const struct local_node_wish wish = { .node_id = LOCAL_NODE_ID, .lcore_count = 1 };
    struct plan plan = {
        .result = result,
        .repetitions = options->repetitions,
        .count = options->is_smoke ? SMOKE_COUNT : COUNT,
    };

    result->raw_name = "handler called through a bare ring of 128 B slots, ns a message";
    result->fabric_name = "send to a neighbour until its handler, ns a message";
    result->aim = 1.3;
    sem_init(&plan.done, 0, 0);
    return local_node_run(&wish, &passer_class, &plan, &plan.done);
}
