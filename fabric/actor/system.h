/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records between cores (wire/system.h): sent over a link, on its reserve or in a cell of ours
 * until there is room, so that none is lost while the link is up.
 */
#ifndef FAB_ACTOR_SYSTEM_H
#define FAB_ACTOR_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/status.h>

struct fab_core;
struct fab_link;
struct fab_msg;

struct fab_system_record {
    uint16_t op; /* enum fab_system_op */
    /* Actor word, of the other core, with whose messages the record keeps its order: on a flow only
     * what is for one receiver is in order. A DOWN names the watcher. */
    uint64_t order;
    const void *body; /* the op's struct; not owned */
    uint32_t size;    /* bytes, 0 to FAB_CELL_BODY_SMALL */
};

/* Sends a system record over a link. When the link has no room even in its reserve the record waits
 * in a cell of ours and is sent first when there is room.
 * OK; NO_MEMORY (no cell to wait in); UNREACHABLE (the link is down: nothing was sent). */
enum myc_status fab_system_send(struct fab_core *core, struct fab_link *link,
                                const struct fab_system_record *record);

/* As fab_system_send, but with a small cell that the caller has reserved, which this takes over:
 * cannot fail, except that a link which is down swallows it (counted). */
void fab_system_send_reserved(struct fab_core *core, struct fab_link *link,
                              const struct fab_system_record *record);

/* Posts a record on the system lane, as fab_system_send; its `to` is what it keeps its order with
 * when it has one. For replies: `msg` is the whole header, without extensions. `*has_reserved`: the
 * caller has reserved a small cell, which this takes over if the record fits into one.
 * OK; NO_MEMORY (not with such a cell); UNREACHABLE. */
enum myc_status fab_link_post(struct fab_core *core, struct fab_link *link,
                              const struct fab_msg *msg, const void *body, bool *has_reserved);

/* Whether a message may leave behind the records that wait: never over a flow, and over another
 * link as long as no more messages than other records do. */
bool fab_link_may_queue(const struct fab_core *core, const struct fab_link *link);

/* The record of such a message, to be filled by the caller before anything else is sent; `total`
 * bytes of it, for the receiver `to`. NULL: it may not, or no cell is left. Call only while
 * something waits. */
struct fab_msg *fab_link_queue(struct fab_core *core, struct fab_link *link, uint64_t to,
                               uint32_t total);

/* Sends what waits for room. True: nothing waits any more. */
bool fab_link_drain(struct fab_core *core, struct fab_link *link);

/* A record of kind SYSTEM has come. */
void fab_system_receive(struct fab_core *core, struct fab_link *link, const struct fab_msg *msg);

#endif
