/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * System records: what cores tell each other (records of kind SYSTEM).
 *
 * The record's template_id is the op, its body the struct of that op, exactly that long: fixed,
 * little-endian, no padding. Refs travel as actor words where their home is that of one of the
 * link's ends, as whole refs elsewhere. They come from another process: fab_system_check refuses
 * a body that is not as long as its op says, and who reads it checks every number in it.
 *
 * On a flow only what is for one actor is in order, so each record says with whose messages it goes
 * (the stream of that actor's word). NOTICE_TAKEN goes with the receiver's: after every message
 * that the sender sent before it took the notice. DOWN goes with the watcher's, EXIT with the
 * linked actor's: after the dead actor's last message. NOTICE and WRITABLE go together, with
 * nobody's: WRITABLE comes after the notices that announced it, and a notice that is repeated after
 * a break is known by its number.
 */
#ifndef FAB_WIRE_SYSTEM_H
#define FAB_WIRE_SYSTEM_H

#include "wire/message.h"

enum fab_system_op {
    FAB_SYSTEM_NOTICE = 1,       /* a message was not delivered */
    FAB_SYSTEM_NOTICE_TAKEN = 2, /* its sender knows: the pair may go on */
    FAB_SYSTEM_WRITABLE = 3,     /* a receiver that was announced as full has room */
    FAB_SYSTEM_STOP = 4,         /* an actor is asked to stop, or killed */
    FAB_SYSTEM_SPAWN = 5,        /* between lcores of one process: spawn there */
    FAB_SYSTEM_SPAWNED = 6,      /* its outcome */
    FAB_SYSTEM_RELEASE = 8,      /* a large body that was lent is read no more */
    FAB_SYSTEM_PARTS = 16, /* from here on: asks 16 to 31, monitors 32 to 47, names 48 to 63 */
    FAB_SYSTEM_ASK_FIRST = 16,
    FAB_SYSTEM_ASK_FAILED = 16, /* an ask will not be answered */
    FAB_SYSTEM_WAIT_PROBE = 17, /* debug builds: who waits for whom (actor/wait_cycle.h) */
    FAB_SYSTEM_ASK_ENDED = 18,  /* nobody waits for the answer to an ask any more */
    FAB_SYSTEM_ASK_TAKEN = 19,  /* another actor owes the answer now */
    FAB_SYSTEM_MONITOR_FIRST = 32,
    FAB_SYSTEM_MONITOR = 32,   /* an actor is to be watched */
    FAB_SYSTEM_DEMONITOR = 33, /* and no more */
    FAB_SYSTEM_DOWN = 34,      /* a watched actor has ended */
    FAB_SYSTEM_LINK = 35,      /* two actors are to be linked */
    FAB_SYSTEM_UNLINK = 36,    /* and no more */
    FAB_SYSTEM_EXIT = 37,      /* a linked actor has ended */
    FAB_SYSTEM_NAME_FIRST = 48,
    FAB_SYSTEM_END = 64
};

/* What a notice says of the receiver's mailbox. */
enum fab_system_announced {
    FAB_ANNOUNCED_NOTHING = 0,
    FAB_ANNOUNCED_FULL = 1,       /* it is full; a WRITABLE will follow */
    FAB_ANNOUNCED_FOR_MARGIN = 2, /* full for messages that want a margin; likewise */
};

/* NOTICE: a message of `sender` to `receiver` was not delivered. */
struct fab_system_notice {
    uint64_t sender;   /* actor word, of the core that gets this */
    uint64_t receiver; /* actor word, of the core that sends this */
    uint64_t tag;      /* of the message */
    uint64_t sequence; /* of this core's notices over this link, from 1; repeated with the notice */
    uint16_t block_length;
    uint16_t template_id;
    uint16_t schema_id;
    uint16_t version;
    uint32_t size;     /* bytes of body that it had */
    uint8_t kind;      /* enum fab_msg_kind, SEND or ASK */
    uint8_t status;    /* enum myc_status */
    uint8_t announced; /* enum fab_system_announced */
    uint8_t is_taken;  /* 1: a NOTICE_TAKEN is expected */
};

/* NOTICE_TAKEN: the sender's actor has been given the notice, or has ended. */
struct fab_system_taken {
    uint64_t sender;   /* actor word, of the core that sends this */
    uint64_t receiver; /* actor word, of the core that gets this */
};

/* WRITABLE: the receiver's mailbox has room, or it has ended. */
struct fab_system_writable {
    uint64_t receiver; /* actor word, of the core that sends this */
};

/* How an actor is asked to end. */
enum fab_system_stop_how {
    FAB_SYSTEM_STOP_NOW = 0,
    FAB_SYSTEM_STOP_DRAINED = 1, /* when it has handled what waits */
};

/* STOP: asks an actor to end. */
struct fab_system_stop {
    uint64_t actor; /* actor word, of the core that gets this */
    uint8_t reason; /* enum myc_status; KILLED kills */
    uint8_t how;    /* enum fab_system_stop_how */
    uint8_t reserved[6];
};

/* SPAWN: the request lies in the asking core's memory, which SPAWNED gives back. Refused from any
 * other process. */
struct fab_system_spawn {
    uint64_t request; /* address of a struct fab_spawn_request */
};

/* SPAWNED: the outcome of the request at that address is within it. */
struct fab_system_spawned {
    uint64_t request;
};

/* RELEASE: the other end may use the memory again. Not over a flow, which has its own copy. */
struct fab_system_release {
    uint32_t loan; /* as the record with the body said */
    uint32_t reserved;
};

static_assert(sizeof(struct fab_system_release) == 8, "layout");
/* ASK_FAILED: an ask of `asker` will not be answered. */
struct fab_system_ask_failed {
    uint64_t asker; /* actor word, of the core that gets this */
    uint64_t ask;   /* its id */
    uint8_t status; /* enum myc_status */
    uint8_t reserved[7];
};

/* ASK_ENDED: an ask was cancelled, timed out, or ended with its asker. It goes with the messages of
 * the target, behind the ask itself. */
struct fab_system_ask_ended {
    uint64_t asker;  /* actor word, of the core that sends this */
    uint64_t ask;    /* its id */
    uint64_t target; /* who owes the answer: actor word, of the core that gets this */
};

/* ASK_TAKEN: an ask was passed on, and the sender's actor will answer it. */
struct fab_system_ask_taken {
    uint64_t asker; /* actor word, of the core that gets this */
    uint64_t ask;   /* its id */
    uint64_t owner; /* who owes the answer now: actor word, of the core that sends this */
};

static_assert(sizeof(struct fab_system_ask_ended) == 24, "layout");
static_assert(sizeof(struct fab_system_ask_taken) == 24, "layout");

/* WAIT_PROBE: `asker` waits for the target's answer to `ask`, and so does `origin` behind it. */
struct fab_system_wait_probe {
    uint64_t origin_home; /* ref of whoever began it */
    uint64_t origin_actor;
    uint64_t asker_home; /* ref of whoever passed it on */
    uint64_t asker_actor;
    uint64_t ask;    /* the asker's id */
    uint64_t target; /* actor word, of the core that gets this */
    uint32_t number; /* of the origin's core's probes */
    uint8_t hops;    /* asks that it has followed, 1 up */
    uint8_t reserved[3];
};

static_assert(sizeof(struct fab_system_wait_probe) == 56, "layout");

/* MONITOR, DEMONITOR: a watch begins or ends. */
struct fab_system_monitor {
    uint64_t watcher; /* actor word, of the core that sends this */
    uint64_t target;  /* actor word, of the core that gets this */
    uint64_t monitor; /* the watcher's id for it */
};

/* DOWN: the target has ended, or there was none. */
struct fab_system_down {
    uint64_t watcher; /* actor word, of the core that gets this */
    uint64_t monitor; /* the watcher's id */
    uint8_t reason;   /* enum myc_status */
    uint8_t reserved[7];
};

/* LINK, UNLINK, EXIT: a link between two actors begins, is taken back, or ends with one of them.
 * Each side's half of it has an id; 0: not known, or there is none. They go with the messages to
 * the actor, so that an EXIT is behind all that its peer had sent. */
struct fab_system_linked {
    uint64_t actor;       /* actor word, of the core that gets this */
    uint64_t peer;        /* actor word, of the core that sends this */
    uint64_t sender_id;   /* of the peer's half; never 0 in a LINK */
    uint64_t receiver_id; /* of the actor's half */
    uint8_t reason;       /* enum myc_status, of an EXIT */
    uint8_t reserved[7];
};

static_assert(sizeof(struct fab_system_linked) == 40, "layout");
static_assert(sizeof(struct fab_system_monitor) == 24, "layout");
static_assert(sizeof(struct fab_system_down) == 24, "layout");
static_assert(sizeof(struct fab_system_notice) == 48, "layout");
static_assert(sizeof(struct fab_system_taken) == 16, "layout");
static_assert(sizeof(struct fab_system_writable) == 8, "layout");
static_assert(sizeof(struct fab_system_stop) == 16, "layout");
static_assert(sizeof(struct fab_system_ask_failed) == 24, "layout");

#endif
