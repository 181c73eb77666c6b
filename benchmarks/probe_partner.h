/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who gives latency probes back, in a process of its own (`--partner probe:PLACE:DEVICE`).
 */
#ifndef BENCHMARKS_PROBE_PARTNER_H
#define BENCHMARKS_PROBE_PARTNER_H

enum probe_place {
    PROBE_FLOOR = 0, /* a bare loop that sends every frame back as it came: what the device costs */
    /* The program's own loop over its port, with a node as a guest that turns in it: probes are
     * given back there, all other frames are offered to the node. */
    PROBE_PORT_LOOP,
    PROBE_SAME_LCORE,  /* an actor on the lcore that polls the port */
    PROBE_OTHER_LCORE, /* an actor on another lcore, a ring away from the one with the port */
    /* No probes: messages to an actor and back by the reliable protocol, with a partner of
     * wire_place.h. */
    PROBE_RELIABLE,
    PROBE_PLACE_COUNT,
};

#endif
