/* SPDX-License-Identifier: BSD-3-Clause */
/* What is compared with the model: supervisors and their kids on a bench, probes and mates. */
#ifndef TESTS_SEMANTICS_SUPERVISION_LAB_H
#define TESTS_SEMANTICS_SUPERVISION_LAB_H

#include "semantics.h"
#include "supervision_model.h"

struct kid_args {
    unsigned node;
    unsigned index;
};

/* A mate that the last history or a crash has ended is told of by nobody. */
struct mate_lab {
    struct myc_ref ref;
    enum myc_status reason; /* its stop function has run with it; OK: it has not */
};

struct supervision_lab {
    struct myc_test *bench;
    struct myc_test_probe *probes[NODES];
    struct myc_ref supervisors[NODES];
    struct kid_args args[NODES][KIDS_MAX];
    struct myc_spawn_options options[NODES][KIDS_MAX];
    struct myc_child_spec specs[NODES][KIDS_MAX];
    struct myc_ref refs[NODES][KIDS_MAX]; /* of the last life of each kid */
    unsigned starts[NODES][KIDS_MAX];
    struct mate_lab mates[MATES_MAX];
    uint64_t seed;
    unsigned step;
};

extern struct supervision_lab lab;

uint64_t lab_draw(uint64_t bound);

/* A supervisor with kids, and a probe, on a node that has begun; the model, too. */
void lab_populate(unsigned node);

/* In the name of the probe beside the kid. */
void lab_tell_to_link(unsigned node, unsigned kid, struct myc_ref other);
void lab_tell_to_unlink(unsigned node, unsigned kid, struct myc_ref other);

/* A mate that links to the kid when it begins. */
void lab_spawn_mate(unsigned index, unsigned node, struct myc_ref kid);

/* Stops or kills somebody (KILLED), in the probe's name. */
void lab_end(unsigned by, struct myc_ref ref, enum myc_status reason);

uint64_t lab_monitor(unsigned by, struct myc_ref ref);
void lab_demonitor(unsigned by, uint64_t monitor);

#endif
