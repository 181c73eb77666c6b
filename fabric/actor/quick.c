/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The quick ways: a plain message with a small body, to an actor of this lcore whose mailbox has
 * room or over a link whose window (link/link.h) is open.
 *
 * They decide what an actor costs beside a plain call, and send.c does the same and everything
 * else. So they only look, at as few words as there can be: core->quick says that all is usual with
 * the sender, slot->address who may be sent to there. Whatever they do not like they leave to
 * send.c, by a tail call and before anything has changed; so they have little to save, and no
 * second copy of any rule. They lie in a section of their own: see actor/guard.h.
 *
 * A word that was just stored is loaded as it was stored, or smaller. A load that joins two stores
 * has to wait until both have left the store buffer, and there they stand behind the stores into
 * ring slots whose lines the other lcore still has: it would wait for those.
 */
#include "actor/parts.h"
#include "actor/run.h"
#include "actor/send.h"
#include "base/copy.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NO_INLINE     __attribute__((noinline)) FAB_QUICK

#define WINDOW_BODY_MAX (FAB_RING_SLOT_SIZE - FAB_MSG_HEADER_SIZE) /* bytes */

/* Who has this ref, on this lcore; NULL: nobody, or it is elsewhere. */
static ALWAYS_INLINE struct fab_slot *
slot_here(const struct fab_core *core, struct myc_ref to)
{
    uint32_t index = (uint32_t)(to.actor >> 32) & 0xffffffU;
    struct fab_slot *slot = &core->slots[index];

    if (to.home != core->home || index >= core->slot_count || slot->address != to.actor)
        return NULL;
    return slot;
}

/* Whether a plain message goes into its mailbox just so. */
static ALWAYS_INLINE bool
has_place(const struct fab_core *core, const struct fab_slot *slot, const struct myc_type *type,
          uint32_t size)
{
    return size <= FAB_CELL_BODY_SMALL && fab_cells_has(&core->cells, FAB_CELL_SMALL) &&
           fab_slot_accepts_quickly(slot, type) && slot->message_count < slot->message_max;
}

/* The link to it, if its window takes such a message; NULL: it does not, or whatever else it is. */
static ALWAYS_INLINE struct fab_link *
link_there(const struct fab_core *core, struct myc_ref to, uint32_t size)
{
    struct fab_link *link;

    if (fab_unlikely(core->held_up > 0 || size > WINDOW_BODY_MAX))
        return NULL;
    link = fab_route_quick(core, to);
    return fab_likely(link && link->window.left > 0) ? link : NULL;
}

/* Everything of a plain message but its body. */
static ALWAYS_INLINE void
fill(struct fab_msg *msg, const struct myc_self *self, uint64_t to, const struct myc_type *type,
     uint32_t size)
{
    uint64_t size_alone = size; /* kind SEND, no flags, no extensions: all 0 */

    static_assert(FAB_MSG_SEND == 0 && offsetof(struct fab_msg, size) % 8 == 0 &&
                      offsetof(struct fab_msg, tag) == offsetof(struct fab_msg, size) + 8,
                  "size and what follows is one word");
    msg->to = to;
    msg->from = self->actor;
    fab_msg_set_type(msg, type);
    memcpy(&msg->size, &size_alone, sizeof(size_alone));
    msg->tag = 0;
    msg->origin = self->origin;
}

static ALWAYS_INLINE struct fab_cell *
fill_cell(struct fab_core *core, const struct myc_self *self, struct myc_ref to,
          const struct myc_type *type, uint32_t size)
{
    struct fab_cell *cell = fab_cells_take(&core->cells, FAB_CELL_SMALL);

    cell->next = NULL;
    cell->from_home = to.home;
    fill(&cell->msg, self, to.actor, type, size);
    return cell;
}

/* ---- send ------------------------------------------------------------------------------------ */

/* The mailbox was empty: its actor has something to do again. */
static NO_INLINE enum myc_status
add_first(struct fab_core *core, struct fab_slot *slot, struct fab_cell *cell)
{
    fab_mailbox_append(core, slot, cell);
    return MYC_OK;
}

static NO_INLINE enum myc_status
send_over(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
          uint32_t size)
{
    struct fab_core *core = self->core;
    struct fab_link *link = core->quick == self && body ? link_there(core, to, size) : NULL;
    struct fab_msg *msg;

    if (fab_unlikely(!link))
        return fab_send_any(self, to, type, body, size);
    msg = fab_link_take(link, size);
    fill(msg, self, to.actor, type, size);
    FAB_FAULT_POINT(WRITE);
    fab_copy_words(msg + 1, body, size);
    core->counters.sent++;
    fab_link_touch(core, link);
    return MYC_OK;
}

FAB_QUICK enum myc_status
myc_send(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
         uint32_t size)
{
    struct fab_core *core;
    struct fab_slot *slot;
    struct fab_cell *cell;

    if (fab_unlikely(!self))
        return fab_send_any(self, to, type, body, size);
    core = self->core;
    slot = slot_here(core, to);
    if (!slot)
        return send_over(self, to, type, body, size);
    if (fab_unlikely(core->quick != self || !body || !has_place(core, slot, type, size)))
        return fab_send_any(self, to, type, body, size);
    cell = fill_cell(core, self, to, type, size);
    fab_copy_small(&cell->msg + 1, body, size);
    slot->message_count++;
    core->counters.sent++;
    if (fab_unlikely(!slot->head))
        return add_first(core, slot, cell);
    slot->tail->next = cell;
    slot->tail = cell;
    return MYC_OK;
}

/* ---- claim and commit ------------------------------------------------------------------------ */

static ALWAYS_INLINE void
open_claim(struct fab_core *core, struct fab_msg *msg, struct fab_link *link, struct fab_slot *slot,
           struct fab_cell *cell)
{
    core->claim.msg = msg;
    core->claim.cell = cell;
    core->claim.link = link;
    core->claim.slot = slot;
    core->claim.buffer = NULL;
    core->claim.is_lent = false;
    core->quick = NULL;
}

static NO_INLINE enum myc_status
claim_over(struct myc_self *self, struct myc_ref to, const struct myc_type *type, uint32_t size,
           void **body)
{
    struct fab_core *core = self->core;
    struct fab_link *link = core->quick == self ? link_there(core, to, size) : NULL;
    struct fab_msg *msg;

    if (fab_unlikely(!link))
        return fab_claim_any(self, to, type, size, body);
    msg = (struct fab_msg *)(void *)link->window.next; /* it is taken with the commit */
    fill(msg, self, to.actor, type, size);
    open_claim(core, msg, link, NULL, NULL);
    *body = msg + 1;
    return MYC_OK;
}

FAB_QUICK enum myc_status
myc_send_claim(struct myc_self *self, struct myc_ref to, const struct myc_type *type, uint32_t size,
               void **body)
{
    struct fab_core *core;
    struct fab_slot *slot;
    struct fab_cell *cell;

    if (fab_unlikely(!self))
        return fab_claim_any(self, to, type, size, body);
    core = self->core;
    slot = slot_here(core, to);
    if (!slot)
        return claim_over(self, to, type, size, body);
    if (fab_unlikely(core->quick != self || !has_place(core, slot, type, size)))
        return fab_claim_any(self, to, type, size, body);
    cell = fill_cell(core, self, to, type, size);
    open_claim(core, &cell->msg, NULL, slot, cell);
    *body = &cell->msg + 1;
    return MYC_OK;
}

/* What was claimed in another way, with whatever belongs to it. */
static NO_INLINE void
commit_other(struct myc_self *self)
{
    struct fab_core *core FAB_WITHIN = fab_self_enter(self, __func__);

    fab_claim_commit(core);
    fab_quicken(self);
}

FAB_QUICK void
myc_send_commit(struct myc_self *self)
{
    struct fab_core *core = fab_self_core(self, __func__);
    struct fab_link *link = core->claim.link;
    const struct fab_msg *msg = core->claim.msg;

    FAB_ASSERT(msg != NULL);
    /* A claim of the carrier's own has closed the window. */
    if (fab_unlikely(core->claim.buffer || (link ? link->window.left == 0 : !core->claim.slot))) {
        commit_other(self);
        return;
    }
    core->claim.msg = NULL;
    core->counters.sent++;
    fab_quicken(self);
    if (!link) {
        fab_mailbox_add(core, core->claim.slot, core->claim.cell);
        return;
    }
    (void)fab_link_take(link, msg->size);
    fab_link_touch(core, link);
}
