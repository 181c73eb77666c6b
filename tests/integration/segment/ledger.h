/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the processes of a test tell its driver, in memory that all of them map: it is still there
 * when one of them has been killed.
 */
#ifndef TESTS_INTEGRATION_SEGMENT_LEDGER_H
#define TESTS_INTEGRATION_SEGMENT_LEDGER_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/fault_point.h"

#define LEDGER_PLACES 24U

/* What a process is to do; written by the driver. */
enum ledger_order {
    LEDGER_RUN = 0, /* traffic with everybody */
    LEDGER_REST,    /* send nothing, hold nothing */
};

/* One process; written by it, but for `order`. */
struct ledger_place {
    _Atomic uint32_t order;      /* enum ledger_order */
    _Atomic uint32_t links;      /* that are up */
    _Atomic uint64_t sent;       /* accepted, of all sizes, with a number */
    _Atomic uint64_t unnumbered; /* accepted beside them */
    _Atomic uint64_t handed;     /* of these, published for sure */
    _Atomic uint64_t received;   /* by the actor */
    _Atomic uint64_t large;      /* of these, by reference */
    _Atomic uint64_t torn;       /* bodies whose checksum is wrong */
    _Atomic uint64_t disordered; /* messages that came after a later one, or twice */
    _Atomic uint64_t copied;     /* bodies that were copied on their way */
    _Atomic uint64_t bounced;    /* messages that came back, those in doubt among them */
    _Atomic uint64_t doubts;     /* messages in doubt */
    _Atomic uint32_t is_whole;   /* resting: nothing of the heap or the tables is taken */
    _Atomic uint32_t files;      /* resting: open descriptors */
    _Atomic uint32_t maps;       /* resting: segment mappings */
    _Atomic uint64_t passed[FAB_FAULT_COUNT];
};

struct ledger {
    struct ledger_place places[LEDGER_PLACES];
};

#endif
