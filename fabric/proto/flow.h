/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A flow: one reliable session between an lcore here and an lcore of another node, over one path.
 *
 * Pure: bytes and `now_ns` come in, bytes and a next deadline go out. It has no socket, no clock,
 * no thread and no allocator; its memory is the caller's and fixed at init, but for what it takes
 * from a store (flow_store.h) while something is on its way. It belongs to one lcore.
 * fabric/wire/README.md specifies what it says on the wire.
 *
 *      actors            fab_flow_claim/commit         fab_flow_prepare            port
 *      ------> records ----------------------> send buffer -------------> frames ------->
 *      <------ on_message <------------------- fab_flow_incoming <------- frames <-------
 *
 * How a carrier drives it, per poll turn: hand each received payload to fab_flow_incoming; let the
 * actors run (they claim and commit); at the end of the turn call fab_flow_prepare until it answers
 * 0, for each flow that was touched in this turn or whose deadline has passed. A flow that was
 * neither touched nor due has nothing to say and costs nothing. Re-read fab_flow_next_deadline
 * after the last prepare.
 *
 * Records of one stream arrive in order and at most once; streams do not wait for one another.
 * When an epoch ends, every record not known to have been handed on there goes to on_in_doubt, then
 * on_down is called, and the flow tries to come back by itself in a new epoch until it is closed.
 *
 * All functions: Context: the lcore that owns the flow. None blocks or allocates. Callbacks may
 * call claim, commit, abort, credit_return and the readers on the same flow, nothing else of it.
 */
#ifndef FAB_PROTO_FLOW_H
#define FAB_PROTO_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#include "proto/flow_counters.h"
#include "proto/absence.h"
#include "wire/frame.h"
#include "wire/lane.h"
#include "proto/granter.h"
#include "proto/peer_clock.h"
#include "proto/secure.h"
#include "wire/message.h"

#define FAB_FLOW_ALIGN       64U /* alignment of the memory given to fab_flow_init */
#define FAB_FLOW_NO_DEADLINE UINT64_MAX

enum fab_flow_state {
    FAB_FLOW_IDLE = 0,   /* waits for the peer's hello; does not initiate */
    FAB_FLOW_CONNECTING, /* says hello until the peer answers */
    FAB_FLOW_UP,         /* records flow */
    FAB_FLOW_CLOSED,     /* closed here; for ever */
};

/* Why an epoch ended. */
enum fab_flow_reason {
    FAB_FLOW_REASON_CLOSED = 0, /* fab_flow_close was called here */
    FAB_FLOW_REASON_LEFT,       /* the peer sent a leave notice */
    FAB_FLOW_REASON_SILENT,     /* nothing was heard of the peer for down_ns */
    FAB_FLOW_REASON_LOST,       /* the retransmission budget is used up though the peer lives */
    FAB_FLOW_REASON_RESET,      /* the peer does not know the epoch (any more) */
    FAB_FLOW_REASON_REPLACED,   /* the same incarnation of the peer began a new epoch */
    FAB_FLOW_REASON_RESTARTED,  /* a new incarnation of the peer began a new epoch */
    FAB_FLOW_REASON_COUNT
};

/* What the peer said of itself in the handshake. */
struct fab_flow_peer {
    uint64_t home;           /* node id 16 | incarnation 48, as in struct myc_ref */
    uint32_t epoch;          /* of this life of the flow; never 0 */
    uint32_t features;       /* the intersection of both sides' features */
    uint32_t poll_gap_us;    /* the longest time that its lcores go without polling, as announced */
    uint16_t frame_max;      /* bytes of UDP payload that both sides take, less the tag's */
    uint16_t frame_max_peer; /* that the peer takes, with it */
    uint32_t large_max;      /* bytes of the largest body that it takes in parts; 0: none */
    uint8_t lcore_count;     /* lcores of the peer's node, 1 up */
    uint8_t version;         /* of the protocol, as agreed */
};

/* Why a handshake cannot be. */
enum fab_flow_obstacle {
    FAB_FLOW_OBSTACLE_VERSION = 0, /* no version in common */
    FAB_FLOW_OBSTACLE_SECURITY,    /* the peer demands another security than we do */
    FAB_FLOW_OBSTACLE_KEY,         /* the peer has another pre-shared key, or none */
    FAB_FLOW_OBSTACLE_COUNT
};

/* What the flow tells its owner. Every function must be given. Pointers are borrowed for the call.
 */
struct fab_flow_ops {
    /* A record arrived: once, in the order of its stream, paid from `lane`. Aligned to 8 bytes;
     * must be copied to be kept. Its fields are checked (fab_msg_is_valid), its body is not.
     * False: the owner has no room now. The flow keeps the record and what follows it in its
     * stream, within the credit given, and offers them again in fab_flow_offer; meanwhile it goes
     * on with acknowledgements and signs of life. While fab_flow_is_ending, it must be taken. */
    bool (*on_message)(void *context, enum fab_lane lane, const struct fab_msg *msg);
    /* A new epoch began; records may be claimed. */
    void (*on_up)(void *context, const struct fab_flow_peer *peer);
    /* The epoch ended; called after every on_in_doubt of it. */
    void (*on_down)(void *context, enum fab_flow_reason reason);
    /* The epoch ends and this record, committed and not acknowledged, or acknowledged but behind
     * one of its stream that is not, may or may not have been handled. In the order of commits
     * within a lane. */
    void (*on_in_doubt)(void *context, const struct fab_msg *msg);
    /* fab_flow_claim has answered FULL for this lane and there is room again. */
    void (*on_writable)(void *context, enum fab_lane lane);
    /* Large bodies; all NULL when the config's large_max is 0. Memory for `size` bytes that come in
     * parts: sets where they go, and a name (below 2^63) by which on_message's record will name
     * them. False: there is none now; asked again later. */
    bool (*on_body_wanted)(void *context, uint32_t size, uint8_t **bytes, uint64_t *token);
    /* That memory is not needed: the body will not come, or not be handed on. */
    void (*on_body_dropped)(void *context, uint64_t token);
    /* All of a body that was committed has arrived; not called when the epoch ends first. */
    void (*on_body_sent)(void *context, uint64_t loan);
    /* The largest frame that gets over the path was found (path_mtu.h): `size`, of `max` that both
     * ends take; without tag. Not called where both take no more than any Ethernet. NULL: not told.
     */
    void (*on_path_mtu)(void *context, uint16_t size, uint16_t max);
    /* Nothing was heard of the peer for suspect_ns (true), or it is back (false). */
    void (*on_suspect)(void *context, bool is_suspect);
    /* A hello was refused; its sender is not known to be the peer. Called for each: log with care.
     */
    void (*on_obstacle)(void *context, enum fab_flow_obstacle obstacle,
                        const struct fab_hello *hello);
    /* The time now, for what both sides' clocks are compared by; the same clock as now_ns, read at
     * the moment. NULL: now_ns is good enough. */
    uint64_t (*read_clock)(void *context);
    /* Unpredictable bytes, for keys; NULL where the config's security is OFF. */
    void (*draw)(void *context, uint8_t *bytes, size_t size);
};

/* Timers, all in nanoseconds. fab_flow_timers_default gives those of the specification. */
struct fab_flow_timers {
    uint64_t pto_ns_min;   /* floor of the probe time-out */
    uint64_t pto_ns_max;   /* where its exponential back-off stops */
    uint64_t hello_ns_min; /* first interval between hellos; doubles up to the next */
    uint64_t hello_ns_max;
    uint64_t rtt_ns_initial;  /* before the first sample */
    uint64_t keepalive_ns;    /* silence after which we ask the peer for a sign; 0: never */
    uint64_t suspect_ns;      /* silence after which the peer is suspect; 0: never */
    uint64_t down_ns;         /* silence after which the epoch ends; 0: never */
    uint64_t give_up_ns;      /* longest time without progress of a record in flight; down_ns, where
                               * that is longer */
    uint64_t credit_probe_ns; /* first interval of zero-credit probes; doubles up to pto_ns_max */
    uint64_t reset_ns;        /* shortest time between two resets or hello answers */
    uint64_t clock_ns; /* between questions about the peer's clock that nobody needs; 0: never */
};

/*
 * Bytes with which the frame prepared last ends, and which were left out of its buffer: a part of a
 * body, where its owner has it, and the tag behind it, where there is one. The flow fills it in,
 * whoever sends the frame takes it and sets `size` to 0 before the next is prepared. Multiples of
 * 8; the frame's checksum, or its tag, covers the part.
 */
struct fab_flow_tail {
    const uint8_t *bytes; /* as long as fab_flow_commit_large says */
    uint32_t size;        /* 0: the frame is whole */
    uint32_t tag_size;    /* 0: none; FAB_FRAME_TAG_SIZE */
    uint64_t loan;        /* of the body */
    uint8_t tag[FAB_FRAME_TAG_SIZE];
};

/* What each frame looks at comes first, to the second of the timers: one line. */
struct fab_flow_config {
    size_t size;            /* sizeof(struct fab_flow_config) */
    uint64_t home;          /* our own: node id 16 | incarnation 48 */
    uint16_t peer_node;     /* 1 to 65535, not our own */
    uint8_t lcore;          /* our own index */
    uint8_t peer_lcore;     /* the index of the lcore there */
    uint8_t lcore_count;    /* lcores of our node, announced to the peer */
    bool is_initiator;      /* says hello by itself; both sides may */
    bool is_credit_manual;  /* credits of delivered records come back by fab_flow_credit_return */
    bool has_no_congestion; /* nobody else uses the path: what may be in flight is not held down */
    bool is_crc_optional;   /* may go without checksum if the peer agrees; only without security */
    uint8_t version_max;    /* of the protocol, FAB_FRAME_VERSION_MIN to _MAX; 0: _MAX */
    uint16_t frame_max;     /* bytes of UDP payload, FAB_FRAME_SIZE_MIN to FAB_FRAME_SIZE_MAX */
    uint32_t features_left; /* enum fab_feature: those to do without */
    uint32_t window_frames; /* frames in flight at most; power of two, 16 to 32768 */
    uint32_t credit_least[FAB_LANE_COUNT]; /* of credit_bytes, what an epoch begins with and an idle
                                            * flow keeps, frame_max + 64 up; 0: all */
    struct fab_flow_timers timers;
    struct fab_secure_config secure;
    uint16_t source_port; /* UDP port from which the peer is asked to send, FAB_WISH_PORT_MIN up;
                           * 0: any */
    uint16_t source_port_second; /* likewise, over the second path of a flow over two (A/B) */
    uint32_t send_bytes[FAB_LANE_COUNT];   /* send buffer per lane, power of two, 8192 up */
    uint32_t credit_bytes[FAB_LANE_COUNT]; /* what the peer may have outstanding, 8192 up */
    uint32_t large_max;    /* bytes of the largest body that we take in parts, a power of two up to
                            * FAB_MSG_SIZE_MAX; 0: none, and none is sent */
    uint32_t grant_window; /* bytes of one body that may be granted ahead */
    struct fab_flow_tail *tail;  /* not owned, may be shared: parts are left out of frames as far as
                                  * can be (not when they are encrypted); NULL: they are copied */
    struct fab_granter *granter; /* shared with the owner's other flows, not owned; NULL: own */
    struct fab_flow_store
        *store;            /* likewise; NULL: own, with enough for all that may be in flight */
    uint32_t poll_gap_us;  /* longest time that our lcores go without polling, announced */
    uint32_t first_number; /* of packets and of records in each stream; 0: drawn at random */
    const struct fab_presence
        *presence;     /* our lcore's, may be shared, not owned; NULL: not known */
    uint64_t clock_id; /* of our clock; 0: not known */
    uint64_t seed;     /* of the flow's random numbers; should differ in each start */
};

struct fab_flow;
struct fab_flow_store;

/* The specification's timers. */
void fab_flow_timers_default(struct fab_flow_timers *timers);

/* A config with defaults for all but home, peer_node, lcore, peer_lcore and seed. */
void fab_flow_config_default(struct fab_flow_config *config);

/* OK, or INVALID when a value is out of its stated range. */
enum myc_status fab_flow_config_check(const struct fab_flow_config *config);

/* Bytes of memory that a flow with this (valid) config needs; a multiple of FAB_FLOW_ALIGN. */
size_t fab_flow_size(const struct fab_flow_config *config);

/*
 * Makes a flow in the caller's memory: fab_flow_size() bytes, aligned to FAB_FLOW_ALIGN; the caller
 * keeps owning them and may reuse them after fab_flow_fini. `config` must be valid and is copied;
 * `ops` is not copied and must outlive the flow; `context` is handed to each callback.
 */
struct fab_flow *fab_flow_init(void *memory, const struct fab_flow_config *config,
                               const struct fab_flow_ops *ops, void *context, uint64_t now_ns);

/* Sets the config's source_port_second of a flow whose second path was not there when it was made.
 * Its hellos say so from the next one on. */
void fab_flow_wish_second(struct fab_flow *flow, uint16_t source_port);

/* Asks for the lines of a flow that will be fed or asked next, while another one is worked on. */
void fab_flow_prefetch(const struct fab_flow *flow);

/* Ends the flow without a word to the peer and without callbacks: close first for a clean end. Its
 * keys are wiped. */
void fab_flow_fini(struct fab_flow *flow);

/*
 * Leaves: ends the epoch (on_in_doubt, on_down with CLOSED) and has the next prepare send a leave
 * notice. The flow then stays CLOSED. To lose nothing, wait for fab_flow_is_drained before.
 */
void fab_flow_close(struct fab_flow *flow, uint64_t now_ns);

/* The stream of an actor's messages: a hash of the receiver's actor word; 0 to 63. */
uint8_t fab_flow_stream_of(uint64_t actor_word);

/*
 * Room for one whole record (header, extensions, body) in the send buffer. At most one claim is
 * open at a time; end it with commit or abort.
 * `total_size`: bytes of the record, FAB_MSG_HEADER_SIZE up to fab_flow_record_max().
 * `msg`: on OK the place to write, aligned to 8, owned by the flow; untouched else.
 * OK; FULL: the lane has no room, on_writable follows; TOO_BIG; UNREACHABLE: not UP.
 */
enum myc_status fab_flow_claim(struct fab_flow *flow, enum fab_lane lane, uint8_t stream,
                               uint32_t total_size, struct fab_msg **msg);

/* Gives the claimed record, now written, to the flow; it must be valid (fab_msg_is_valid) and as
 * large as was claimed. It is sent by one of the next prepares. A deadline in it is a time of the
 * flow's clock, and what is left of it travels. A message of kind SEND is left out when it passes
 * before, or, if it is LATEST and in the user lane, when another of its kind is committed: neither
 * is told to anybody. */
void fab_flow_commit(struct fab_flow *flow);

/*
 * Room for a record whose body of `body_size` bytes goes in parts. As fab_flow_claim; FULL also
 * when as many bodies are on their way as may be, TOO_BIG when the peer takes none of that size.
 */
enum myc_status fab_flow_claim_large(struct fab_flow *flow, uint8_t stream, uint32_t total_size,
                                     uint32_t body_size, struct fab_msg **msg);

/* Commits it. `body`: as many bytes as the record says; they must stay as they are until
 * on_body_sent(loan) or the end of the epoch. The record's buffer word becomes the flow's. */
void fab_flow_commit_large(struct fab_flow *flow, const void *body, uint64_t loan);

/* The record of the open claim. */
const struct fab_msg *fab_flow_open_record(const struct fab_flow *flow);

/* Grants what there is to be granted; by whoever fab_granter_call has named. */
void fab_flow_grant(struct fab_flow *flow);

/*
 * Many records in a row, without a claim for each: *next is where one may be written, and the one
 * after it FAB_CHUNK_SIZE bytes behind its end, rounded up to 8. Returns how many records of at
 * most `record_size` bytes certainly have room; 0: claim. They are of the user lane, of kind SEND
 * and without flags. Nothing else may be asked of the flow before fab_flow_take_window.
 */
uint32_t fab_flow_window(const struct fab_flow *flow, uint32_t record_size, uint8_t **next);

/* Commits what was written, up to where the next record would begin. Returns how many. */
uint32_t fab_flow_take_window(struct fab_flow *flow, const uint8_t *next);

/* Bytes of the largest record that may be claimed now. */
uint32_t fab_flow_record_max(const struct fab_flow *flow);

/*
 * Takes a received UDP payload; calls back as it goes. Whatever is refused is counted by cause and
 * changes nothing. `bytes`: any alignment (8 is fastest), not kept, not written. Returns whether it
 * showed that the peer lives in its present incarnation.
 */
bool fab_flow_incoming(struct fab_flow *flow, const void *bytes, size_t size, uint64_t now_ns);

/*
 * How the frame that is handed in next came: `pause_ns`: time that it may have lain unread because
 * its lcore did not poll; `is_marked`: with the network's mark of congestion (ECN). Without it: 0
 * and not.
 */
void fab_flow_note_arrival(struct fab_flow *flow, uint64_t pause_ns, bool is_marked);

/*
 * Does what an acknowledgement asks for that came beside records: it waits, so that answers to the
 * records leave first, and is done before the next frame is taken or a timer runs. Until then what
 * it acknowledges takes up room. May call on_writable and on_body_sent.
 */
void fab_flow_settle(struct fab_flow *flow);

/* Whether records are kept that on_message has refused. */
bool fab_flow_has_refused(const struct fab_flow *flow);

/* Offers them to on_message again, until it refuses one of each stream or none is left. The flow
 * must then be asked for frames. */
void fab_flow_offer(struct fab_flow *flow);

/* Whether an epoch is just ending: on_message is called for what it has refused before. */
bool fab_flow_is_ending(const struct fab_flow *flow);

/*
 * Writes the next frame to transmit now, timers included (it calls fab_flow_on_timer).
 * `buffer`: at least frame_max bytes, any alignment. Whatever is written counts as sent.
 * Returns bytes of the frame, with the config's tail and its tag, which are not in the buffer; 0
 * when there is nothing to send: call until then.
 */
size_t fab_flow_prepare(struct fab_flow *flow, void *buffer, size_t capacity, uint64_t now_ns);

/* The same without timers, so that no callback is called: for a record that cannot wait until its
 * sender has returned. Timers that are due stay due. */
size_t fab_flow_prepare_untimed(struct fab_flow *flow, void *buffer, size_t capacity,
                                uint64_t now_ns);

/* Whether prepare would write a frame now, without looking at timers. */
bool fab_flow_has_output(const struct fab_flow *flow);

/* When the flow must be prepared next though nothing comes in; FAB_FLOW_NO_DEADLINE: never. */
uint64_t fab_flow_next_deadline(const struct fab_flow *flow);

/* The same when it is known that there is no output. */
uint64_t fab_flow_next_timer(const struct fab_flow *flow);

/* Runs what is due; may call on_suspect, on_in_doubt and on_down. prepare does it, too. */
void fab_flow_on_timer(struct fab_flow *flow, uint64_t now_ns);

/* Another flow has heard of the same incarnation of the peer: liveness is per node pair. */
void fab_flow_on_peer_alive(struct fab_flow *flow, uint64_t now_ns);

/* Another flow has found that the peer is gone: ends the epoch as SILENT. No effect unless UP. */
void fab_flow_on_peer_dead(struct fab_flow *flow, uint64_t now_ns);

/* Gives back the credit of a delivered record (is_credit_manual only), once per record. */
void fab_flow_credit_return(struct fab_flow *flow, enum fab_lane lane, uint32_t total_size);

enum fab_flow_state fab_flow_state(const struct fab_flow *flow);

/* NULL unless UP. Valid until the epoch ends. */
const struct fab_flow_peer *fab_flow_peer(const struct fab_flow *flow);

/* From which UDP ports the peer would have our frames, as its hello said by which the epoch began;
 * 0: from any. For on_up: later it may be that of another candidate. */
const struct fab_hello_wish *fab_flow_peer_wish(const struct fab_flow *flow);

/* How often something showed that the peer lives in its present incarnation; it only grows. */
uint64_t fab_flow_signs(const struct fab_flow *flow);

/* Whether everything committed has been acknowledged. */
bool fab_flow_is_drained(const struct fab_flow *flow);

/* Smoothed round trip in ns; the initial value before the first sample. */
uint64_t fab_flow_rtt_ns(const struct fab_flow *flow);

/* How the peer's clock stands to ours. NULL: not known, or not yet in this epoch. */
const struct fab_peer_clock *fab_flow_peer_clock(const struct fab_flow *flow);

/* It is needed: as long as that is said, it is measured often. */
void fab_flow_want_clock(struct fab_flow *flow, uint64_t now_ns);

/* Bytes that may be in flight for the network's sake; UINT64_MAX: as many as one likes. */
uint64_t fab_flow_congestion_window(const struct fab_flow *flow);

/* The flow's counters; they only grow, over all epochs. */
const struct fab_flow_counters *fab_flow_counters(const struct fab_flow *flow);

const char *fab_flow_state_name(enum fab_flow_state state);
const char *fab_flow_reason_name(enum fab_flow_reason reason);

/* "off", "auth", "encrypt"; "unknown" for what a peer may say beside those. */
const char *fab_security_name(unsigned security);

#endif
