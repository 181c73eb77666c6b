/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A hop: how messages go from one actor of the demo to the next without loss, however slow the
 * next one is.
 *
 *     producer                                   consumer
 *     outlet  --- Open{life, window} ----------> inlet     when the consumer's name is found
 *             <-- Credit{consumed 0} -----------           when the consumer is ready itself
 *             --- messages 1, 2, 3, ... ------->
 *             <-- Credit{consumed n} -----------           every quarter of a window
 *
 * The producer keeps each message until the consumer says that it was consumed, and has at most a
 * window of them outstanding; when there is no room, it does not consume what comes to it either,
 * so the pause travels upstream to the exchange, which stops sending. What the fabric refuses
 * (FULL) or returns (Undelivered FULL) is sent again from there on. A window is smaller than a
 * mailbox, so that hardly ever happens.
 *
 * A consumer that was there and is lost does not stop the others: until it, or another of its name,
 * opens again, messages for it are dropped and counted. Each opening begins a new life of the hop,
 * in which numbers start at 1 again; so a gap in the numbers is a lost message, always.
 */
#ifndef MARKET_HOP_H
#define MARKET_HOP_H

#include <mycelium/actor.h>
#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "market_messages.h"

#define MARKET_WINDOW      256U /* messages of a hop, or frames of the feed, not yet consumed */
#define MARKET_BODY_MAX    80U  /* bytes of the largest message of a hop or report */
#define MARKET_TICK_NS     20000000U
#define MARKET_TICKS_PER_S 50U

#define MARKET_FEED_PORT     "feed" /* the port of both ends, unless their arguments say another */
#define MARKET_FEED_UDP_PORT 26400U

#define MARKET_NAME_EXCHANGE     "demo.exchange"
#define MARKET_NAME_FEED_HANDLER "demo.feed"
#define MARKET_NAME_BOOK         "demo.book"
#define MARKET_NAME_STRATEGY     "demo.strategy"
#define MARKET_NAME_GATEWAY      "demo.gateway"
#define MARKET_NAME_REPORTER     "demo.reporter"

/* What a tag of ours says: what it is for in the high half, a lane or a number in the low. */
#define MARKET_TAG_HOP     (UINT64_C(1) << 56) /* lane << 48 | number */
#define MARKET_TAG_OPEN    (UINT64_C(2) << 56) /* lane; repeated by time */
#define MARKET_TAG_CREDIT  (UINT64_C(6) << 56) /* lane */
#define MARKET_TAG_MARK    (UINT64_C(7) << 56)
#define MARKET_TAG_WATCH   (UINT64_C(3) << 56) /* lane */
#define MARKET_TAG_JOURNAL (UINT64_C(4) << 56) /* number */
#define MARKET_TAG_TICK    (UINT64_C(5) << 56)
#define MARKET_TAG_NUMBER  ((UINT64_C(1) << 48) - 1)

#endif
