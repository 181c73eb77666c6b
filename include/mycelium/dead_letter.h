/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file dead_letter.h
 * Who loses what: samples of messages that were accepted and not delivered.
 *
 * Every such message is counted by its cause (mycelium ls). Of some of them, at most 8 in 10 ms of
 * each lcore, a DeadLetter message says receiver, sender, type, tag and cause, and how many others
 * there were since the one before. Whoever wants them, anywhere, joins the group
 * MYC_DEAD_LETTERS_GROUP and accepts messages of type DeadLetter: losses cost no more when many
 * watch, and a watcher who is slow loses samples, not the senders their time. In debug builds
 * (-Dwait_cycles=true) they are also told of actors that wait for each other's answers, by
 * WaitCycle.
 */
#ifndef MYCELIUM_DEAD_LETTER_H
#define MYCELIUM_DEAD_LETTER_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/** The group whose members get DeadLetter messages; of each lcore the first
 * MYC_DEAD_LETTERS_WATCHERS_MAX that it knows. */
#define MYC_DEAD_LETTERS_GROUP        "dead_letters"
#define MYC_DEAD_LETTERS_WATCHERS_MAX 8U

/** The actor that passes the samples of its lcore on to the group: a node spawns it on each. */
MYC_API extern const struct myc_class myc_dead_letters_class;

/**
 * Makes the running actor the one that gets the samples of its lcore, as DeadLetter events, until
 * it ends or restarts.
 * @return OK; EXISTS (another actor is: in a node, that of myc_dead_letters_class).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_dead_letters_watch(struct myc_self *self);

MYC_END_DECLS

#endif
