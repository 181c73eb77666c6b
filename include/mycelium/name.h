/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file name.h
 * Names: finding an actor by what it is called, wherever it lives.
 *
 * Every lcore has a table of all names of the nodes it is linked with; looking one up is a read of
 * that table. The registry, an ordinary actor on each lcore, keeps the tables the same. A name that
 * is claimed twice (two nodes, or a partition that heals) is resolved to one holder; the other gets
 * NameLost.
 */
#ifndef MYCELIUM_NAME_H
#define MYCELIUM_NAME_H

#include <mycelium/actor.h>

MYC_BEGIN_DECLS

/** Bytes of a name without NUL; any byte but 0. */
#define MYC_NAME_SIZE_MAX 63U

/**
 * Gives the running actor a name, at once on this lcore and soon everywhere.
 * It may have several. They go with it.
 * @return OK; EXISTS (known here to be another's); NO_MEMORY; INVALID (empty or too long);
 *         BAD_STATE (the node is stopping).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_register(struct myc_self *self, const char *name);

/** Takes back a name of the running actor. @return OK; NOT_FOUND. Context: inside a handler. */
MYC_API enum myc_status myc_unregister(struct myc_self *self, const char *name);

/**
 * Looks a name up in this lcore's table.
 * @param ref  set on OK, untouched else.
 * @return OK; NOT_FOUND (not known here yet).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_lookup(struct myc_self *self, const char *name,
                                                  struct myc_ref *ref);

/**
 * Finds a name wherever it lives, waiting for it if need be: one NameFound event with `tag`, status
 * OK and the ref, or TIMEOUT.
 * @param timeout_ns  from now; MYC_FOREVER waits for ever.
 * @return OK; NO_MEMORY; INVALID.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_discover(struct myc_self *self, const char *name,
                                                    uint64_t timeout_ns, uint64_t tag);

/**
 * Follows a name: a NameFound event now if it is known and at each change, NameLost when nobody has
 * it.
 * @return OK; NO_MEMORY; INVALID.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_watch_name(struct myc_self *self, const char *name,
                                                      uint64_t tag);

MYC_END_DECLS

#endif
