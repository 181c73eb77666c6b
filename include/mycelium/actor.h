/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file actor.h
 * Actors: state plus a receive function, owned by one lcore, run to completion.
 *
 * A class says what an actor is; spawning one gives a ref. Everything an actor does goes through
 * the `struct myc_self` that its functions are given: it stands for the running actor, is valid
 * until the function returns, and must not be stored or handed to another thread.
 *
 * class.h says what an actor is, spawn.h how it comes and goes, send.h how it talks, buffer.h about
 * large messages, timer.h what
 * it does by the clock, monitor.h how it watches others and is linked to them, clock.h what times
 * of other hosts mean;
 * this header is all of them.
 *
 * A handler never blocks and is never entered twice: a message to oneself or to a neighbour on the
 * lcore is queued, not called. What comes later (a reply, an end, room after FULL) comes as a
 * message of the schema mycelium.xml with kind EVENT; its views are in <mycelium/messages.h>.
 */
#ifndef MYCELIUM_ACTOR_H
#define MYCELIUM_ACTOR_H

#include <mycelium/buffer.h>
#include <mycelium/class.h>
#include <mycelium/clock.h>
#include <mycelium/monitor.h>
#include <mycelium/send.h>
#include <mycelium/spawn.h>
#include <mycelium/timer.h>

#endif
