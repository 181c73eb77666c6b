/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One link over a flow: the carrier interface on one side, fabric/proto's flow on the other.
 *
 * It translates and adds nothing of its own: claims become the flow's claims (the receiver's actor
 * word picks the stream, so that records for one actor keep their order and a lost frame delays
 * only the streams that it carried), and what the flow tells goes to the core.
 */
#ifndef FAB_LINK_FLOW_LINK_H
#define FAB_LINK_FLOW_LINK_H

#include "base/compiler.h"
#include "link/flow_timer.h"
#include "link/link.h"
#include "proto/flow.h"
#include "proto/twin.h"

struct fab_flow_end;
struct fab_flow_life;

/* The other path of a link over two ports (A/B): see flow_twin.h. */
struct fab_flow_second {
    struct fab_flow_end *end;   /* not owned: the same lcore's, at the other port */
    struct fab_flow_link *link; /* not owned: whose second path it is */
    uint32_t path;              /* as the link's, at that port */
    uint16_t source_port;       /* as the link's, over this path */
    struct fab_twin twin;
};

struct fab_flow_link {
    struct fab_link link;           /* first: the core knows only this */
    struct fab_flow *flow;          /* asked by fab_flow_link_ask, where its records count */
    struct fab_flow_end *end;       /* not owned: whose link it is */
    struct fab_flow_life *life;     /* not owned: what is known of the peer */
    struct fab_flow_second *second; /* not owned; NULL: there is one path only */
    struct fab_flow_link *touched_next;
    struct fab_flow_link *news_next;
    struct fab_flow_link *refused_next;
    struct fab_flow_timer timer;
    uint64_t heard_ns;    /* when the flow was last told that the peer lives */
    uint64_t obstacle_ns; /* when why the peer is refused may be said again */
    uint32_t deaths;      /* of the peer, as known when the epoch began */
    uint32_t path;        /* peer index 16 | our lcore 8 | peer lcore 8 */
    uint16_t peer_node;
    uint16_t source_port; /* UDP port from which the peer would have our frames; 0: any */
    uint8_t epoch_reason; /* enum fab_flow_reason of the last end of an epoch */
    bool is_touched;      /* on the end's list of those to be asked for frames */
    bool is_quiet;        /* has nothing to say since then, but may have something to do */
    bool has_refused;     /* on the end's list of those that keep records for want of room */
    bool is_closed;       /* no sink call any more */
    bool has_ended;       /* an epoch ended and the end has not looked yet */
    bool has_told_mtu;    /* the log knows that frames are smaller than they could be */
    bool has_errors;      /* both sides know of them in origins */
    bool has_news;        /* on the end's list of those whose epoch began or ended */
    bool has_window;      /* records may have been written that the flow does not know of */
    void *memory;         /* of the flow; owned by the end */
};

/* What a link is made of. */
struct fab_flow_link_config {
    struct fab_flow_end *end;
    struct fab_flow_life *life;
    const struct fab_flow_config *flow;
    void *memory; /* fab_flow_size(flow) bytes */
    uint32_t path;
    uint64_t now_ns;
};

void fab_flow_link_init(struct fab_flow_link *link, const struct fab_flow_link_config *config);

/* Begins to say hello over a flow that waited for the peer to do so. No effect on others. */
void fab_flow_link_initiate(struct fab_flow_link *link, const struct fab_flow_config *config,
                            uint64_t now_ns);

static inline struct fab_flow_link *
fab_flow_link_of(struct fab_link *link)
{
    return FAB_CONTAINER_OF(link, struct fab_flow_link, link);
}

/* flow_told.c: what the flow of a link is made with. Its context is the link. */
extern const struct fab_flow_ops fab_flow_link_told;

/* A peer from before there were errors of origins takes and gives a time alone. The record lies in
 * a buffer of this lcore's. */
void fab_flow_link_drop_error(const struct fab_msg *msg);

/* Gives the flow what was written into the window, and closes it. */
void fab_flow_link_close_window(struct fab_flow_link *link);

/* The flow, with all that was sent. */
static inline struct fab_flow *
fab_flow_link_ask(struct fab_flow_link *link)
{
    if (fab_unlikely(link->has_window))
        fab_flow_link_close_window(link);
    return link->flow;
}

static inline struct fab_flow_link *
fab_flow_link_of_timer(struct fab_flow_timer *timer)
{
    return FAB_CONTAINER_OF(timer, struct fab_flow_link, timer);
}

#endif
