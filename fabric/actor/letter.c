/* SPDX-License-Identifier: BSD-3-Clause */
#include "actor/letter.h"

#include "actor/event.h"
#include "actor/state.h"

#include <mycelium/messages.h>

#define STRETCH_NS    10000000U /* 10 ms */
#define SAID_MAX      8U        /* samples in a stretch */
#define UNHANDLED_MAX 64U

/* Whether one more may be said now. */
static bool
may_say(struct fab_letters *letters, uint64_t now_ns)
{
    if (now_ns - letters->begin_ns >= STRETCH_NS) {
        letters->begin_ns = now_ns;
        letters->said = 0;
    }
    return letters->said < SAID_MAX && letters->unhandled < UNHANDLED_MAX;
}

bool
fab_letter_say(struct fab_core *core, const struct fab_event *event)
{
    struct fab_letters *letters = &core->letters;

    if (!letters->watcher || !may_say(letters, core->now_ns))
        return false;
    if (!fab_event_post(core, &core->slots[fab_slot_index(core, letters->watcher)], event))
        return false;
    letters->said++;
    letters->unhandled++;
    return true;
}

void
fab_letter_sample(struct fab_core *core, const struct fab_msg *msg, struct myc_ref to,
                  struct myc_ref from, enum myc_status cause)
{
    struct fab_letters *letters = &core->letters;
    const struct myc_dead_letter value = {
        .receiver = to,
        .sender = from,
        .count = letters->unsaid + 1,
        .template_id = msg->template_id,
        .schema_id = msg->schema_id,
        .cause = cause,
    };
    uint8_t body[MYC_DEAD_LETTER_SIZE];
    const struct fab_event event = {
        .type = &myc_dead_letter_type, .tag = msg->tag, .body = body, .size = sizeof(body)
    };

    if (fab_msg_key(msg) == MYC_DEAD_LETTER_KEY)
        return;
    letters->unsaid++;
    myc_dead_letter_encode(&value, body);
    if (fab_letter_say(core, &event))
        letters->unsaid = 0;
}

void
fab_letter_came(struct fab_core *core, const struct fab_link *link, const struct fab_msg *msg,
                enum myc_status cause)
{
    if (fab_unlikely(core->letters.watcher != NULL))
        fab_letter_sample(core, msg, (struct myc_ref){ core->home, msg->to },
                          (struct myc_ref){ link->peer_home, msg->from }, cause);
}

void
fab_letter_waited(struct fab_core *core, const struct fab_cell *cell, enum myc_status cause)
{
    if (fab_unlikely(core->letters.watcher != NULL))
        fab_letter_sample(core, &cell->msg, (struct myc_ref){ core->home, cell->msg.to },
                          (struct myc_ref){ cell->from_home, cell->msg.from }, cause);
}

void
fab_letter_on_handled(struct fab_core *core, const struct fab_slot *slot)
{
    if (core->letters.watcher == slot && core->letters.unhandled > 0)
        core->letters.unhandled--;
}

void
fab_letters_on_end(struct fab_core *core, const struct fab_slot *slot)
{
    if (fab_unlikely(core->letters.watcher == slot))
        core->letters = (struct fab_letters){ 0 };
}

enum myc_status
myc_dead_letters_watch(struct myc_self *self)
{
    struct fab_core *core = fab_self_core(self, __func__);

    if (core->letters.watcher == self->slot)
        return MYC_OK;
    if (core->letters.watcher)
        return MYC_EXISTS;
    core->letters = (struct fab_letters){ .watcher = self->slot };
    return MYC_OK;
}
