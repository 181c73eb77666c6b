/* SPDX-License-Identifier: BSD-3-Clause */
#include "journal.h"

#include <stdio.h>
#include <string.h>

#include "hop.h"
#include "memory.h"

bool
market_journal_init(struct market_journal *journal, enum market_role role)
{
    memset(journal, 0, sizeof(*journal));
    journal->role = role;
    journal->notes = market_memory_take(MARKET_JOURNAL_NOTES, sizeof(*journal->notes));
    return journal->notes != NULL;
}

void
market_journal_fini(struct market_journal *journal)
{
    free(journal->notes);
    journal->notes = NULL;
}

enum myc_status
market_journal_start(struct myc_self *self)
{
    return myc_watch_name(self, MARKET_NAME_REPORTER, MARKET_TAG_JOURNAL);
}

bool
market_journal_has_room(const struct market_journal *journal, uint32_t count)
{
    return MARKET_JOURNAL_NOTES - (journal->tail - journal->head) >= count;
}

/* Room for one note's body, or NULL (counted). */
static uint8_t *
claim(struct market_journal *journal, const struct myc_type *type)
{
    struct market_journal_note *note = &journal->notes[journal->tail % MARKET_JOURNAL_NOTES];

    if (!market_journal_has_room(journal, 1)) {
        journal->lost++;
        return NULL;
    }
    note->type = type;
    journal->tail++;
    return note->body;
}

void
market_journal_peer(struct market_journal *journal, const char *name, bool is_there,
                    enum myc_status reason)
{
    struct market_peer peer = { .role = journal->role,
                                .is_there = is_there,
                                .reason = (uint8_t)reason };
    uint8_t *body = claim(journal, &market_peer_type);

    myc_sbe_store_text(peer.name, sizeof(peer.name), name);
    if (body != NULL)
        market_peer_encode(&peer, body);
}

void
market_journal_count(struct market_journal *journal, const char *name, uint64_t value)
{
    struct market_count count = { .value = value, .role = journal->role };
    uint8_t *body = claim(journal, &market_count_type);

    myc_sbe_store_text(count.name, sizeof(count.name), name);
    if (body != NULL)
        market_count_encode(&count, body);
}

void
market_journal_part(struct market_journal *journal, const char *part, const char *name,
                    uint64_t value)
{
    char whole[sizeof(((struct market_count *)0)->name) + 1];

    (void)snprintf(whole, sizeof(whole), "%s_%s", part, name);
    market_journal_count(journal, whole, value);
}

void
market_journal_latency(struct market_journal *journal, const char *name,
                       const struct myc_histogram *histogram)
{
    struct market_latency latency = {
        .count = histogram->count,
        .p50_ns = myc_histogram_percentile(histogram, 50),
        .p99_ns = myc_histogram_percentile(histogram, 99),
        .p999_ns = myc_histogram_percentile(histogram, 99.9),
        .max_ns = histogram->max,
        .role = journal->role,
    };
    uint8_t *body = claim(journal, &market_latency_type);

    myc_sbe_store_text(latency.name, sizeof(latency.name), name);
    if (body != NULL)
        market_latency_encode(&latency, body);
}

void
market_journal_top(struct market_journal *journal, const struct market_top *top)
{
    struct market_final_top final = {
        .bid_price = top->bid.price,
        .bid_size = top->bid.size,
        .ask_price = top->ask.price,
        .ask_size = top->ask.size,
    };
    uint8_t *body = claim(journal, &market_final_top_type);

    memcpy(final.symbol, &top->symbol, sizeof(final.symbol));
    if (body != NULL)
        market_final_top_encode(&final, body);
}

bool
market_journal_progress(struct market_journal *journal, struct market_progress progress)
{
    uint8_t *body;

    journal->is_full = false; /* at the latest now it is tried again */
    if (++journal->ticks < MARKET_TICKS_PER_S)
        return false;
    journal->ticks = 0;
    /* Progress is of the moment: without a reporter, or behind one, it is not kept for later. */
    if (myc_ref_is_null(journal->reporter) || journal->head < journal->tail)
        return false;
    progress.role = journal->role;
    body = claim(journal, &market_progress_type);
    if (body != NULL)
        market_progress_encode(&progress, body);
    return true;
}

void
market_journal_finished(struct market_journal *journal)
{
    const struct market_finished finished = { .role = journal->role };
    uint8_t *body = claim(journal, &market_finished_type);

    if (body != NULL)
        market_finished_encode(&finished, body);
}

void
market_journal_flush(struct market_journal *journal, struct myc_self *self)
{
    while (!myc_ref_is_null(journal->reporter) && !journal->is_full &&
           journal->head < journal->tail) {
        const struct market_journal_note *note =
            &journal->notes[journal->head % MARKET_JOURNAL_NOTES];
        const struct myc_send_options options = { .size = sizeof(options),
                                                  .tag = MARKET_TAG_JOURNAL | journal->head };

        if (myc_send_with(self, journal->reporter, note->type, note->body, note->type->block_length,
                          &options) == MYC_OK)
            journal->head++;
        else
            journal->is_full = true;
    }
}

/* A note came back: sends on from it, if it is still kept. The reporter takes repetitions well. */
static void
go_back(struct market_journal *journal, uint64_t number)
{
    if (journal->tail - number > MARKET_JOURNAL_NOTES)
        journal->lost++;
    else if (number < journal->head)
        journal->head = number;
    journal->is_full = true;
}

bool
market_journal_on_message(struct market_journal *journal, const struct myc_message *message)
{
    struct myc_name_found found;

    switch (myc_message_key(message)) {
    case MYC_NAME_FOUND_KEY:
        if (message->tag != MARKET_TAG_JOURNAL || !myc_name_found_decode(message, &found))
            return false;
        if (found.status == MYC_OK)
            journal->reporter = found.ref;
        journal->is_full = false;
        return true;
    case MYC_NAME_LOST_KEY:
        if (message->tag != MARKET_TAG_JOURNAL)
            return false;
        journal->reporter = (struct myc_ref){ 0 };
        return true;
    case MYC_UNDELIVERED_KEY:
        if ((message->tag & ~MARKET_TAG_NUMBER) != MARKET_TAG_JOURNAL)
            return false;
        go_back(journal, message->tag & MARKET_TAG_NUMBER);
        return true;
    case MYC_WRITABLE_KEY:
        journal->is_full = false;
        return false; /* an outlet may wait for it as well */
    default:
        return false;
    }
}
