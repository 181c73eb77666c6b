/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file group.h
 * Groups: several actors under one name, wherever they live.
 *
 * Every lcore knows the members of all groups of the nodes it is linked with; the registries keep
 * that the same, as they do for names. A member that ends, restarts on another node or is behind a
 * lost link is not a member here any more; when the link heals it is again. An actor that is run
 * again under its ref stays a member. A group without members is no group.
 */
#ifndef MYCELIUM_GROUP_H
#define MYCELIUM_GROUP_H

#include <mycelium/name.h>

MYC_BEGIN_DECLS

/** Bytes of a group's name without NUL; any byte but 0. */
#define MYC_GROUP_SIZE_MAX 62U

/**
 * Makes the running actor a member, at once on this lcore and soon everywhere. Joining twice makes
 * it a member twice. Memberships count among the names of the lcores (limits.names_max).
 * @return OK; NO_MEMORY; INVALID (empty or too long); BAD_STATE (the node is stopping).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_join(struct myc_self *self, const char *group);

/** Takes one membership of the running actor back. @return OK; NOT_FOUND. Context: inside a
 * handler. */
MYC_API enum myc_status myc_leave(struct myc_self *self, const char *group);

/**
 * Lists the members as this lcore knows them, each as often as it has joined, in no order.
 * @param refs      `capacity` places, owned by the caller.
 * @param capacity  0 up.
 * @return how many there are, which may be more than were listed.
 * Context: inside a handler.
 */
MYC_API uint32_t myc_members(struct myc_self *self, const char *group, struct myc_ref *refs,
                             uint32_t capacity);

/**
 * Follows a group: a GroupChanged event with `tag` now and whenever members have come or gone.
 * Several changes of a turn make one event.
 * @return OK; NO_MEMORY; INVALID.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_watch_group(struct myc_self *self, const char *group,
                                                       uint64_t tag);

MYC_END_DECLS

#endif
