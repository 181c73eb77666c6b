/* SPDX-License-Identifier: BSD-3-Clause */
#include "raw_ring.h"

#include <string.h>

#include <mycelium/dpdk.h>

#define BURST 32U
/* Each ring with its slots, rounded up to whole lines. */
#define ALIGN_LINE(size) (((size_t)(size) + 63) & ~(size_t)63)

struct raw_slot {
    uint64_t sequence;
    uint8_t bytes[RAW_RING_SLOT_SIZE - sizeof(uint64_t)];
};

static size_t
one_ring_size(void)
{
    return ALIGN_LINE(rte_ring_get_memsize_elem(RAW_RING_SLOT_SIZE, RAW_RING_SLOTS));
}

size_t
raw_ring_size(void)
{
    return 2 * one_ring_size();
}

void
raw_ring_attach(struct raw_ring *ring, void *memory)
{
    ring->there = memory;
    ring->back = (void *)((uint8_t *)memory + one_ring_size());
}

enum myc_status
raw_ring_init(struct raw_ring *ring, void *memory)
{
    const unsigned flags = RING_F_SP_ENQ | RING_F_SC_DEQ;

    raw_ring_attach(ring, memory);
    if (rte_ring_init(ring->there, "there", RAW_RING_SLOTS, flags) != 0 ||
        rte_ring_init(ring->back, "back", RAW_RING_SLOTS, flags) != 0)
        return MYC_NO_MEMORY;
    return MYC_OK;
}

static void
put(struct rte_ring *ring, const struct raw_slot *slot)
{
    while (rte_ring_sp_enqueue_elem(ring, (void *)(uintptr_t)slot, sizeof(*slot)) != 0)
        rte_pause();
}

static void
take(struct rte_ring *ring, struct raw_slot *slot)
{
    while (rte_ring_sc_dequeue_elem(ring, slot, sizeof(*slot)) != 0)
        rte_pause();
}

static uint32_t
raw_ping(void *context, struct myc_self *self, uint64_t *samples_ns, uint32_t count)
{
    struct raw_ring *ring = context;
    struct raw_slot slot = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        uint64_t start_ns = myc_clock_ns(self);

        slot.sequence = i;
        put(ring->there, &slot);
        take(ring->back, &slot);
        samples_ns[i] = myc_clock_ns(self) - start_ns;
    }
    return count;
}

static void
raw_echo(void *context, struct myc_self *self, uint32_t count)
{
    struct raw_ring *ring = context;
    struct raw_slot slot;

    (void)self;
    for (uint32_t i = 0; i < count; i++) {
        take(ring->there, &slot);
        put(ring->back, &slot);
    }
}

static uint64_t
raw_blast(void *context, struct myc_self *self, uint32_t count)
{
    struct raw_ring *ring = context;
    struct raw_slot slots[BURST];
    uint64_t start_ns = myc_clock_ns(self);
    uint32_t sent = 0;

    memset(slots, 0, sizeof(slots));
    while (sent < count) {
        unsigned want = count - sent < BURST ? count - sent : BURST;

        for (unsigned i = 0; i < want; i++)
            slots[i].sequence = sent + i;
        sent += rte_ring_sp_enqueue_burst_elem(ring->there, slots, sizeof(slots[0]), want, NULL);
    }
    return start_ns;
}

static uint32_t
raw_drain(void *context, struct myc_self *self, uint32_t count, uint64_t *end_ns)
{
    struct raw_ring *ring = context;
    struct raw_slot slots[BURST];
    uint32_t received = 0;

    while (received < count)
        received +=
            rte_ring_sc_dequeue_burst_elem(ring->there, slots, sizeof(slots[0]), BURST, NULL);
    *end_ns = myc_clock_ns(self);
    return received;
}

void
raw_ring_ops(struct raw_ring *ring, struct bench_raw *raw)
{
    *raw = (struct bench_raw){ ring, raw_ping, raw_echo, raw_blast, raw_drain, NULL };
}
