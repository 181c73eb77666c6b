/* SPDX-License-Identifier: BSD-3-Clause */
/* What a flow tells, for tests that look at its frames and counters only: nothing is done. */
#ifndef TESTS_SUPPORT_QUIET_FLOW_H
#define TESTS_SUPPORT_QUIET_FLOW_H

#include "proto/flow.h"

static inline void
quiet_on_up(void *context, const struct fab_flow_peer *peer)
{
    (void)context;
    (void)peer;
}

static inline void
quiet_on_down(void *context, enum fab_flow_reason reason)
{
    (void)context;
    (void)reason;
}

static inline void
quiet_on_in_doubt(void *context, const struct fab_msg *msg)
{
    (void)context;
    (void)msg;
}

static inline void
quiet_on_writable(void *context, enum fab_lane lane)
{
    (void)context;
    (void)lane;
}

static inline void
quiet_on_suspect(void *context, bool is_suspect)
{
    (void)context;
    (void)is_suspect;
}

static inline void
quiet_on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    (void)context;
    (void)obstacle;
    (void)hello;
}

#endif
