/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/inspect.h"

#include "actor/parts.h"

void
fab_core_each_link(const struct fab_core *core,
                   void (*each)(void *context, const struct fab_link *link), void *context)
{
    for (uint32_t i = 0; i < core->routes.state_count; i++)
        if (core->routes.states[i].link)
            each(context, core->routes.states[i].link);
}

void
fab_core_each_name(const struct fab_core *core,
                   void (*each)(void *context, const char *name, struct myc_ref ref), void *context)
{
    fab_names_each(core, each, context);
}
