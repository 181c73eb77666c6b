/* SPDX-License-Identifier: BSD-3-Clause */
/* Between the simulator's own files: its queue of events, and what ends do with records. */
#ifndef TESTS_SIM_SIM_PARTS_H
#define TESTS_SIM_SIM_PARTS_H

#include "sim/sim.h"

struct sim_event {
    uint64_t at_ns;
    uint64_t order;
    uint32_t end;
    uint32_t size;   /* bytes of frame; 0: a timer */
    uint8_t path;    /* by which the frame comes */
    bool is_marked;  /* the frame, on its way */
    uint8_t *memory; /* owned by the event; NULL: a timer */
    uint8_t *bytes;  /* the frame in it, at an even address and no better */
};

/* sim_events.c: earliest first; those of one time in the order in which they were pushed. */
void sim_push_event(struct sim *sim, struct sim_event event);
struct sim_event sim_pop_event(struct sim *sim);

/* sim_records.c */
extern const struct fab_flow_ops sim_flow_ops;

/* Sends a record on a random stream and lane, or some on streams next to each other, `most` at
 * most. Returns how many; 0: there was no room. */
uint32_t sim_send_records(struct sim *sim, struct sim_end *end, uint32_t most);

/* To whom the records of a stream go, and back. */
static inline uint64_t
sim_receiver(const struct sim *sim, uint8_t stream)
{
    return stream < FAB_STREAM_USER_COUNT ? sim->receivers[stream] : 0;
}

static inline uint8_t
sim_stream(const struct fab_msg *msg)
{
    return msg->to ? fab_flow_stream_of(msg->to) : FAB_STREAM_SYSTEM;
}

/* Names sender, incarnation and epoch. */
uint64_t sim_life_key(const struct sim_end *end);

/* sim_large.c */
bool sim_send_large(struct sim *sim, struct sim_end *end, uint8_t stream);
/* A large record has come: its body is whole, and is given back. */
void sim_check_large(struct sim_end *end, const struct fab_msg *msg);
bool sim_on_body_wanted(void *context, uint32_t size, uint8_t **bytes, uint64_t *token);
void sim_on_body_dropped(void *context, uint64_t token);
void sim_on_body_sent(void *context, uint64_t loan);
/* What the epoch that ends has lent. */
void sim_forget_lent(struct sim_end *end);
void sim_free_bodies(struct sim_end *end);
/* Whether a body is lent or has been borrowed. */
bool sim_has_bodies(const struct sim_end *end);

/* What must hold after every step. */
void sim_check_end(const struct sim *sim, struct sim_end *end);

/* sim_still.c */

/* Whether the end stands still; it does not any more when its time has come. */
bool sim_is_away(struct sim *sim, struct sim_end *end);
/* Takes the event's frame, which is read later. */
void sim_keep_unread(struct sim_end *end, struct sim_event *event);
/* The next frame to read, whose bytes are the caller's then. */
struct sim_event sim_take_unread(struct sim_end *end);
void sim_drop_unread(struct sim_end *end);

/* sim_wire.c */

/* A frame of `end` goes onto its wire. */
void sim_transmit(struct sim *sim, struct sim_end *end, const uint8_t *frame, size_t size);

#endif
