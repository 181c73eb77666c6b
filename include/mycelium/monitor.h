/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file monitor.h
 * Watching actors and nodes, and linking actors.
 */
#ifndef MYCELIUM_MONITOR_H
#define MYCELIUM_MONITOR_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/**
 * Watches an actor: exactly one Down event with its reason, after its last message to us;
 * NO_PROCESS when there was none, NO_CONNECTION when the link to its node is lost.
 * @param monitor  set on OK: the id that the event will carry.
 * @return OK; NO_MEMORY (the lcore's monitors are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_monitor(struct myc_self *self, struct myc_ref ref,
                                                   uint64_t *monitor);

/**
 * Ends a watch; after it no Down of it comes, also not one already queued.
 * @return OK; NOT_FOUND.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_demonitor(struct myc_self *self, uint64_t monitor);

/**
 * Links the running actor with another, wherever that one is: when either ends, but for a NORMAL
 * end, the other is asked to stop with the same reason (as by myc_stop, so that a class with
 * MYC_CLASS_HANDLES_STOP decides itself). That comes when the messages have been handled which the
 * one that ended had sent to it. Linking twice makes one link, whichever of the two does it.
 *
 * Who is not there ends us with NO_PROCESS, one on a node that is lost or unknown with
 * NO_CONNECTION, one that we may not address with REFUSED, one whose lcore has no room for its half
 * with NO_MEMORY. A link to oneself is none. A link counts as one of the monitors of each lcore,
 * and what it may have to say has its memory from the start.
 *
 * A supervised actor that ends takes those along that are linked to it, and runs again without
 * links. An actor whose init fails at its spawn has never been: what it is linked to goes on.
 * @return OK; NO_MEMORY (the lcore's monitors are used up).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_link(struct myc_self *self, struct myc_ref ref);

/**
 * Takes the link with that actor back, whoever made it, also one of a spawn; from now on neither's
 * end ends the other, and what has already come of it does not.
 * @return OK; NOT_FOUND (the two are not linked).
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_unlink(struct myc_self *self, struct myc_ref ref);

/**
 * From now on NodeUp and NodeDown events come, first one NodeUp for each node that is up.
 * @return OK; NO_MEMORY.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_watch_nodes(struct myc_self *self);

/**
 * From now on a Stalled event comes whenever an actor of this node, on any of its lcores, is seen
 * to keep its lcore for longer than stall_report_us of the node's options: once each time, with who
 * it was. The parent of a supervised actor gets it without asking, but as it lives on the same
 * lcore, only when that goes on.
 * @return OK; NO_MEMORY (16 actors of this lcore follow stalls already).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_watch_stalls(struct myc_self *self);

MYC_END_DECLS

#endif
