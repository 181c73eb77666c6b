/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file timer.h
 * Timers and pollers: what an actor does by the clock.
 */
#ifndef MYCELIUM_TIMER_H
#define MYCELIUM_TIMER_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/**
 * Starts a timer: TimerFired events with `tag`, never early, gone with the actor and on restart.
 * @param delay_ns   from now; 0: next turn.
 * @param period_ns  0: once.
 * @param timer      set on OK unless NULL: its id.
 * @return OK; NO_MEMORY (the lcore's timers are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_timer_start(struct myc_self *self, uint64_t delay_ns,
                                                       uint64_t period_ns, uint64_t tag,
                                                       uint64_t *timer);

/**
 * Stops a timer; after it no event of it comes, also not one already queued.
 * @return OK; NOT_FOUND.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_timer_cancel(struct myc_self *self, uint64_t timer);

/**
 * Sets a timer anew: it fires `delay_ns` from now and goes on as it was, with its tag and period;
 * an event of it that is already queued does not come. As cancel and start, but it cannot fail for
 * want of timers.
 * @param timer     its id, which is another one on OK.
 * @param delay_ns  from now; 0: next turn.
 * @return OK; NOT_FOUND (cancelled, another actor's, or of one shot that has fired).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_timer_rearm(struct myc_self *self, uint64_t *timer,
                                                       uint64_t delay_ns);

/**
 * A bounded function of an actor that the loop runs, for what is not an actor: a file, a kernel
 * socket, a foreign stack. It may do whatever a handler may.
 *
 * It is also the way to an actor from a signal handler, where nothing of this API may be called:
 * the handler puts a word into a lock-free atomic if that is empty, a poller that runs each turn
 * takes it by an exchange.
 * @return work done, in any unit: 0 counts the turn as idle.
 */
typedef unsigned (*myc_poller_fn)(struct myc_self *self, void *state);

/**
 * Runs a poller each turn, or every `period_ns`; at most 4 for each actor; gone with the actor.
 * @param poller  set on OK unless NULL: its id, for myc_poller_stop.
 * @return OK; NO_MEMORY (the lcore's pollers are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_poller_start(struct myc_self *self, myc_poller_fn poll,
                                                        uint64_t period_ns, uint64_t *poller);

/** Ends a poller. @return OK; NOT_FOUND. Context: inside a handler, also inside the poller. */
MYC_API enum myc_status myc_poller_stop(struct myc_self *self, uint64_t poller);

MYC_END_DECLS

#endif
