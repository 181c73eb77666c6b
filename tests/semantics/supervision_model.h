/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small model of supervisors and monitors: who lives, how often each child has begun, which Down
 * events must have come. It knows nothing of how any of it is done.
 */
#ifndef TESTS_SEMANTICS_SUPERVISION_MODEL_H
#define TESTS_SEMANTICS_SUPERVISION_MODEL_H

#include <stdbool.h>

#include <mycelium/supervisor.h>

#define NODES       3U
#define KIDS_MAX    5U
#define WATCHES_MAX 64U

struct kid_model {
    enum myc_restart_policy restart;
    bool exists; /* its spec is kept */
    bool is_alive;
    unsigned starts;
    unsigned life; /* grows when it gets a new ref */
};

struct node_model {
    bool is_alive;
    bool has_supervisor;
    unsigned life;
    unsigned restarts;
    unsigned kid_count;
    struct kid_model kids[KIDS_MAX];
};

struct watch_model {
    bool is_open;
    unsigned by; /* node of the probe */
    unsigned by_life;
    unsigned node;
    unsigned node_life;
    unsigned kid;
    unsigned life;
    uint64_t monitor;
    enum myc_status expected; /* Down with it has to come now; OK: none */
};

struct supervision_model {
    enum myc_supervisor_strategy strategy;
    bool is_fresh;
    unsigned intensity;
    struct node_model nodes[NODES];
    bool is_cut[NODES][NODES];
    struct watch_model watches[WATCHES_MAX];
};

extern struct supervision_model model;

/* Whether messages get from one node to the other. */
bool model_is_linked(unsigned i, unsigned j);

/* A child has ended by itself, or was killed, with this reason: all that follows from it. */
void model_exit(unsigned node, unsigned index, enum myc_status reason);

/* The supervisor of a node ends, and its children with it. */
void model_end_supervisor(unsigned node);

/* The link between two nodes is no more. */
void model_unlink(unsigned i, unsigned j);

#endif
