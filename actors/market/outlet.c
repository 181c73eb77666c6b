/* SPDX-License-Identifier: BSD-3-Clause */
#include "outlet.h"

#include <string.h>

#include "memory.h"

#define LOOKUP_TICKS 10U

bool
market_outlet_init(struct market_outlet *outlet, enum market_lane lane, const char *peer_name,
                   struct market_journal *journal, bool has_messages)
{
    memset(outlet, 0, sizeof(*outlet));
    outlet->lane = lane;
    outlet->peer_name = peer_name;
    outlet->journal = journal;
    if (!has_messages)
        return true;
    outlet->items = market_memory_take(MARKET_WINDOW, sizeof(*outlet->items));
    return outlet->items != NULL;
}

void
market_outlet_fini(struct market_outlet *outlet)
{
    free(outlet->items);
    outlet->items = NULL;
}

enum myc_status
market_outlet_start(struct market_outlet *outlet, struct myc_self *self)
{
    return myc_watch_name(self, outlet->peer_name, MARKET_TAG_WATCH | outlet->lane);
}

/* Nobody waits for a consumer that was there and is not now. */
static bool
is_dropping(const struct market_outlet *outlet)
{
    return outlet->has_been_open && outlet->state != MARKET_OUTLET_OPEN;
}

bool
market_outlet_has_room(const struct market_outlet *outlet)
{
    return is_dropping(outlet) || outlet->last - outlet->first < MARKET_WINDOW;
}

static struct market_outlet_item *
item_of(const struct market_outlet *outlet, uint64_t number)
{
    return &outlet->items[number % MARKET_WINDOW];
}

void
market_outlet_push(struct market_outlet *outlet, const struct myc_type *type, const void *body,
                   uint64_t origin)
{
    struct market_outlet_item *item;

    outlet->pushed++;
    if (is_dropping(outlet)) {
        outlet->dropped_no_peer++;
        return;
    }
    item = item_of(outlet, outlet->last + 1);
    item->type = type;
    item->origin = origin;
    memcpy(item->body, body, type->block_length);
    outlet->last++;
}

void
market_outlet_push_end(struct market_outlet *outlet)
{
    const struct market_end end = { .messages = outlet->pushed };
    uint8_t body[MARKET_END_SIZE];

    market_end_encode(&end, body);
    market_outlet_push(outlet, &market_end_type, body, 0);
}

void
market_outlet_account(struct market_outlet *outlet)
{
    outlet->pushed++;
    outlet->sent++;
    if (is_dropping(outlet))
        return;
    outlet->last++;
    outlet->next = outlet->last;
}

/* Sends what runs the hop. A refusal is made good by the next tick or credit. */
static enum myc_status
send_control(struct market_outlet *outlet, struct myc_self *self)
{
    const struct market_open open = { .window = MARKET_WINDOW,
                                      .life = outlet->life,
                                      .lane = outlet->lane };
    const struct myc_send_options options = { .size = sizeof(options),
                                              .tag = MARKET_TAG_OPEN | outlet->lane };
    uint8_t body[MARKET_OPEN_SIZE];

    market_open_encode(&open, body);
    return myc_send_with(self, outlet->to, &market_open_type, body, sizeof(body), &options);
}

static enum myc_status
send_item(struct market_outlet *outlet, struct myc_self *self, uint64_t number)
{
    struct market_outlet_item *item = item_of(outlet, number);
    const struct market_hop hop = { .number = number,
                                    .sent_ns = myc_clock_ns(self),
                                    .life = outlet->life };
    const struct myc_send_options options = {
        .size = sizeof(options),
        .tag = MARKET_TAG_HOP | (uint64_t)outlet->lane << 48 | number,
        .origin = item->origin,
    };

    market_hop_store(item->body, hop);
    return myc_send_with(self, outlet->to, item->type, item->body, item->type->block_length,
                         &options);
}

static void
on_lost(struct market_outlet *outlet, enum myc_status reason)
{
    if (outlet->state == MARKET_OUTLET_OPEN) {
        market_journal_peer(outlet->journal, outlet->peer_name, false, reason);
        if (outlet->items != NULL) {
            outlet->in_doubt += outlet->next - outlet->first;
            outlet->dropped_no_peer += outlet->last - outlet->next;
        }
        outlet->first = outlet->next = outlet->last = outlet->sent_most = 0;
    }
    outlet->state = outlet->has_been_open ? MARKET_OUTLET_LOST : MARKET_OUTLET_CLOSED;
    outlet->is_full = false;
}

void
market_outlet_flush(struct market_outlet *outlet, struct myc_self *self)
{
    while (outlet->state == MARKET_OUTLET_OPEN && !outlet->is_full && outlet->next < outlet->last) {
        uint64_t number = outlet->next + 1;
        enum myc_status status = send_item(outlet, self, number);

        switch (status) {
        case MYC_OK:
            outlet->next = number;
            if (number <= outlet->sent_most) {
                outlet->resent++;
            } else {
                outlet->sent_most = number;
                outlet->sent++;
            }
            break;
        case MYC_FULL:
        case MYC_NO_MEMORY:
            outlet->full++;
            outlet->is_full = true;
            break;
        default:
            on_lost(outlet, status);
            break;
        }
    }
}

/* A name was found: begins a new life of the hop with whoever has it. */
static void
begin_life(struct market_outlet *outlet, struct myc_self *self, struct myc_ref to)
{
    if (outlet->state == MARKET_OUTLET_OPEN)
        on_lost(outlet, MYC_GONE);
    if (outlet->monitor != 0)
        (void)myc_demonitor(self, outlet->monitor);
    if (myc_monitor(self, to, &outlet->monitor) != MYC_OK)
        outlet->monitor = 0;
    outlet->to = to;
    outlet->life++;
    outlet->state = MARKET_OUTLET_OPENING;
    outlet->is_full = false;
    (void)send_control(outlet, self);
}

/* Whoever we are talking with already is not found anew. */
static void
on_found(struct market_outlet *outlet, struct myc_self *self, struct myc_ref ref)
{
    bool is_talking = outlet->state == MARKET_OUTLET_OPEN || outlet->state == MARKET_OUTLET_OPENING;

    if (!is_talking || !myc_ref_is_equal(ref, outlet->to))
        begin_life(outlet, self, ref);
}

static void
on_credit(struct market_outlet *outlet, const struct market_credit *credit)
{
    if (credit->life != outlet->life)
        return;
    if (outlet->state == MARKET_OUTLET_OPENING) {
        outlet->state = MARKET_OUTLET_OPEN;
        outlet->has_been_open = true;
        outlet->lives++;
        market_journal_peer(outlet->journal, outlet->peer_name, true, MYC_OK);
    }
    /* Frames of an earlier life may still have been on the wire: no more is credited than was sent.
     */
    uint64_t consumed = credit->consumed < outlet->next ? credit->consumed : outlet->next;

    if (outlet->state == MARKET_OUTLET_OPEN && consumed > outlet->first)
        outlet->first = consumed;
}

static void
on_undelivered(struct market_outlet *outlet, const struct myc_message *message)
{
    struct myc_undelivered undelivered;
    uint64_t number = message->tag & MARKET_TAG_NUMBER;

    if (!myc_undelivered_decode(message, &undelivered) ||
        !myc_ref_is_equal(undelivered.ref, outlet->to) || outlet->state != MARKET_OUTLET_OPEN)
        return;
    if (undelivered.status != MYC_FULL && undelivered.status != MYC_EXPIRED) {
        on_lost(outlet, undelivered.status);
        return;
    }
    if (number > outlet->first && number <= outlet->next) {
        outlet->next = number - 1;
        outlet->is_full = true;
        outlet->full++;
    }
}

static bool
on_down(struct market_outlet *outlet, const struct myc_message *message)
{
    struct myc_down down;

    if (!myc_down_decode(message, &down) || outlet->monitor == 0 || down.monitor != outlet->monitor)
        return false;
    outlet->monitor = 0;
    on_lost(outlet, down.reason);
    return true;
}

static bool
on_name(struct market_outlet *outlet, struct myc_self *self, const struct myc_message *message)
{
    struct myc_name_found found;

    if (message->tag != (MARKET_TAG_WATCH | outlet->lane))
        return false;
    if (!myc_name_found_decode(message, &found))
        on_lost(outlet, MYC_NOT_FOUND);
    else if (found.status == MYC_OK)
        on_found(outlet, self, found.ref);
    return true;
}

bool
market_outlet_on_message(struct market_outlet *outlet, struct myc_self *self,
                         const struct myc_message *message)
{
    struct market_credit credit;
    struct myc_writable writable;

    switch (myc_message_key(message)) {
    case MARKET_CREDIT_KEY:
        if (!market_credit_decode(message, &credit) || credit.lane != outlet->lane ||
            !myc_ref_is_equal(message->from, outlet->to))
            return false;
        on_credit(outlet, &credit);
        return true;
    case MYC_NAME_FOUND_KEY:
    case MYC_NAME_LOST_KEY:
        return on_name(outlet, self, message);
    case MYC_DOWN_KEY:
        return on_down(outlet, message);
    case MYC_WRITABLE_KEY:
        if (myc_writable_decode(message, &writable) && myc_ref_is_equal(writable.ref, outlet->to))
            outlet->is_full = false;
        return false; /* a credit or the journal may wait for the same actor */
    case MYC_UNDELIVERED_KEY:
        if ((message->tag & ~MARKET_TAG_NUMBER) != (MARKET_TAG_HOP | (uint64_t)outlet->lane << 48))
            return false;
        on_undelivered(outlet, message);
        return true;
    default:
        return false;
    }
}

void
market_outlet_on_tick(struct market_outlet *outlet, struct myc_self *self)
{
    struct myc_ref ref;

    outlet->is_full = false;
    if (outlet->state == MARKET_OUTLET_OPENING)
        (void)send_control(outlet, self);
    if ((outlet->state != MARKET_OUTLET_LOST && outlet->state != MARKET_OUTLET_CLOSED) ||
        ++outlet->ticks_away < LOOKUP_TICKS)
        return;
    /* A link that breaks and heals may leave the name where it was: then nobody tells us. Nor when
     * the name came to us before the link to its holder did (by another lcore). */
    outlet->ticks_away = 0;
    if (myc_lookup(self, outlet->peer_name, &ref) == MYC_OK)
        on_found(outlet, self, ref);
}

void
market_outlet_report(const struct market_outlet *outlet, const char *prefix)
{
#define COUNT(name, text) market_journal_part(outlet->journal, prefix, #name, outlet->name);
    MARKET_OUTLET_COUNTERS(COUNT)
#undef COUNT
}
