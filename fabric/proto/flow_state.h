/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a flow, shared by the files flow*.c only. Each part has its own component; what
 * stands here is how they meet:
 *
 *      flow.c          life cycle, readers
 *      flow_claim.c    the way in for records
 *      flow_memory.c   where its memory is
 *      flow_credit.c   how much the peer may send
 *      flow_epoch.c    handshake, begin and end of an epoch, resets, leaving
 *      flow_receive.c  what a frame does when it comes in
 *      flow_records.c  what becomes of its records
 *      flow_ack.c      what an acknowledgement in it does
 *      flow_plan.c     what the next frame holds
 *      flow_send.c     how it is written
 *      flow_large.c    parts of large bodies, both ways
 *      flow_secure.c   frames that are sealed, both ways
 *      flow_timer.c    what is due when nothing comes in
 */
#ifndef FAB_PROTO_FLOW_STATE_H
#define FAB_PROTO_FLOW_STATE_H

#include "base/compiler.h"
#include "proto/congestion.h"
#include "proto/credit.h"
#include "proto/flow.h"
#include "proto/flow_store.h"
#include "proto/granter.h"
#include "proto/handshake.h"
#include "proto/large_in.h"
#include "proto/large_out.h"
#include "proto/liveness.h"
#include "proto/loss.h"
#include "proto/pacer.h"
#include "proto/path_mtu.h"
#include "proto/peer_clock.h"
#include "proto/ranges.h"
#include "proto/reorder.h"
#include "proto/rtt.h"
#include "proto/secure.h"
#include "proto/send_lane.h"
#include "proto/sent_map.h"

/* Bytes of each frame that records leave free, so that any span fits again beside the blocks. */
#define FAB_FLOW_BLOCKS_RESERVE (FAB_ACK_SIZE + FAB_CREDIT_SIZE + FAB_FLOOR_SIZE)

/* Bytes of each part's frame that the part leaves free for grants, so that bodies both ways do not
 * keep each other's grants away. */
#define FAB_FLOW_GRANTS_RESERVE (FAB_GRANTS_SIZE + 2U * FAB_GRANT_SIZE)

/* Frames with parts of large bodies that a flow writes in one turn. */
#define FAB_FLOW_PARTS_PER_TURN 32U

/* Of the window, one part in so many is left to frames without parts of large bodies; and beyond
 * the congestion window so many frames' bytes. */
#define FAB_FLOW_RECORDS_SHARE 16U
#define FAB_FLOW_AHEAD_FRAMES  4U

/* In short_lanes, beside the lanes: a body waits for a grant. */
#define FAB_FLOW_SHORT_OF_GRANTS (1U << FAB_LANE_COUNT)

/* 64-bit numbers begin here plus the 32-bit first number: there is room below for old ones. */
#define FAB_FLOW_NUMBER_BASE (1ULL << 32)

/* Probes without any answer before a flow may be given up. */
#define FAB_FLOW_PROBES_MIN 5U

/* Probes without any answer from which on the path may be overloaded. */
#define FAB_FLOW_PROBES_SILENT 3U

/* How long a flow that the store had no page for waits before it looks again. */
#define FAB_FLOW_STARVED_NS 50000U

/* What is to be said in the next frame. */
struct fab_flow_due {
    bool hello : 1;
    bool leave : 1;
    bool reset : 1;
    bool ack : 1;    /* something came that must be acknowledged */
    bool credit : 1; /* the peer should know its limits */
    bool floor : 1;  /* the peer tells of holes that we do not wait for */
    bool sign : 1;   /* any frame: the peer waits for a sign that we are up */
    bool ping : 1;   /* any frame that must be acknowledged */
    bool probe : 1;  /* the probe time-out has passed */
    bool grants : 1; /* the peer should know how much of its bodies it may send */
    bool clock : 1;  /* a question about the peer's clock, or an answer about ours */
};

/* Where in the user lane the latest value of something was last put. */
struct fab_latest {
    uint64_t key;   /* hash of receiver, type and tag */
    uint32_t place; /* of its chunk, plus 1; 0: none */
    uint32_t reserved;
};

#define FAB_FLOW_LATEST 128U /* a power of two: more keys at a time keep only some of theirs */

/* What is known of the peer's clock, and what is said of it. */
struct fab_flow_clock {
    uint64_t next_ns; /* when to ask again; UINT64_MAX: not */
    struct fab_peer_clock peer;
    uint64_t peer_id;     /* of its clock; 0: not known */
    uint64_t asked_ns;    /* when our open question left; 0: none is open */
    uint64_t echo_ns;     /* of the peer's question, to be answered; 0: none */
    uint64_t received_ns; /* when that came */
    bool is_asking;       /* a question is due */
    bool is_told;         /* in this epoch, by the peer */
    bool is_wanted;       /* somebody needed it since the last question */
};

/* What belongs to one path: its packet numbers, and all that is measured and decided by them. */
struct fab_flow_path {
    struct fab_flow_due due;
    uint16_t marks;             /* frames of this epoch that came marked; wraps */
    uint32_t probe_count;       /* since the last progress */
    uint64_t next_number;       /* of the next packet */
    uint64_t last_sent_ns;      /* of the last frame that must be acknowledged */
    uint64_t received_ns;       /* when the largest received number came */
    uint32_t received_pause_ns; /* how long that may have lain unread */
    uint32_t acked_run;  /* frames of the newest run that was acknowledged and gone through */
    uint64_t acked_high; /* the last of them */
    struct fab_sent_map sent;
    struct fab_congestion congestion;
    struct fab_pacer pacer;
    uint64_t pace_ns; /* no records before; UINT64_MAX: they may go */
    struct fab_loss loss;
    struct fab_rtt rtt;
    struct fab_liveness liveness;
    uint64_t probe_ns;    /* when to probe next; UINT64_MAX: nothing is in flight */
    uint64_t progress_ns; /* when something was last acknowledged, or the first put in flight; put
                           * forward by what we slept since */
    struct fab_ranges received;
    FAB_ALIGNED_TO_LINE struct fab_path_mtu mtu;
};

/* One lane, both ways. */
struct fab_flow_lane {
    struct fab_send_lane send;
    struct fab_credit_out credit_out;
    struct fab_credit_in credit_in;
};

/* What a small record there and its acknowledgement touch comes first and stays small, so that ten
 * thousand flows that speak in turn stay in the cache: see FAB_FLOW_HOT_SIZE. */
struct fab_flow {
    const struct fab_flow_ops *ops; /* not owned */
    void *context;                  /* not owned */
    struct fab_flow_store *store;   /* the config's, or behind the flow itself */
    struct fab_secure *secure;      /* NULL: security is off */
    uint64_t signs;                 /* that the peer lives in its present incarnation */
    enum fab_flow_state state;
    uint8_t short_lanes;       /* bit per lane: a record there waits for credit */
    uint8_t used_lanes;        /* likewise: something there is not acknowledged, or was refused */
    uint8_t open_lane;         /* enum fab_lane of the open claim */
    bool may_omit_crc;         /* as agreed for this epoch */
    bool may_skip;             /* likewise: records may be left out */
    bool is_arrival_marked;    /* the frame that is being looked at */
    bool is_ending;            /* the epoch ends: on_message may not refuse */
    bool has_refused;          /* see `refused` */
    bool has_lost;             /* records of a lane may wait to be sent again */
    bool was_full;             /* that of a lane may be set, or was_large_full */
    uint32_t open_claim;       /* bytes that were claimed; 0: none is open */
    uint32_t arrival_pause_ns; /* of the frame that is being looked at */
    struct fab_chunk *open_chunk;
    uint64_t first_number;         /* of this epoch's packets */
    uint64_t credit_probe_ns;      /* when to ask for credit; UINT64_MAX: none is missing */
    uint64_t hello_ns;             /* when to say hello next; UINT64_MAX: never */
    struct fab_ack_block late_ack; /* of the newest frame, see fab_flow_settle; run 0: none */
    struct fab_flow_lane lanes[FAB_LANE_COUNT]; /* the users' first */
    uint64_t refused[2]; /* bit per stream: on_message has refused its next record, which is kept */
    struct fab_flow_path path;
    /* looked at for each frame, so next to one another and to path.mtu */
    struct fab_flow_peer peer;
    struct fab_silence silence;
    struct fab_latest
        *latest; /* FAB_FLOW_LATEST of them, in a page; NULL: none since it was empty */
    struct fab_large_out *large_out; /* NULL: neither side's owner has a heap */
    uint64_t parts_turn_ns;
    uint32_t parts_left;        /* that may still be written in that turn */
    uint32_t whole_count;       /* bodies that are whole, of records that wait */
    uint8_t records_since_part; /* frames of records since a part of a body; to 255 */
    bool was_large_full;        /* a claim was refused since the last writable event */
    bool is_head_refused;       /* a record announced a body that cannot be */
    bool is_latest_high;        /* in which half of all places the latest values were put */
    uint8_t version_max;        /* of the protocol, that we speak */
    struct fab_flow_clock clock;
    struct fab_large_in *large_in; /* as large_out */
    uint64_t starved_ns;           /* when to look again whether the store has pages */
    uint64_t hello_interval_ns;    /* the next one */
    uint64_t hello_sent_ns;
    uint64_t candidate_end_ns;
    uint64_t candidate_ns;      /* when its hello was answered last */
    uint64_t answer_free_ns;    /* when a reset or hello answer may be sent again */
    struct fab_hello_wish wish; /* the candidate's: the source ports that it asks for; 0: none */
    uint32_t reset_epoch;
    uint32_t last_epoch;              /* the one that was left, for the leave notice */
    bool was_missed;                  /* that one ended as if one of us had not run */
    struct fab_absence silence_away;  /* while we wait for a sign of the peer */
    struct fab_absence progress_away; /* while we wait for progress, from the first probe on */
    FAB_ALIGNED_TO_LINE struct fab_flow_counters
        counters; /* those of each frame come first in it */
    uint32_t credit_probe_count;
    uint32_t hello_count; /* since the offer last changed */
    struct fab_prng jitter;
    struct fab_flow_config config;         /* likewise */
    uint32_t stream_out[FAB_STREAM_COUNT]; /* number of the next record */
    struct fab_reorder reorder;
    /* large bodies */
    struct fab_large_out own_large_out;
    struct fab_large_in own_large_in;
    struct fab_granter *granter; /* the config's, or own_granter */
    struct fab_granter own_granter;
    struct fab_grant_seat seat;
    struct fab_handshake handshake;
};

/* Bytes of it for one path, without what only other lanes, losses and bodies use. */
#define FAB_FLOW_HOT_SIZE                                              \
    (offsetof(struct fab_flow, lanes) + sizeof(struct fab_flow_lane) + \
     offsetof(struct fab_flow_path, received))

static_assert(FAB_FLOW_HOT_SIZE <= 512, "hot state of a flow");

/* What is beside it touched for each frame, in as few lines as there can be. */
static_assert(offsetof(struct fab_flow, clock.peer) <=
                  offsetof(struct fab_flow, path.mtu) + 3 * FAB_CACHE_LINE,
              "frame's lines");
static_assert(offsetof(struct fab_flow_config, timers.hello_ns_min) <= FAB_CACHE_LINE,
              "config's line");

/* The lane that comes next in a set of them, which is not empty. */
static inline enum fab_lane
fab_flow_first_lane(unsigned lanes)
{
    return (enum fab_lane)__builtin_ctz(lanes);
}

/* flow_epoch.c */

void fab_flow_on_hello(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns);
/* A frame of the candidate's epoch came: it begins. */
void fab_flow_on_proof(struct fab_flow *flow, uint64_t now_ns);
void fab_flow_begin_epoch(struct fab_flow *flow, uint64_t now_ns);
void fab_flow_end_epoch(struct fab_flow *flow, enum fab_flow_reason reason, uint64_t now_ns);
/* Asks for a reset of a stale epoch, within the rate limit. */
void fab_flow_refuse_epoch(struct fab_flow *flow, uint32_t epoch, uint64_t now_ns);
/* Says hello from now on, first after `delay_ns`. */
void fab_flow_start_hello(struct fab_flow *flow, uint64_t delay_ns, uint64_t now_ns);
void fab_flow_on_hello_timer(struct fab_flow *flow, uint64_t now_ns);
/* The body of a HELLO to send now. */
struct fab_hello fab_flow_own_hello(const struct fab_flow *flow);

/* flow_memory.c */

void fab_flow_clear(void *memory, const struct fab_flow_config *config);
/* Finds them in the flow's memory and store; the config is set. */
void fab_flow_place_parts(struct fab_flow *flow, uint8_t *memory);

/* flow_claim.c */

/* The user lane is empty: nothing in it can be superseded. */
void fab_flow_forget_latest(struct fab_flow *flow);

/* flow_credit.c */

/* Units that a lane is promised as long as the flow is there; of all lanes. */
uint32_t fab_flow_credit_least(const struct fab_flow_config *config, int lane);
uint32_t fab_flow_credit_promise(const struct fab_flow_config *config);
/* Records of so many units have left the flow. */
void fab_flow_credit_came_back(struct fab_flow *flow, enum fab_lane lane, uint32_t units);
/* The peer has records that wait for credit. */
void fab_flow_credit_wanted(struct fab_flow *flow);
/* The epoch is over: what was given beyond the least is free. */
void fab_flow_credit_end(struct fab_flow *flow);

/* flow_ack.c */

/* Whether all that the frame acknowledges was sent in this epoch. */
bool fab_flow_ack_is_possible(const struct fab_flow *flow, const struct fab_frame *frame);
void fab_flow_on_ack(struct fab_flow *flow, const struct fab_frame *frame, uint64_t now_ns);
/* What fab_flow_settle does, but without saying that there is room. */
void fab_flow_take_late_ack(struct fab_flow *flow);
/* Declares lost what is; sets when to look again. */
void fab_flow_detect_losses(struct fab_flow *flow, uint64_t now_ns);
/* When the oldest frame, which was lost, need not be remembered any longer. */
uint64_t fab_flow_forget_lost_ns(const struct fab_flow *flow);
/* The same where nothing is in flight, else never: then acknowledgements see to that. */
static inline uint64_t
fab_flow_forget_ns(const struct fab_flow *flow)
{
    const struct fab_sent_map *sent = &flow->path.sent;

    if (fab_likely(sent->in_flight > 0 || sent->tail == sent->head))
        return FAB_FLOW_NO_DEADLINE;
    return fab_flow_forget_lost_ns(flow);
}
void fab_flow_forget_lost(struct fab_flow *flow, uint64_t now_ns);
/* Makes place for one more frame among those sent, if need be by giving up the oldest: after many
 * probes without an answer that is lost anyway. */
void fab_flow_make_room(struct fab_flow *flow, uint64_t now_ns);

/* flow_receive.c */

/* Units that the lane of a chunk may keep. */
static inline uint32_t
fab_flow_keep_limit(const struct fab_flow *flow, const struct fab_chunk *chunk)
{
    return flow->lanes[fab_chunk_lane(chunk)].credit_in.window;
}

/* Says which lanes have room again. */
void fab_flow_tell_writable(struct fab_flow *flow);

/* Whether it would say so of one. */
bool fab_flow_is_writable_due(const struct fab_flow *flow);

bool fab_flow_address_is_ours(const struct fab_flow *flow, const struct fab_frame_header *header);

/* flow_records.c */

/* Hands on or keeps the records of a frame. Returns whether every one was taken. */
bool fab_flow_take_chunks(struct fab_flow *flow, const struct fab_frame *frame);

/* Hands on what the stream has kept and now is next. */
void fab_flow_deliver_waiting(struct fab_flow *flow, uint8_t stream);

/* flow_pass.c */

/* Hands on what may pass a body that holds up the stream, if one does. */
void fab_flow_pass(struct fab_flow *flow, uint8_t stream);

/* The same when another body of the stream has become whole. */
void fab_flow_pass_anew(struct fab_flow *flow, uint8_t stream);

/* The epoch ends: hands on what on_message has refused. */
void fab_flow_offer_last(struct fab_flow *flow);

/* flow_secure.c: none of it without flow->secure */

/* There is an X25519 pair to offer. */
void fab_flow_ensure_pair(struct fab_flow *flow);
/* The handshake has taken the proven hello as its candidate. */
void fab_flow_secure_candidate(struct fab_flow *flow, const struct fab_frame *frame);
/* Checks a frame that is neither HELLO nor shorter than a header. The bytes to go on with, which
 * begin with the header; NULL: refused and counted. */
const uint8_t *fab_flow_open(struct fab_flow *flow, const uint8_t *bytes, size_t size,
                             uint64_t now_ns);
/* The frame that was opened last is of the epoch that runs: it will not be taken again. */
void fab_flow_on_opened(struct fab_flow *flow);
/* Whether the hello, which has a proof, is from somebody with our pre-shared key. */
bool fab_flow_hello_is_proven(const struct fab_flow *flow, const struct fab_frame *frame);
/* Header and tag of a frame of the epoch; its size counts the tag. */
void fab_flow_seal(struct fab_flow *flow, uint8_t *frame, struct fab_frame_header *header,
                   uint64_t number);
/* The same for a frame whose `tail` is not in the buffer yet. In AUTH it stays where it is, and the
 * tag goes to the config's tail; in ENCRYPT it is encrypted into its place, which ends where the
 * frame's size says, but for a pad and the tag. */
void fab_flow_seal_with(struct fab_flow *flow, uint8_t *frame, struct fab_frame_header *header,
                        uint64_t number, const struct fab_frame_tail *tail);
/* The proof behind a hello; the header that fab_frame_seal writes afterwards is this one. */
void fab_flow_prove_hello(struct fab_flow *flow, uint8_t *frame,
                          const struct fab_frame_header *header);

/* Bytes that a frame of the epoch has behind its chunks. */
static inline uint32_t
fab_flow_tag_size(const struct fab_flow *flow)
{
    return flow->secure != NULL ? FAB_FRAME_TAG_SIZE : 0;
}

/* flow_timer.c */

/* Sets when to probe next, from what is in flight. */
void fab_flow_arm_probe(struct fab_flow *flow);
/* Something was heard of the peer. */
static inline void
fab_flow_heard(struct fab_flow *flow, uint64_t now_ns)
{
    flow->signs++;
    if (fab_unlikely(fab_liveness_on_heard(&flow->path.liveness, now_ns)))
        flow->ops->on_suspect(flow->context, false);
}

/* flow_clock.c */

/* An epoch begins. */
void fab_flow_clock_begin(struct fab_flow *flow);
void fab_flow_on_clock(struct fab_flow *flow, const struct fab_clock_block *block, uint64_t now_ns);
void fab_flow_on_clock_timer(struct fab_flow *flow);
/* The block that is due, for a frame that leaves now. */
struct fab_clock_block fab_flow_clock_block(struct fab_flow *flow, uint64_t now_ns);

/* flow_large.c: out */

void fab_flow_large_on_turn(struct fab_flow *flow, uint64_t now_ns);
/* Whether bodies are on their way out. */
static inline bool
fab_flow_has_bodies(const struct fab_flow *flow)
{
    return flow->large_out && flow->large_out->open_count > 0;
}
bool fab_flow_can_send_part(const struct fab_flow *flow);
/* When the next turn's parts may be sent; UINT64_MAX: none wait for a turn. */
uint64_t fab_flow_next_part_ns(const struct fab_flow *flow);
void fab_flow_large_on_acked(struct fab_flow *flow, fab_part part);
bool fab_flow_grants_are_possible(const struct fab_flow *flow, const struct fab_frame *frame);
void fab_flow_on_grants(struct fab_flow *flow, const struct fab_frame *frame);

/* flow_large.c: in */

/* A record that announces a body. Returns false when it had to be left. */
bool fab_flow_take_head(struct fab_flow *flow, const struct fab_chunk *chunk);
/* Whether a kept record waits for its body. */
bool fab_flow_is_held(const struct fab_chunk *chunk);
/* A record that is handed on names its body as the owner does. */
void fab_flow_name_body(struct fab_msg *msg);
/* Counts a part that cannot be: false. */
bool fab_flow_part_is_possible(struct fab_flow *flow, const struct fab_frame *frame);
void fab_flow_take_part(struct fab_flow *flow, const struct fab_frame *frame);

/* flow_large.c: the end of an epoch */

/* Gives up what has come of bodies. */
void fab_flow_large_drop(struct fab_flow *flow);
/* A body that is not acknowledged keeps what follows it in its stream in doubt. */
void fab_flow_large_find_doubt(const struct fab_flow *flow, uint32_t from[FAB_STREAM_COUNT]);
/* Reports bodies whose records have left their lane. */
void fab_flow_large_report(struct fab_flow *flow);

/* flow_send.c */

/* Bytes that a frame may have now, without a tag. */
static inline uint32_t
fab_flow_frame_size(const struct fab_flow *flow)
{
    return flow->path.mtu.size;
}

/* Whether one more frame may be in flight. */
static inline bool
fab_flow_has_window(const struct fab_flow *flow)
{
    const struct fab_flow_path *path = &flow->path;

    return path->sent.in_flight < flow->config.window_frames &&
           (path->pace_ns == FAB_FLOW_NO_DEADLINE || path->sent.in_flight == 0) &&
           fab_congestion_may_send(&path->congestion, path->sent.in_flight_bytes) &&
           !fab_sent_map_is_full(&path->sent);
}

/* Whether one more frame with a part of a body may be: they leave some of the window to others. */
static inline bool
fab_flow_has_parts_window(const struct fab_flow *flow)
{
    uint32_t window = flow->config.window_frames;

    return flow->path.sent.in_flight < window - window / FAB_FLOW_RECORDS_SHARE &&
           fab_flow_has_window(flow);
}

/* Whether records may go though parts must wait, so that they wait for no acknowledgement of bulk:
 * beyond the congestion window and its pace, but only a few for each part, so that parts get on. */
static inline bool
fab_flow_may_pass_parts(const struct fab_flow *flow)
{
    const struct fab_flow_path *path = &flow->path;
    uint32_t ahead = FAB_FLOW_AHEAD_FRAMES * path->mtu.size;
    uint32_t bytes = path->sent.in_flight_bytes;

    return flow->records_since_part < flow->config.window_frames / FAB_FLOW_RECORDS_SHARE &&
           path->sent.in_flight < flow->config.window_frames &&
           fab_congestion_may_send(&path->congestion, bytes > ahead ? bytes - ahead : 0) &&
           !fab_sent_map_is_full(&path->sent);
}

/* Whether one more frame of records may be in flight. */
static inline bool
fab_flow_has_records_window(const struct fab_flow *flow)
{
    if (fab_likely(!fab_flow_has_bodies(flow)))
        return fab_flow_has_window(flow);
    return fab_flow_has_parts_window(flow) || fab_flow_may_pass_parts(flow);
}

/* Whether the flow has records that it may put into a frame now. */
static inline bool
fab_flow_can_send_records(const struct fab_flow *flow)
{
    for (unsigned lanes = flow->used_lanes; lanes != 0; lanes &= lanes - 1) {
        enum fab_lane lane = fab_flow_first_lane(lanes);
        const struct fab_send_lane *at = &flow->lanes[lane].send;

        if (at->lost_count > 0 ||
            (fab_send_lane_has_new(at) && !(flow->short_lanes & (1U << lane))))
            return fab_flow_has_records_window(flow);
    }
    return false;
}

#endif
