/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK's answers about cards, in place of its own: two ports of net_ring are cards on a PCI bus,
 * which see memory by addresses of their own making, and whoever maps memory for them is written
 * down. Made of functions with the names of DPDK's, which the loader takes first.
 */
#ifndef TESTS_INTEGRATION_FLOW_FAKE_CARD_H
#define TESTS_INTEGRATION_FLOW_FAKE_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_CARD_LOG_SIZE 1024U

/* How the cards are. */
struct fake_card {
    const char *driver;      /* NULL: as it is */
    const char *bus;         /* NULL: as it is */
    bool has_no_chains;      /* its driver does not take MULTI_SEGS */
    bool is_physical;        /* addresses are those of memory, and pages stand in no order there */
    bool is_unknown;         /* these are not to be known */
    bool has_vfio;           /* vfio-pci has the cards */
    int register_error;      /* rte_errno of it; 0: it is done */
    int map_error;           /* likewise, of the map with this number and those after it */
    unsigned map_fails_from; /* from 0 */
};

#define FAKE_CARD_PAGE 8192U /* bytes of a page, where they stand in no order */
#define FAKE_CARD_RUN  3U    /* pages that stand in theirs: those from a multiple of it on */

extern struct fake_card fake_card;

/* What was done since fake_card_reset, in order, as words: "register", "map", "unmap",
 * "unregister", each with the number of its kind where a run of them stands: "map*3". */
const char *fake_card_log(void);

/* A card as any other, with an empty log. */
void fake_card_reset(void);

/* Where the memory is that a card calls `iova`; of what is physical, and not the EAL's. */
const uint8_t *fake_card_memory(uint64_t iova);

/* Whether a card may read `size` bytes there: all of them are mapped now. */
bool fake_card_may_read(uint64_t iova, size_t size);

#endif
