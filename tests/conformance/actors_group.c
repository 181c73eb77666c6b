/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The actors of the conformance suite that are in groups.
 *
 *   joiner    joins a group so many times; leaves once at each Go
 *   censor    says when a group, which it follows, has so many members
 */
#include "conformance/actor_base.h"

#include <mycelium/group.h>

/* --- joiner ----------------------------------------------------------------------------------- */

/* `name`: the group; `count`: how often. */
static enum myc_status
joiner_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    enum myc_status status = conf_take_plan(state, args, args_size);
    const struct conf_plan *plan = &((struct base *)state)->plan;

    for (uint64_t i = 0; i < plan->count && status == MYC_OK; i++)
        status = myc_join(self, plan->name);
    return status;
}

static enum myc_status
joiner_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    const struct conf_plan *plan = &((struct base *)state)->plan;

    return myc_message_is(message, &conf_go_type) ? myc_leave(self, plan->name) : MYC_OK;
}

/* --- censor ----------------------------------------------------------------------------------- */

struct censor {
    struct base base; /* name: the group; count: members; peer: who must be among them, or null */
    bool has_told;
};

static bool
has_peer(const struct conf_plan *plan, const struct myc_ref *members, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (myc_ref_is_equal(members[i], plan->peer))
            return true;
    return myc_ref_is_null(plan->peer);
}

static void
censor_look(struct myc_self *self, struct censor *censor)
{
    const struct conf_plan *plan = &censor->base.plan;
    struct myc_ref members[16];
    uint32_t count = myc_members(self, plan->name, members, 16);

    if (censor->has_told || count != plan->count || !has_peer(plan, members, count))
        return;
    censor->has_told = true;
    conf_report_to(self, plan, CONF_WHAT_COMPLETE, count, MYC_OK, plan->peer);
}

static enum myc_status
censor_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct censor *censor = state;
    enum myc_status status = conf_take_plan(state, args, args_size);

    if (status == MYC_OK)
        status = myc_watch_group(self, censor->base.plan.name, 0);
    if (status == MYC_OK)
        censor_look(self, censor);
    return status;
}

static enum myc_status
censor_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    if (message->kind == MYC_KIND_EVENT)
        censor_look(self, state);
    return MYC_OK;
}

/* --- by name ---------------------------------------------------------------------------------- */

static const struct myc_type *const go_types[] = { &conf_go_type };

const struct myc_class conf_group_classes[] = {
    { CLASS("joiner", struct base), TAKES(go_types), .init = joiner_init,
      .receive = joiner_receive },
    { CLASS("censor", struct censor), .init = censor_init, .receive = censor_receive },
};
const size_t conf_group_class_count = sizeof(conf_group_classes) / sizeof(conf_group_classes[0]);
