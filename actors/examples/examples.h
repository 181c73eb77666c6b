/* SPDX-License-Identifier: BSD-3-Clause */
/* Example actors: what to copy from. Each file's head says what it shows. */
#ifndef ACTORS_EXAMPLES_H
#define ACTORS_EXAMPLES_H

#include <mycelium/actor.h>
#include <mycelium/supervisor.h>

/* pipeline.c: a supervisor of three stages; arguments: the ref that gets what comes out. */
extern const struct myc_class example_pipeline_class;
/* Name of the first stage, to which jobs are sent. */
#define EXAMPLE_PIPELINE_ENTRY "example.pipeline"

/* failover.c: answers a Query by asking replicas one after the other until one has answered;
 * arguments: the name of their group. */
extern const struct myc_class example_failover_class;

/* fanout.c: passes quotes on to who subscribes; a slow one gets the newest of each symbol. */
extern const struct myc_class example_fanout_class;
#define EXAMPLE_FANOUT_SYMBOLS_MAX     64U
#define EXAMPLE_FANOUT_SUBSCRIBERS_MAX 32U

/* tcp_session.c: a poller that speaks to a peer over the kernel's TCP; records are Jobs as they lie
 * in memory. What comes in goes to the owner, what it is sent goes out. */
extern const struct myc_class example_tcp_class;
struct example_tcp_args {
    struct myc_ref owner;
    uint32_t address; /* IPv4, in the host's byte order */
    uint16_t port;
};

#endif
