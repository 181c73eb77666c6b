/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The segments of a full node: the control socket, the nodes that it attaches to, and the way of
 * their links into and out of the lcores.
 */
#ifndef FAB_NODE_SEGMENTS_H
#define FAB_NODE_SEGMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/status.h>

struct fab_full;
struct fab_segments;

/* Makes a door for each lcore. OK; NO_MEMORY. Context: main thread, before the lcores run. */
enum myc_status fab_segments_create(struct fab_full *full, struct fab_segments **segments);

/* Listens at the control socket, if there is one, and begins to attach to the others; both go on in
 * a control thread. On failure the options' error text is written. OK; EXISTS (the socket is in
 * use); REFUSED; INVALID; IO_ERROR; NO_MEMORY. Context: main thread, when the lcores run. */
enum myc_status fab_segments_open(struct fab_segments *segments);

/* The counters of its control thread; none before it is open. Context: any thread. */
void fab_segments_counter_each(const struct fab_segments *segments,
                               void (*each)(void *context, const char *name, const char *text,
                                            uint64_t value),
                               void *context);

/* Asks the control thread to end, without waiting for it. NULL is fine. Context: as stop. */
void fab_segments_stop_begin(struct fab_segments *segments);

/* Whether it has; true when there is none. Context: as stop. */
bool fab_segments_have_stopped(const struct fab_segments *segments);

/* As fab_control_join; -1 also when nothing is open. */
int fab_segments_join(struct fab_segments *segments);

/* Ends the control thread and detaches from all peers. NULL is fine. Context: main thread, while
 * the lcores still run. */
void fab_segments_stop(struct fab_segments *segments);

/* Frees what stop left. NULL inside is fine. Context: main thread, when no lcore runs. */
void fab_segments_destroy(struct fab_segments **segments);

#endif
