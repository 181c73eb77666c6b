/* SPDX-License-Identifier: BSD-3-Clause */
/* Behaviours: an actor that handles its messages by another class of the same state for a while. */
#include "actor/become.h"

void
fab_become(struct fab_slot *slot, const struct myc_class *class_of)
{
    slot->class_of = class_of;
    slot->accepted_key = 0;
    slot->flags &= (uint8_t)~FAB_SLOT_ACCEPTS_ANY;
    slot->flags |= FAB_SLOT_HAS_BECOME; /* whoever runs the mailbox looks at the class again */
    if (class_of->flags & MYC_CLASS_ACCEPTS_ANY)
        slot->flags |= FAB_SLOT_ACCEPTS_ANY;
}

void
myc_become(struct myc_self *self, const struct myc_class *behaviour)
{
    fab_self_core(self, __func__);
    FAB_ASSERT(behaviour->size == sizeof(*behaviour));
    FAB_ASSERT(fab_class_base(behaviour) == fab_class_base(self->slot->class_of));
    fab_become(self->slot, behaviour);
}
