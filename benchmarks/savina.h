/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Savina benchmarks: eight of the suite and the creation of actors, at each placement.
 *
 * A driver on lcore 0 has workers spawned, tells them of each other, starts them, and sums up what
 * they say when they are done; it checks the sum. Worker i lives at place i modulo the number of
 * places: one place is the driver's own lcore, a second one is another lcore, another process
 * (segment), or another node (port). At each place waits a nursery, an actor that spawns what the
 * driver asks for, so nothing else knows how far a place is. Setting up is not part of the time.
 *
 *      driver --Wanted--> nursery --spawn--> worker --Here--> driver       (one after the other)
 *      driver --Introduce, Start--> workers  ... what is measured ...  workers --Done--> driver
 *      driver --Goodbye--> workers
 *
 * Sizes, the same in the peers: 60 workers of fork-join, 100 members of the ring, 120 of big, 100
 * chameneos, 40 producers and 40 consumers around 50 places, 1000 accounts with 256 transfers under
 * way, 64 actors created at once. Work that Savina puts into a handler is left out: what is
 * measured is the fabric.
 */
#ifndef BENCHMARKS_SAVINA_H
#define BENCHMARKS_SAVINA_H

#include <stdatomic.h>

#include <mycelium/actor.h>

#include "bench.h"
#include "savina_messages.h"

#define SAVINA_FORK_JOIN_WORKERS 60U
#define SAVINA_RING_MEMBERS      100U
#define SAVINA_BIG_ACTORS        120U
#define SAVINA_CHAMENEOS         100U
#define SAVINA_SIDE_ACTORS       40U
#define SAVINA_BUFFER_PLACES     50U
#define SAVINA_ACCOUNTS          1000U
#define SAVINA_WINDOW            256U
#define SAVINA_AT_ONCE           64U
#define SAVINA_BALANCE           1000000
#define SAVINA_WORKERS_MAX       1001U

enum savina_role_name {
    ROLE_PING = 0,
    ROLE_PONG,
    ROLE_MASTER, /* sends items to all others, in turn */
    ROLE_COUNTER,
    ROLE_FORKER,
    ROLE_RING_MEMBER,
    ROLE_BIG,
    ROLE_MALL,
    ROLE_CHAMENEO,
    ROLE_MANAGER,
    ROLE_PRODUCER,
    ROLE_CONSUMER,
    ROLE_TELLER,
    ROLE_ACCOUNT,
    ROLE_COUNT
};

/* What every worker's state begins with. */
struct savina_worker {
    const struct savina_role *role;
    struct myc_ref driver;
    uint32_t index;
    uint32_t place_count;
    uint64_t each;       /* operations of it */
    uint64_t done;       /* of them so far */
    uint64_t peer_count; /* set with Start */
    uint64_t random;
};

struct savina_role {
    struct myc_class class_of; /* with savina_init and savina_receive */
    size_t peers_offset;       /* of an array of refs in the state; 0: it has none */
    uint32_t peers_max;
    /* Once, after it was told of the others. NULL: waits for messages. */
    enum myc_status (*start)(struct myc_self *self, void *state);
    /* Anything but OK goes to the driver, and ends the run. */
    enum myc_status (*handle)(struct myc_self *self, void *state,
                              const struct myc_message *message);
};

extern const struct savina_role savina_roles_line[]; /* ROLE_PING to ROLE_RING_MEMBER */
extern const struct savina_role savina_roles_many[]; /* ROLE_BIG to ROLE_CONSUMER */
extern const struct savina_role savina_roles_bank[]; /* ROLE_TELLER, ROLE_ACCOUNT */

/* Whom the driver tells of whom. */
enum savina_topology {
    TOPOLOGY_HUB, /* worker 0 of all others, and each of them of worker 0 */
    TOPOLOGY_RING,
    TOPOLOGY_ALL,
};

struct savina_case {
    const char *name; /* as in bench_table */
    const char *question;
    uint32_t worker_count;
    enum savina_topology topology;
    bool starts_all; /* Start goes to all; else to worker 0 alone, after the others were told */
    bool is_local;   /* within one process only */
    enum savina_role_name (*role_of)(uint32_t index);
    uint32_t shares;                    /* by which the count is divided for `each` */
    uint32_t done_count;                /* messages Done of a run */
    int64_t (*expected)(uint64_t each); /* the sum of what they say */
    uint32_t count;                     /* operations of a run that is no smoke */
};

/* For init and receive of every class of a role. */
enum myc_status savina_init(struct myc_self *self, void *state, const void *args, size_t args_size);
enum myc_status savina_receive(struct myc_self *self, void *state,
                               const struct myc_message *message);

/* What a role accepts besides, and its class. */
#define SAVINA_ACCEPTS(...)                                                           \
    {                                                                                 \
        __VA_ARGS__, &savina_introduce_type, &savina_start_type, &savina_goodbye_type \
    }
#define SAVINA_CLASS(name_, state_, accepts_)                                          \
    {                                                                                  \
        .size = sizeof(struct myc_class), .name = name_, .state_size = sizeof(state_), \
        .accepts = accepts_, .accepts_count = sizeof(accepts_) / sizeof(accepts_[0]),  \
        .init = savina_init, .receive = savina_receive,                                \
    }

/* The refs that a worker was told of. */
struct myc_ref *savina_peers(struct savina_worker *worker);

/* Tells the driver. */
enum myc_status savina_done(struct myc_self *self, const struct savina_worker *worker,
                            int64_t value);

/* A generator of our own, the same in every peer. */
uint64_t savina_random(uint64_t *state);

extern const struct myc_class savina_nursery_class; /* args: its name, with the NUL */
extern const struct myc_class savina_driver_class;  /* args: struct savina_run * */

/* What the driver is given. */
struct savina_run {
    const struct savina_case *of;
    uint64_t each;
    uint32_t place_count; /* 1 or 2 */
    unsigned repetitions;
    double per_s[BENCH_REPETITIONS_MAX];
    enum myc_status status;
    void *done; /* a sem_t of the program's */
    /* Where the driver is, for who waits for it in vain. */
    _Atomic unsigned stage;
    _Atomic unsigned repetition;
    _Atomic unsigned here; /* workers that have come up */
    _Atomic unsigned over; /* of them, those that have said Done */
};

/* Says in words where the driver of a run is, into BENCH_WAIT_STATE_SIZE bytes. Context: any
 * thread. */
void savina_run_tell(const void *run, char *text);

#endif
