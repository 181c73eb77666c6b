/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of the control thread, from its first byte to the last release: a *place*.
 *
 *      state            waits for                  then
 *      FREE             -
 *      ACCEPTED         HELLO, or a tool's REQUEST WELCOME with our memory, READY_DUE; or answered
 *      READY_DUE        READY with its memory      UP, links handed over
 *      WELCOME_DUE      WELCOME with its memory    READY with our memory, UP_DUE   (we attach)
 *      UP_DUE           UP                         UP, links handed over           (we attach)
 *      UP               END, hang-up, cut          links told, ENDING
 *      ENDING           release by the lcores      FREE
 *
 * Who leaves by its own wish says END last, when its lcores have released the links: until then
 * they may read large bodies, which the other side takes back as soon as it hears of the end.
 *
 * Before UP a failure closes the connection, after END with a sentence where the other side may
 * want one. Private to node/control; everything runs on the control thread.
 */
#ifndef FAB_NODE_CONTROL_PLACE_H
#define FAB_NODE_CONTROL_PLACE_H

#include <stdatomic.h>

#include "node/control/access.h"
#include "node/control/attachment.h"
#include "node/control/control.h"
#include "node/control/socket.h"

#define FAB_CONTROL_NO_ATTACH UINT32_MAX

enum fab_place_state {
    FAB_PLACE_FREE = 0,
    FAB_PLACE_ACCEPTED,
    FAB_PLACE_READY_DUE,
    FAB_PLACE_WELCOME_DUE,
    FAB_PLACE_UP_DUE,
    FAB_PLACE_UP,
    FAB_PLACE_ENDING,
};

struct fab_place {
    enum fab_place_state state;
    int fd;               /* of the connection; -1: closed */
    int process_fd;       /* becomes readable when the peer's process ends; -1: none */
    uint32_t attach;      /* which of our attach paths it serves; FAB_CONTROL_NO_ATTACH: accepted */
    uint64_t deadline_ns; /* of the handshake */
    uint32_t peer_slots;
    int heap_fd; /* owned: the peer's heap, until it is mapped; -1: none */
    uint64_t heap_size;
    struct fab_control_credentials credentials;
    const struct fab_reach *reach; /* whom the peer may reach here; NULL: everybody */
    struct fab_control_peer peer;
    struct fab_attachment attachment;
    bool has_attachment;
    bool owes_goodbye; /* ENDING by our own wish: the other side is told when the links are released
                        */
};

/* One path that we attach to. */
struct fab_attach {
    char *path; /* owned; NULL: a connection that was given, and does not come again */
    uint64_t retry_ns;
    bool is_served;           /* a place works on it, or holds it */
    enum myc_status reported; /* last failure that was logged, so that each is logged once */
};

struct fab_control {
    struct fab_control_options options; /* strings are owned copies */
    char name[FAB_CONTROL_NAME_SIZE];
    struct fab_access access;
    uint64_t home;
    int epoll_fd;
    int stop_fd;    /* eventfd */
    int joining[2]; /* pipe: descriptors of connections of our own process, for the thread */
    int listen_fd;
    struct fab_control_place socket_place;
    struct fab_attach attaches[FAB_CONTROL_ATTACH_MAX + 1U]; /* the last one: what was given */
    struct fab_place places[FAB_CONTROL_PLACES];
    struct fab_control_counters counters; /* written by the thread, read by anybody */
    unsigned long thread;                 /* pthread_t */
    bool is_running;
    bool is_stopping;
    _Atomic bool has_stopped; /* set by the thread at its end */
};

/* handshake.c: what a packet does to a place that is not up. */
void fab_place_on_packet(struct fab_control *control, struct fab_place *place,
                         const union fab_control_packet *packet, int passed);
/* Sends HELLO on a connection of ours. */
void fab_place_begin(struct fab_control *control, struct fab_place *place);

/* place.c: ends. */

/* Ends a place in any state: END to the other side when `says_so`, links told when it was up. */
void fab_place_end(struct fab_control *control, struct fab_place *place, enum myc_status reason,
                   const char *text, bool says_so);
/* An up place: fills in its peer and hands its links over. */
void fab_place_up(struct fab_control *control, struct fab_place *place);
/* Frees an ending place whose links are all released (or in any case when forced). */
void fab_place_reclaim(struct fab_control *control, struct fab_place *place, bool is_forced);
/* Whether the other side's process or socket has ended, asked now. */
bool fab_place_is_dead(const struct fab_place *place);
/* An attempt to attach has failed: reported once for each cause, tried again later. */
void fab_attach_failed(struct fab_control *control, uint32_t attach, enum myc_status status,
                       const char *text);

/* Adds one. */
static inline void
fab_control_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* What an epoll event is for: one of the fixed ones, or a place, by socket or by process. */
enum fab_token_kind {
    FAB_TOKEN_STOP = 0,
    FAB_TOKEN_LISTEN,
    FAB_TOKEN_SOCKET,
    FAB_TOKEN_PROCESS,
    FAB_TOKEN_JOIN,
};

/* `index`: of the place; 0 for the fixed ones. */
static inline uint64_t
fab_control_token(enum fab_token_kind kind, uint32_t index)
{
    return (uint64_t)kind << 32 | index;
}

/* control.c: the thread, with its clock and epoll. */
void *fab_control_main(void *control);
uint64_t fab_control_now_ns(void);
bool fab_control_watch(struct fab_control *control, int fd, uint64_t token);

#endif
