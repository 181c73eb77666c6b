/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A fabric for tests of actors: the functions of the public API that they call, in one thread and
 * in virtual time, with the faults that a test wants, drawn from a seed.
 *
 * It keeps what the API promises (order, FULL followed by Writable, bounced messages returned in
 * order until the sender has taken the first notice, Down after the last message) and nothing more.
 * The real engine is tested elsewhere; here the actors are.
 */
#ifndef TESTS_SUPPORT_FAKE_FABRIC_H
#define TESTS_SUPPORT_FAKE_FABRIC_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/actor.h>

/* Chances in a million, all drawn from the seed. */
struct fake_faults {
    uint64_t seed;
    uint32_t full;        /* a send is refused with FULL */
    uint32_t undelivered; /* an accepted message comes back, and those behind it */
    uint32_t frame_lost;  /* a frame on the port vanishes */
    uint32_t port_full;   /* a transmit is refused with FULL */
};

/* Begins with no actors at time 1 s. */
void fake_fabric_init(const struct fake_faults *faults);

/* Ends all actors and checks that nothing is left. */
void fake_fabric_fini(void);

/* Spawns an actor; asserts that its init answers OK. Returns its number. */
uint32_t fake_fabric_spawn(const struct myc_class *class_of, const void *args, size_t args_size);

/* Spawns an actor; returns what its init answers. */
enum myc_status fake_fabric_try_spawn(const struct myc_class *class_of, const void *args,
                                      size_t args_size);

/* Ends an actor as kill -9 of its process would: its names and monitors follow. */
void fake_fabric_kill(uint32_t actor);

/* One turn: time goes on by `step_ns`, each actor runs what is due. Returns messages handled. */
uint32_t fake_fabric_turn(uint64_t step_ns);

#endif
