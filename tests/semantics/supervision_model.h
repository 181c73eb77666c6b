/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A small model of supervisors, monitors and links: who lives, how often each child has begun,
 * which Down events must have come, whom a link has ended. It knows nothing of how any of it is
 * done.
 *
 * Children are called kids. Beside them there are mates: actors that nobody supervises, each linked
 * with one kid. Supervision is in supervision_model.c, links are in supervision_ties.c.
 */
#ifndef TESTS_SEMANTICS_SUPERVISION_MODEL_H
#define TESTS_SEMANTICS_SUPERVISION_MODEL_H

#include <stdbool.h>

#include <mycelium/supervisor.h>

#define NODES       3U
#define KIDS_MAX    5U
#define KIDS_ALL    (NODES * KIDS_MAX)
#define WATCHES_MAX 64U
#define MATES_MAX   12U

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

struct mate_model {
    bool is_alive;
    bool is_tied; /* linked with its kid; lives */
    unsigned node;
    unsigned kid_node;
    unsigned kid;
    enum myc_status reason; /* its stop function has run with it; OK: it has not */
};

struct supervision_model {
    enum myc_supervisor_strategy strategy;
    bool is_fresh;
    unsigned intensity;
    struct node_model nodes[NODES];
    bool is_cut[NODES][NODES];
    struct watch_model watches[WATCHES_MAX];
    struct mate_model mates[MATES_MAX];
    bool ties[KIDS_ALL][KIDS_ALL];  /* kids that are linked; by node * KIDS_MAX + kid */
    enum myc_status hits[KIDS_ALL]; /* a link ends this kid; OK: none does */
    bool has_ties;                  /* kids are linked with kids in this history */
};

extern struct supervision_model model;

/* Whether messages get from one node to the other. */
bool model_is_linked(unsigned i, unsigned j);

/* A child has ended by itself, or was killed, with this reason: all that follows from it. */
void model_exit(unsigned node, unsigned index, enum myc_status reason);

/* The supervisor of a node ends, and its children with it. */
void model_end_supervisor(unsigned node);

/* The connection of two nodes is no more. */
void model_unlink(unsigned i, unsigned j);

/* --- supervision_ties.c ----------------------------------------------------------------------- */

/* A kid has ended: its links go, and hit who is at their other ends. */
void model_cut_ties(unsigned node, unsigned kid, enum myc_status reason);

/* Ends all kids that are hit, and whom their ends hit. */
void model_spread_hits(void);

/* A kid links to another, takes a link back (false: there was none). */
void model_tie(unsigned node, unsigned kid, unsigned other_node, unsigned other);
bool model_untie(unsigned node, unsigned kid, unsigned other_node, unsigned other);

/* A mate begins on that node and links to a kid; one ends. */
void model_tie_mate(struct mate_model *mate, unsigned node, unsigned kid_node, unsigned kid);
void model_end_mate(struct mate_model *mate, enum myc_status reason);

/* Two nodes have lost each other: both ends of each link between them are told. */
void model_lose_ties(unsigned i, unsigned j);

/* A node has crashed: nobody there is told anything. */
void model_forget_ties(unsigned node);

#endif
