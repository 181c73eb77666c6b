/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an operation costs as there is more of something: the worlds that are measured, without a
 * node, so that `mycelium bench scaling` can take their time and tests/cost their instructions.
 *
 * A world is a bare core (actor/core.h) with so many actors, names, monitors, timers, members of a
 * group or links, and one actor that does the operation, 64 of them in a turn.
 */
#ifndef BENCHMARKS_SCALE_H
#define BENCHMARKS_SCALE_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/node.h>

struct scale_world;
struct fab_core;
struct fab_link;

/* One question. */
struct scale_curve {
    const char *name;
    const char *x_is;  /* what there is more of */
    const char *y_is;  /* the operation */
    uint32_t size_min; /* of x */
    uint32_t size_max;
    uint32_t factor; /* from one size to the next */
    bool needs_eal;  /* it must be up before scale_world_create */
    /* Raises what the world needs for `size`; the rest is small. */
    void (*set_limits)(uint32_t size, struct myc_limits *limits);
    /* Before the operating actor is there; NULL: nothing. False: no memory. */
    bool (*fill)(struct scale_world *world);
    void (*empty)(struct scale_world *world); /* undoes it; NULL: nothing */
    /* In its init; NULL: nothing. */
    enum myc_status (*prepare)(struct myc_self *self, struct scale_world *world);
    /* Once, in the actor; NULL: an idle turn is the operation. */
    enum myc_status (*operate)(struct myc_self *self, struct scale_world *world);
};

struct scale_world {
    const struct scale_curve *curve;
    uint32_t size;
    struct fab_core *core; /* owned */
    uint64_t bytes;        /* that it has taken */
    uint64_t left;         /* operations to do */
    uint64_t done;
    struct myc_ref *refs;    /* `size` places; owned */
    uint64_t *ids;           /* likewise */
    struct fab_link **links; /* likewise, twice as many */
};

extern const struct scale_curve *const scale_curves[];
extern const unsigned scale_curve_count;

/* NULL: there is none of that name. */
const struct scale_curve *scale_curve_find(const char *name);

/* NULL: not enough memory. */
struct scale_world *scale_world_create(const struct scale_curve *curve, uint32_t size);
void scale_world_destroy(struct scale_world **world);

/* Does the operation `count` times. */
void scale_world_work(struct scale_world *world, uint64_t count);

/* A sleeping actor more on its core. False: no memory. For curves. */
bool scale_world_spawn(struct scale_world *world, struct myc_ref *ref);

/* The curves, by file. */
extern const struct scale_curve scale_actors_curve, scale_spawns_curve, scale_timers_curve,
    scale_monitors_curve;
extern const struct scale_curve scale_names_curve, scale_claims_curve, scale_groups_curve,
    scale_members_curve;
extern const struct scale_curve scale_rings_curve;

#endif
