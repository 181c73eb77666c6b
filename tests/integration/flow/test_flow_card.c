/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Large bodies over cards that read them by DMA, or would if they could: cards in software
 * (fake_card.h), which read what is attached to a frame where the frame says that it is on the bus,
 * and only if it is mapped there. tests/vm has real drivers and an emulated IOMMU; here is what
 * these do not show: refusals, pages in no order, what is done when.
 */
#include "support/cmocka.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#include <mycelium/node.h>

#include "fake_card.h"
#include "support/flow_driver.h"

static_assert(FAKE_CARD_PAGE == FLOW_BODIES_PAGE, "a heap of such pages");

#define WAIT_MS    60000U
#define COUNT      400U
#define LARGE_SIZE 20000U /* no part needs a pad */
#define SIDES      2U

struct side {
    struct driver driver;
    struct rte_ring *ring; /* of the port; not owned */
};

static struct side sides[SIDES];
static struct rte_mempool *wire_pool;
static uint64_t unread; /* pieces of frames that the card could not read */

/* The bytes of a piece as the card reads them; NULL: it cannot. */
static const uint8_t *
read_piece(const struct rte_mbuf *piece)
{
    uint64_t iova = rte_mbuf_data_iova(piece);

    if (!RTE_MBUF_HAS_EXTBUF(piece))
        return rte_pktmbuf_mtod(piece, const uint8_t *);
    if (!fake_card_may_read(iova, piece->data_len))
        return NULL;
    return fake_card.is_physical ? fake_card_memory(iova) : (const uint8_t *)(uintptr_t)iova;
}

/* As a device that reads by DMA would send it. */
static struct rte_mbuf *
read_frame(const struct rte_mbuf *frame)
{
    struct rte_mbuf *copy = rte_pktmbuf_alloc(wire_pool);

    assert_non_null(copy);
    for (const struct rte_mbuf *piece = frame; piece; piece = piece->next) {
        const uint8_t *bytes = read_piece(piece);

        unread += bytes == NULL;
        if (bytes)
            memcpy(rte_pktmbuf_append(copy, piece->data_len), bytes, piece->data_len);
    }
    return copy;
}

static unsigned
turn(struct side *side, struct side *other)
{
    unsigned work = driver_turn(&side->driver);
    unsigned rest = rte_ring_count(side->ring);
    void *mbuf;

    for (; rest > 0 && rte_ring_dequeue(side->ring, &mbuf) == 0; rest--) {
        if (((struct rte_mbuf *)mbuf)->pool == wire_pool) { /* it has not read it yet */
            rte_ring_enqueue(side->ring, mbuf);
            continue;
        }
        rte_ring_enqueue(other->ring, read_frame(mbuf));
        rte_pktmbuf_free(mbuf);
    }
    return work;
}

static void
open_side(unsigned index, enum fab_security security, uint32_t size)
{
    struct side *side = &sides[index];
    char device[32], ring[32];
    void *stale;
    const struct driver_options options = {
        .device = device,
        .node_id = (uint16_t)(index + 1),
        .incarnation = index + 10,
        .address = index == 0 ? "10.9.0.1/24" : "10.9.0.2/24",
        .peer_node = (uint16_t)(2 - index),
        .peer_address = index == 0 ? "10.9.0.2" : "10.9.0.1",
        .poll_gap_us = 100000,
        .security = security,
        .large_size = size,
        .has_dma = true,
    };

    memset(side, 0, sizeof(*side));
    snprintf(device, sizeof(device), "net_ring%u,", index);
    snprintf(ring, sizeof(ring), "ETH_RXTX0_net_ring%u", index);
    if (driver_open(&side->driver, &options) != MYC_OK)
        fail_msg("%s", side->driver.error);
    side->ring = rte_ring_lookup(ring);
    assert_non_null(side->ring);
    while (rte_ring_dequeue(side->ring, &stale) == 0)
        ;
}

static void
close_side(struct side *side)
{
    void *mbuf;

    while (rte_ring_dequeue(side->ring, &mbuf) == 0)
        rte_pktmbuf_free(mbuf);
    driver_close(&side->driver);
}

static bool
is_done(void)
{
    for (unsigned i = 0; i < SIDES; i++)
        if (driver_received(&sides[i].driver) < COUNT || !driver_is_drained(&sides[i].driver))
            return false;
    return true;
}

static uint64_t
counted(unsigned side, const char *name)
{
    return driver_counter(&sides[side].driver, name);
}

/* Every part that left is counted in one way, and what was lent is home. */
static void
check_side(unsigned index)
{
    const struct driver *driver = &sides[index].driver;

    assert_int_equal(driver_received(driver), COUNT);
    assert_int_equal(driver_misplaced(driver), 0);
    assert_int_equal(driver->links[0].torn, 0);
    assert_int_equal(driver->links[0].received_hash, sides[1 - index].driver.links[0].sent_hash);
    assert_true(counted(index, "parts_sent") >= COUNT / 4 * (LARGE_SIZE / 1500));
    assert_int_equal(counted(index, "parts_attached") + counted(index, "parts_astride") +
                         counted(index, "parts_unattached") + counted(index, "parts_copied"),
                     counted(index, "parts_sent"));
    assert_true(flow_bodies_are_home(&driver->bodies));
}

/* Bodies both ways; the sides stay open. */
static void
exchange(enum fab_security security)
{
    uint64_t end_ns = driver_now_ns() + WAIT_MS * 1000000ULL;

    unread = 0;
    for (unsigned i = 0; i < SIDES; i++) {
        open_side(i, security, LARGE_SIZE);
        sides[i].driver.links[0].to_send = COUNT;
    }
    while (!is_done() && driver_now_ns() < end_ns)
        for (unsigned i = 0; i < SIDES; i++)
            turn(&sides[i], &sides[1 - i]);
    assert_int_equal(unread, 0);
    for (unsigned i = 0; i < SIDES; i++)
        check_side(i);
}

static void
close_sides(void)
{
    for (unsigned i = 0; i < SIDES; i++)
        close_side(&sides[i]);
    assert_int_equal(rte_mempool_in_use_count(wire_pool), 0);
}

static const char *
said(unsigned side)
{
    return fab_port_info(sides[side].driver.port)->bodies;
}

/* --- without a copy --------------------------------------------------------------------------- */

static void
test_bodies_leave_mapped_memory_without_a_copy(void **state)
{
    (void)state;
    fake_card_reset();
    exchange(FAB_SECURITY_OFF);
    for (unsigned i = 0; i < SIDES; i++)
        assert_int_equal(counted(i, "parts_attached"), counted(i, "parts_sent"));
    assert_string_equal(said(0), "without a copy: net_card reads them in the heap, by virtual "
                                 "addresses");
    close_sides();
    /* Each side has a heap of its own. */
    assert_string_equal(fake_card_log(), "register map register map unmap unregister unmap "
                                         "unregister");
}

static void
test_authenticated_bodies_leave_without_a_copy(void **state)
{
    (void)state;
    fake_card_reset();
    exchange(FAB_SECURITY_AUTH);
    for (unsigned i = 0; i < SIDES; i++) {
        assert_int_equal(counted(i, "parts_attached"), counted(i, "parts_sent"));
        assert_int_equal(counted(i, "refused_tag"), 0);
    }
    close_sides();
}

/* Encrypting writes them elsewhere anyway: that is the copy. */
static void
test_encrypted_bodies_are_copied_into_their_frames(void **state)
{
    (void)state;
    fake_card_reset();
    exchange(FAB_SECURITY_ENCRYPT);
    for (unsigned i = 0; i < SIDES; i++) {
        assert_int_equal(counted(i, "parts_copied"), counted(i, "parts_sent"));
        assert_int_equal(counted(i, "refused_tag"), 0);
    }
    close_sides();
}

/* Parts that the card sees in two pieces are copied; the others leave from where they are. */
static void
test_parts_astride_pages_in_no_order_are_copied(void **state)
{
    (void)state;
    fake_card_reset();
    fake_card.is_physical = true;
    exchange(FAB_SECURITY_OFF);
    for (unsigned i = 0; i < SIDES; i++) {
        assert_true(counted(i, "parts_astride") > 0);
        assert_true(counted(i, "parts_attached") > 5 * counted(i, "parts_astride"));
        assert_int_equal(counted(i, "parts_copied") + counted(i, "parts_unattached"), 0);
    }
    assert_string_equal(said(0), "without a copy: net_card reads them in the heap, by physical "
                                 "addresses");
    close_sides();
}

/* --- env/dma.h by itself ---------------------------------------------------------------------- */

#define PAGES 10U

static _Alignas(FAKE_CARD_PAGE) uint8_t memory[PAGES * FAKE_CARD_PAGE];

static struct rte_device *
device_of(uintptr_t number)
{
    return (struct rte_device *)number; /* nobody looks into it here */
}

static void
init_physical(struct fab_dma *dma)
{
    fake_card_reset();
    fake_card.is_physical = true;
    fab_dma_init(dma, memory, sizeof(memory), FAKE_CARD_PAGE);
}

/* By physical addresses a card sees runs of pages, and bytes within one of them. */
static void
test_pages_in_no_order_are_seen_in_runs(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    init_physical(&dma);
    assert_true(fab_dma_map(&dma, device_of(1), reason));
    for (size_t at = 0; at + 2000 <= sizeof(memory); at += 1000) {
        uint64_t iova = fab_dma_iova(&dma, memory + at, 2000);
        uintptr_t first = (uintptr_t)memory + at;
        size_t run = (size_t)FAKE_CARD_RUN * FAKE_CARD_PAGE;
        bool is_astride = first / run != (first + 1999) / run;

        assert_int_equal(iova == FAB_DMA_NONE, is_astride);
        if (is_astride)
            continue;
        assert_ptr_equal(fake_card_memory(iova), memory + at);
        assert_true(fake_card_may_read(iova, 2000));
    }
    assert_true(fab_dma_iova(&dma, memory + sizeof(memory) - 10, 11) == FAB_DMA_NONE);
    assert_true(fab_dma_iova(&dma, &dma, 1) == FAB_DMA_NONE);
    fab_dma_unmap(&dma, device_of(1));
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "register map*4 unmap*4 unregister");
}

/* The second of them has it from the first, and it lasts to the end of the last. */
static void
test_cards_of_vfio_share_one_mapping(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    fake_card_reset();
    fake_card.has_vfio = true;
    fab_dma_init(&dma, memory, sizeof(memory), FAKE_CARD_PAGE);
    assert_true(fab_dma_map(&dma, device_of(1), reason));
    assert_true(fab_dma_map(&dma, device_of(2), reason));
    assert_string_equal(fake_card_log(), "register map");
    fab_dma_unmap(&dma, device_of(1));
    assert_true(fake_card_may_read((uintptr_t)memory, sizeof(memory)));
    fab_dma_unmap(&dma, device_of(2));
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "register map unmap unregister");
}

static void
test_other_cards_have_a_mapping_each(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    fake_card_reset();
    fab_dma_init(&dma, memory, sizeof(memory), FAKE_CARD_PAGE);
    assert_true(fab_dma_map(&dma, device_of(1), reason));
    assert_true(fab_dma_map(&dma, device_of(2), reason));
    fab_dma_unmap(&dma, device_of(2));
    fab_dma_unmap(&dma, device_of(1));
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "register map*2 unmap*2 unregister");
}

/* Of four runs the third is refused: the first two are given back. */
static void
test_a_mapping_that_fails_half_way_leaves_nothing(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    init_physical(&dma);
    fake_card.map_error = ENOMEM;
    fake_card.map_fails_from = 2;
    assert_false(fab_dma_map(&dma, device_of(1), reason));
    assert_string_equal(reason, "the heap cannot be mapped for the card: Cannot allocate memory");
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "register map*2 unmap*2 unregister");
}

/* uio: no IOMMU, no mapping, and physical addresses as they are. */
static void
test_a_card_without_a_way_to_map_reads_physical_memory(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    init_physical(&dma);
    fake_card.map_error = ENOTSUP;
    assert_true(fab_dma_map(&dma, device_of(1), reason));
    fab_dma_unmap(&dma, device_of(1));
    fake_card.bus = "dpaa_bus"; /* whoever has a mapping of its own cannot do without */
    assert_false(fab_dma_map(&dma, device_of(1), reason));
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "register unregister");
}

static void
test_what_no_card_could_read_is_refused(void **state)
{
    char reason[FAB_DMA_REASON_SIZE];
    struct fab_dma dma;

    (void)state;
    init_physical(&dma);
    fake_card.is_unknown = true;
    assert_false(fab_dma_map(&dma, device_of(1), reason));
    assert_non_null(strstr(reason, "physical addresses of the heap are not to be known"));
    fake_card.is_unknown = false;
    fab_dma_fini(&dma);
    fab_dma_init(&dma, memory, sizeof(memory), 4096); /* of the kernel's own size */
    assert_false(fab_dma_map(&dma, device_of(1), reason));
    assert_non_null(strstr(reason, "small pages, which may move"));
    fab_dma_fini(&dma);
    assert_string_equal(fake_card_log(), "");
}

/* --- with one copy ---------------------------------------------------------------------------- */

/* The bodies arrive all the same, and the port says why they are copied. */
static void
expect_copies(const char *why)
{
    exchange(FAB_SECURITY_OFF);
    for (unsigned i = 0; i < SIDES; i++) {
        assert_int_equal(counted(i, "parts_copied"), counted(i, "parts_sent"));
        assert_non_null(strstr(said(i), "with one copy: "));
        assert_non_null(strstr(said(i), why));
    }
    close_sides();
}

static void
test_bodies_are_copied_where_the_eal_does_not_take_the_heap(void **state)
{
    (void)state;
    fake_card_reset();
    fake_card.register_error = ENOSPC;
    expect_copies("the EAL does not take the heap: No space left on device");
    assert_string_equal(fake_card_log(), "");
}

static void
test_bodies_are_copied_where_the_card_cannot_map_them(void **state)
{
    (void)state;
    fake_card_reset();
    fake_card.map_error = ENOMEM;
    expect_copies("the heap cannot be mapped for the card: Cannot allocate memory");
    assert_string_equal(fake_card_log(), "register*2 unregister*2");
}

static void
test_bodies_are_copied_where_the_driver_takes_no_chains(void **state)
{
    (void)state;
    fake_card_reset();
    fake_card.has_no_chains = true;
    expect_copies("net_card takes no frames in several buffers");
    assert_string_equal(fake_card_log(), "");
}

/* virtio-user is no card, and whoever is behind it maps the EAL's memory only. */
static void
test_bodies_are_copied_for_virtual_devices_that_are_not_known(void **state)
{
    (void)state;
    fake_card_reset();
    fake_card.driver = "net_virtio_user";
    fake_card.bus = "vdev";
    expect_copies("net_virtio_user is not known to read other memory than the EAL's");
    assert_string_equal(fake_card_log(), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bodies_leave_mapped_memory_without_a_copy),
        cmocka_unit_test(test_authenticated_bodies_leave_without_a_copy),
        cmocka_unit_test(test_encrypted_bodies_are_copied_into_their_frames),
        cmocka_unit_test(test_parts_astride_pages_in_no_order_are_copied),
        cmocka_unit_test(test_pages_in_no_order_are_seen_in_runs),
        cmocka_unit_test(test_cards_of_vfio_share_one_mapping),
        cmocka_unit_test(test_other_cards_have_a_mapping_each),
        cmocka_unit_test(test_a_mapping_that_fails_half_way_leaves_nothing),
        cmocka_unit_test(test_a_card_without_a_way_to_map_reads_physical_memory),
        cmocka_unit_test(test_what_no_card_could_read_is_refused),
        cmocka_unit_test(test_bodies_are_copied_where_the_eal_does_not_take_the_heap),
        cmocka_unit_test(test_bodies_are_copied_where_the_card_cannot_map_them),
        cmocka_unit_test(test_bodies_are_copied_where_the_driver_takes_no_chains),
        cmocka_unit_test(test_bodies_are_copied_for_virtual_devices_that_are_not_known),
    };

    driver_start_eal("card", 256);
    wire_pool = rte_pktmbuf_pool_create("wire", 8191, 0, 0, 2048 + RTE_PKTMBUF_HEADROOM, 0);
    if (!wire_pool)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
