/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread of a node or client: who is attached over segments.
 *
 * It listens at the control socket, attaches to other nodes and keeps trying while they are not
 * there, sees at once when a peer dies (its socket closes, its pidfd becomes readable), and answers
 * tools. It blocks in epoll; nothing of it runs on an lcore. Links go to lcores, and come back,
 * by doors (door.h).
 *
 *      listening -> accepted --HELLO--> --READY--> up -> ending (lcores drain and release) -> free
 *      attaching -> connected -WELCOME-> --UP----> up -> ending -> free, and attaching again
 *
 * Everything that a peer can do to it has an end: a handshake takes FAB_CONTROL_HANDSHAKE_MS at
 * most, peers and half-open connections have a place each out of FAB_CONTROL_PLACES, and what is
 * not a packet closes the connection.
 */
#ifndef FAB_NODE_CONTROL_CONTROL_H
#define FAB_NODE_CONTROL_CONTROL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "link/segment.h"
#include "node/control/packet.h"

#include <mycelium/node.h>

#define FAB_CONTROL_PLACES       96U   /* attached peers, half-open ones and tools together */
#define FAB_CONTROL_ATTACH_MAX   64U   /* sockets to attach to */
#define FAB_CONTROL_HANDSHAKE_MS 5000U /* a connection that is not up by then is closed */
#define FAB_CONTROL_RETRY_MS     25U   /* between tries to attach */
#define FAB_CONTROL_REFUSED_MS   500U  /* the same, after the other side refused */
#define FAB_CONTROL_TICK_MS      20U   /* between looks at what lcores have set */
#define FAB_CONTROL_STOP_MS      1000U /* for the lcores to release their links at the stop */

#define FAB_CLIENT_ID_MIN 61440U
#define FAB_CLIENT_ID_MAX 65534U

struct fab_control;

/* Counters of who came and went; each end of a connection that was not wished for adds one to
 * exactly one of the last five. */
/* clang-format off */
#define FAB_CONTROL_COUNTERS(X)                                                                  \
    X(attached, "processes of the host that were attached")                                      \
    X(detached, "processes of the host that left, ended or were cut off")                        \
    X(cut_off, "attached processes that were cut off, for nonsense in their memory or packets")  \
    X(refused, "processes that may not attach")                                                  \
    X(misbehaved, "connections that ended before they were attached: wrong packets or memory")   \
    X(timed_out, "connections that did not get to the end of their handshake in time")           \
    X(crowded, "connections that found no place free")
/* clang-format on */

struct fab_control_counters {
#define FAB_CONTROL_COUNTER_FIELD(name, text) _Atomic uint64_t name;
    FAB_CONTROL_COUNTERS(FAB_CONTROL_COUNTER_FIELD)
#undef FAB_CONTROL_COUNTER_FIELD
};

/* An attached node or client. Valid until on_detached returns. */
struct fab_control_peer {
    uint64_t home;
    pid_t pid; /* 0: not known */
    uint8_t lcore_count;
    bool is_client;
    char name[FAB_CONTROL_NAME_SIZE];
    /* For each pair: [our lcore * lcore_count + peer's lcore]. Not owned. */
    struct fab_segment_link *links;
    uint32_t link_count;
    uint32_t attach; /* index of the socket that led to it; FAB_CONTROL_NO_ATTACH: it came */
};

/* What the control thread tells its node; all are called on the control thread. NULL: nobody cares,
 * except on_attached and on_detached. */
struct fab_control_ops {
    /* A peer is there: its links are to be handed to their lcores (fab_door_hand_over). */
    void (*on_attached)(void *context, const struct fab_control_peer *peer);
    /* It has gone, and its links have been told so: the doors are to be told (fab_door_retire). */
    void (*on_detached)(void *context, const struct fab_control_peer *peer, enum myc_status reason);
    /* An attempt to attach has failed, and will be repeated. */
    void (*on_attach_failed)(void *context, const char *path, enum myc_status status,
                             const char *text);
    /* A tool asks; answers text in memory from malloc, or NULL for a request that nobody knows. */
    char *(*on_request)(void *context, const char *request);
    /* A client has been given its home word, before it is attached first. */
    void (*on_given_home)(void *context, uint64_t home);
};

struct fab_control_options {
    size_t size;   /* sizeof(struct fab_control_options) */
    uint64_t home; /* of the node; of a client: the incarnation alone, or a home given before */
    bool is_client;
    bool wants_huge; /* segments on hugepages where there are any */
    uint8_t lcore_count;
    const int *sockets; /* NUMA node of each lcore; NULL: any; not owned, outlives the control */
    uint32_t slots;     /* of each ring that we send on */
    int heap_fd;        /* sealed memfd with our heaps, an equal part each; not owned */
    uint64_t heap_size; /* bytes of it; 0: there is none */
    const char *name;   /* copied, cut to 31 bytes */
    const char *path;   /* to listen at; NULL: nobody attaches to us; copied */
    unsigned mode;      /* file mode of the socket */
    const struct myc_attach_rule *allow; /* who may attach; copied */
    uint32_t allow_count;                /* 0: as the mode says */
    const char *const *attach;           /* copied */
    uint32_t attach_count;               /* 0 to FAB_CONTROL_ATTACH_MAX */
    int connection_fd; /* to attach over beside them, once; taken over on OK; 0: none */
    struct fab_control_ops ops;
    void *context; /* not owned */
};

/* Listens and starts the thread. On failure `error` says what and how to mend it.
 * OK; EXISTS (the socket is in use); INVALID; REFUSED; NO_MEMORY; IO_ERROR. Context: main thread.
 */
enum myc_status fab_control_create(const struct fab_control_options *options,
                                   struct fab_control **control, char *error, size_t error_size);

/* A connection for somebody of our own process, who attaches over it: an open descriptor, which is
 * the caller's; -1: none can be made. Context: any thread, not after stop has begun. */
int fab_control_join(struct fab_control *control);

/* Says goodbye to all peers, waits up to FAB_CONTROL_STOP_MS for the lcores to release their links
 * and ends the thread. Context: main thread, while the lcores still poll. */
void fab_control_stop(struct fab_control *control);

/* Begins the stop and returns; for one whose own thread polls the lcore. has_stopped tells when
 * stop will not wait any more. Context: main thread. */
void fab_control_stop_begin(struct fab_control *control);
bool fab_control_has_stopped(const struct fab_control *control);

/* Frees everything. NULL inside is fine. Context: main thread, after stop, when no lcore polls. */
void fab_control_destroy(struct fab_control **control);

/* Calls `each` for every counter, its name behind "processes_". Context: any thread. */
void fab_control_counter_each(const struct fab_control *control,
                              void (*each)(void *context, const char *name, const char *text,
                                           uint64_t value),
                              void *context);

/* Every peer that is up. Context: control thread, within on_request. */
void fab_control_each_peer(const struct fab_control *control,
                           void (*each)(void *context, const struct fab_control_peer *peer),
                           void *context);

#endif
