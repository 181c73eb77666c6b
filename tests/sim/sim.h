/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A network of flows in one thread and in virtual time.
 *
 * Ends come in pairs; what one prepares is put on its wire to the other, where it is lost,
 * duplicated, delayed, reordered or corrupted as the options and the seed say. Nothing else is
 * random, so a seed replays bit for bit. After every step the invariants are checked, and a broken
 * one ends the program with a line that names seed and step.
 *
 * Each end sends numbered records over all streams and lanes; each checks that what it gets is
 * what the other sent in that epoch: once, in order within its stream, and whole.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prng.h"
#include "proto/flow.h"
#include "proto/flow_state.h"
#include "proto/twin.h"

#define SIM_ENDS_MAX   2000U
#define SIM_BODIES_MAX 64U
#define SIM_UNREAD_MAX 1024U /* frames that wait for an end that stands still: a port's ring */

#define SIM_US 1000ULL
#define SIM_MS 1000000ULL
#define SIM_S  1000000000ULL

/* What the wire does to frames; chances are per million. */
struct sim_wire {
    uint32_t lose;
    uint32_t duplicate;
    uint32_t corrupt;
    uint32_t replay;      /* a frame of long ago comes again, too */
    uint32_t burst_begin; /* after a frame a burst of losses begins (Gilbert-Elliott); 0: never */
    uint32_t burst_end;   /* after a frame in a burst it ends */
    uint32_t burst_lose;  /* in a burst, in place of `lose` */
    uint64_t delay_ns;    /* of every frame */
    uint64_t jitter_ns;   /* up to so much more, evenly */
    uint64_t byte_ps;     /* picoseconds per byte on the wire; 0: infinitely fast */
    uint64_t mark_ns;     /* frames that wait longer for the wire are marked (ECN); 0: never */
    uint64_t queue_ns;    /* frames that would wait longer for the wire are dropped; 0: never */
};

struct sim;
struct sim_event;

/* Memory of a large body. */
struct sim_body {
    uint8_t *bytes; /* NULL: the entry is free */
    uint32_t size;
};

/* What an end sends and has seen. */
struct sim_end {
    struct sim *sim;
    uint32_t index;
    uint32_t peer; /* index of the other end */
    struct fab_flow *flow;
    struct fab_flow_config config;
    void *memory;
    size_t memory_size; /* bytes */
    bool is_alive;
    /* It has its CPU for some time and then not, again and again: then it gets no turn, and what
     * comes waits for it. */
    uint64_t awake_ns;
    uint64_t asleep_ns;    /* 0: it always has it */
    uint64_t nap_ns;       /* when the first of the sleeps begins */
    bool is_cut;           /* nothing that it sends arrives */
    bool has_no_room;      /* on_message refuses */
    bool has_no_buffer;    /* prepare is not called: as if buffers had run out */
    uint64_t buffers;      /* that it asked for, for frames */
    uint64_t buffer_fails; /* the so-many-th of these cannot be had; 0: none */
    bool may_miss;         /* records may be left out by the sender */
    bool is_echo;          /* sends one record for each that it gets */
    bool is_cut_b;         /* likewise over the second path */
    int64_t clock_ns;      /* its clock when the simulation's is 0 */
    int64_t clock_ppb;     /* and how much faster it runs */
    struct fab_twin twin;
    uint64_t seconds; /* second copies that it dropped */
    bool is_in_burst;
    uint64_t clog_until_ns; /* what it sends before arrives after */
    uint8_t *old_frame;     /* one of long ago; NULL: none */
    size_t old_size;
    uint64_t wire_free_ns; /* when its wire has sent what is queued */
    uint32_t wire;         /* index of the end whose wire it sends over: its own, or a shared one */
    uint64_t dropped;      /* frames for which that wire had too long a queue */
    uint64_t wake_ns;      /* the timer event that is queued; UINT64_MAX: none */
    uint32_t refuse;       /* chance that on_message refuses, per million */
    /* traffic */
    uint64_t to_send; /* records left to send */
    uint32_t body_max;
    uint32_t burst; /* records per turn at most */
    /* large bodies: with config.large_max */
    uint32_t large;      /* chance that a record has one, per million */
    uint32_t large_size; /* bytes beyond those of a small one, at most */
    uint32_t large_all;  /* every record has a body of so many bytes; 0: by chance */
    uint64_t heap_left;  /* bytes of large bodies that may be received at one time */
    uint64_t heap_fails; /* the so-many-th request for memory from now fails; 0: none */
    uint64_t large_sent;
    uint64_t large_got;
    struct fab_flow_tail tail; /* of ends of odd index: parts are left out of their frames */
    struct sim_body lent[SIM_BODIES_MAX];
    struct sim_body borrowed[SIM_BODIES_MAX];
    uint64_t sent[FAB_STREAM_COUNT];
    uint64_t got[FAB_STREAM_COUNT]; /* next sequence expected */
    uint64_t sent_total;            /* over all lives */
    uint64_t got_total;
    uint64_t last_tag; /* of the last record that it got */
    uint64_t got_bytes;
    uint64_t in_doubt_total;
    uint64_t up_total;
    uint64_t down_total;
    uint64_t writable_total;
    uint64_t suspect_total;
    uint64_t obstacles[FAB_FLOW_OBSTACLE_COUNT]; /* hellos refused, by cause */
    enum fab_flow_reason down_reason;            /* the last */
    uint64_t up_ns;
    uint64_t down_ns;
    uint64_t got_ns; /* when the last record came */
    uint64_t frames; /* that it put on the wire */
    /* its lcore, which may be kept from its CPU */
    uint64_t away_until_ns; /* stands still until then; 0: it does not */
    uint64_t away_since_ns;
    struct fab_presence presence;
    struct sim_event *unread; /* what came meanwhile: a ring of SIM_UNREAD_MAX; NULL: none yet */
    uint32_t unread_first, unread_count;
    uint64_t unread_dropped; /* for want of room there */
    struct fab_flow_counters before;
    /* the epoch that runs, and the last one that ended: what was reported in doubt */
    uint64_t doubt_from[FAB_STREAM_COUNT]; /* the first */
    struct sim_ended {
        uint32_t epoch;
        uint64_t sent[FAB_STREAM_COUNT];
        uint64_t got[FAB_STREAM_COUNT];
        uint64_t doubt_from[FAB_STREAM_COUNT];
    } ended;
};

/* Decides over a single frame: false drops it. */
typedef bool (*sim_filter)(void *context, const struct sim_end *from, const uint8_t *frame,
                           size_t size);

struct sim {
    uint64_t seed;
    uint64_t step;
    uint64_t now_ns;
    uint64_t sequence;
    uint64_t still_steps;
    uint64_t history; /* hash of every event: when, for whom, each byte */
    struct fab_prng prng;
    struct sim_wire wire;
    bool has_two_paths;     /* every frame goes over both (A/B), as a carrier does it */
    struct sim_wire wire_b; /* the second; delay, jitter, loss, duplication and corruption of it */
    struct sim_event *events; /* a heap by time and order */
    size_t event_count;
    size_t event_capacity;
    struct sim_end *ends;
    uint32_t end_count;
    sim_filter filter; /* NULL: none */
    void *filter_context;
    uint64_t corrupted;
    uint64_t replayed;
    bool is_quiet;                             /* no invariant is checked (for measuring) */
    uint64_t receivers[FAB_STREAM_USER_COUNT]; /* an actor word of each stream */
    const char *name;
};

/* The flow's frames are sealed from its next start on. Everybody has the same pre-shared key, but
 * for `key` other than 0. */
void sim_secure(struct sim *sim, uint32_t end, enum fab_security security, uint8_t key);

void sim_init(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire);
void sim_fini(struct sim *sim);

/* Two ends that know of each other; configs may be changed before sim_start. Returns the first's
 * index; the second's is one more. */
uint32_t sim_add_pair(struct sim *sim);

/* A simulation of one pair, with the default configs, whose flow is up. */
void sim_bring_up(struct sim *sim, const char *name, uint64_t seed, const struct sim_wire *wire);

/* Makes the flow of an end; also after sim_crash, then with a new incarnation and seed. */
void sim_start(struct sim *sim, uint32_t end);

/* The end's process is gone; frames under way to it are lost. */
void sim_crash(struct sim *sim, uint32_t end);

/* A record of `end` with a class of delivery: FAB_MSG_HAS_DEADLINE, FAB_MSG_IS_LATEST. Returns
 * whether there was room. */
struct sim_class {
    uint8_t flags;
    uint8_t stream;
    uint64_t tag;
    uint64_t deadline_ns;
};
bool sim_send_class(struct sim *sim, uint32_t end, const struct sim_class *of);

/* What the clock of an end says now. */
uint64_t sim_clock_ns(const struct sim *sim, uint32_t end);

/* When an end has its CPU, from some time on: then, or at the end of its sleep. */
uint64_t sim_awake_ns(const struct sim_end *end, uint64_t from_ns);

/* The end gets no turn for so long: its frames wait as in a port's ring. Then it reads as a carrier
 * does, so many frames a turn and before its timers, and what its flow is told of absences grows.
 */
void sim_stand_still(struct sim *sim, uint32_t end, uint64_t ns);

/* The end has something new to do: runs one of its turns now. */
void sim_poke(struct sim *sim, uint32_t end);

/* Hands bytes to an end as if they had come over its wire, now. */
void sim_inject(struct sim *sim, uint32_t end, const void *bytes, size_t size);

/* Takes one event; false when there is none, or the next one lies after `until_ns`. */
bool sim_step(struct sim *sim, uint64_t until_ns);

/* Steps until the time has come. */
void sim_run_until(struct sim *sim, uint64_t until_ns);

/* Steps until both ends of the pair have sent and got everything, or the limit; whether they did.
 */
bool sim_run_pair(struct sim *sim, uint32_t first, uint64_t limit_ns);

/* Both ends up with the same epoch. */
bool sim_pair_is_up(const struct sim *sim, uint32_t first);

/* Says what broke, with the line that replays it, and ends the program. */
_Noreturn void sim_fail(const struct sim *sim, const char *what);

#define SIM_CHECK(sim, condition) ((condition) ? (void)0 : sim_fail((sim), #condition))

/* How many seeds to run: environment variable SIM_SEEDS, else `fallback` (50 times as many with
 * MYCELIUM_LONG=1); and the first: SIM_SEED,
 * else 1. */
uint64_t sim_seed_count(uint64_t fallback);
uint64_t sim_seed_first(void);

#endif
