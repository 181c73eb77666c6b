/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walking a core for display. Context: the lcore that owns it; not on the hot path.
 */
#ifndef FAB_ACTOR_INSPECT_H
#define FAB_ACTOR_INSPECT_H

#include "actor/core.h"

/* Every link that the core knows, up or not. */
void fab_core_each_link(const struct fab_core *core,
                        void (*each)(void *context, const struct fab_link *link), void *context);

/* Every name in the table of this lcore, wherever its holder lives. */
void fab_core_each_name(const struct fab_core *core,
                        void (*each)(void *context, const char *name, struct myc_ref ref),
                        void *context);

#endif
