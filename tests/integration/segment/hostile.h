/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that plays a hostile or broken peer: it speaks the handshake as it should, or not, and
 * then writes what it likes into every byte that it can write to.
 */
#ifndef TESTS_INTEGRATION_SEGMENT_HOSTILE_H
#define TESTS_INTEGRATION_SEGMENT_HOSTILE_H

#include <stdint.h>
#include <sys/types.h>

#define HOSTILE_ID 4U /* its node id */

enum hostile_kind {
    HOSTILE_BYTES = 0, /* random bytes at random places, indices and slots */
    HOSTILE_INDICES,   /* tail and head alone */
    HOSTILE_RECORDS,   /* whole records with random fields, changed while they are read */
    HOSTILE_LOANS,     /* bodies that lie outside its heap, loans that are not there */
    HOSTILE_MEMORY,    /* memory that is not sealed, shrunk, of another size, no memory at all */
    HOSTILE_PACKETS,   /* wrong packets, in any order, with descriptors that do not belong there */
    HOSTILE_FLOOD,     /* more connections and requests than there are places */
    HOSTILE_KIND_COUNT
};

/* Starts the process, which ends with 0 when it was cut off or has done its worst, and with 1 when
 * it was given something that no peer may have: the victim's memory to write to. */
pid_t hostile_start(const char *path, enum hostile_kind kind, uint64_t seed);

/* Of every program that starts such processes, first: does not return when it is one of them. */
void hostile_main(int argc, char **argv);

#endif
