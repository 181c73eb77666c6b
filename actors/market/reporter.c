/* SPDX-License-Identifier: BSD-3-Clause */
/* The reporter: puts what the others say into the program's report. */
#include "reporter.h"

#include <mycelium/name.h>

#include "hop.h"

struct reporter {
    struct market_report *report;               /* the program's */
    struct myc_ref actors[MARKET_REPORT_ROLES]; /* who spoke last in each role; null: nobody yet */
};

static const struct myc_type *const accepts[] = {
    &market_progress_type,  &market_count_type,    &market_latency_type,
    &market_final_top_type, &market_finished_type, &market_peer_type,
};

/* A role that another actor speaks for than before was started again. */
static void
note_actor(struct reporter *reporter, uint32_t role, struct myc_ref from)
{
    struct myc_ref *known;

    if (role >= MARKET_REPORT_ROLES)
        return;
    known = &reporter->actors[role];
    if (!myc_ref_is_null(*known) && !myc_ref_is_equal(*known, from))
        market_report_restart(reporter->report, role);
    *known = from;
}

static void
on_progress(struct reporter *reporter, const struct myc_message *message)
{
    struct market_progress progress;

    if (!market_progress_decode(message, &progress))
        return;
    note_actor(reporter, progress.role, message->from);
    market_report_progress(reporter->report, progress.role,
                           &(struct market_report_progress){ .received = progress.received,
                                                             .sent = progress.sent,
                                                             .gaps = progress.gaps,
                                                             .dropped = progress.dropped,
                                                             .depth = progress.depth });
}

static void
on_count(struct reporter *reporter, const struct myc_message *message)
{
    struct market_count count;

    if (!market_count_decode(message, &count))
        return;
    note_actor(reporter, count.role, message->from);
    market_report_count(reporter->report, count.role, count.name, sizeof(count.name), count.value);
}

static void
on_latency(struct market_report *report, const struct myc_message *message)
{
    struct market_latency latency;

    if (!market_latency_decode(message, &latency))
        return;
    market_report_latency(report, latency.name, sizeof(latency.name),
                          &(struct market_report_latency){ .count = latency.count,
                                                           .p50_ns = latency.p50_ns,
                                                           .p99_ns = latency.p99_ns,
                                                           .p999_ns = latency.p999_ns,
                                                           .max_ns = latency.max_ns });
}

static void
on_top(struct market_report *report, const struct myc_message *message)
{
    struct market_final_top top;
    uint64_t symbol;

    if (!market_final_top_decode(message, &top))
        return;
    memcpy(&symbol, top.symbol, sizeof(symbol));
    market_report_top(report, &(struct market_report_top){ .symbol = symbol,
                                                           .bid_price = top.bid_price,
                                                           .bid_size = top.bid_size,
                                                           .ask_price = top.ask_price,
                                                           .ask_size = top.ask_size });
}

static void
on_peer(struct market_report *report, const struct myc_message *message, uint64_t now_ns)
{
    struct market_peer peer;

    if (!market_peer_decode(message, &peer))
        return;
    market_report_peer(report, peer.name, sizeof(peer.name),
                       &(struct market_report_peer){ .at_ns = now_ns,
                                                     .role = (uint8_t)peer.role,
                                                     .reason = peer.reason,
                                                     .is_there = peer.is_there != 0 });
}

static enum myc_status
reporter_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct reporter *reporter = state;
    struct market_report *report = reporter->report;
    struct market_finished finished;

    switch (myc_message_key(message)) {
    case MARKET_PROGRESS_KEY:
        on_progress(reporter, message);
        break;
    case MARKET_COUNT_KEY:
        on_count(reporter, message);
        break;
    case MARKET_LATENCY_KEY:
        on_latency(report, message);
        break;
    case MARKET_FINAL_TOP_KEY:
        on_top(report, message);
        break;
    case MARKET_PEER_KEY:
        on_peer(report, message, myc_now_ns(self));
        break;
    case MARKET_FINISHED_KEY:
        if (market_finished_decode(message, &finished))
            market_report_finished(report, finished.role);
        break;
    default:
        break;
    }
    return MYC_OK;
}

static enum myc_status
reporter_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct market_reporter_args given;

    if (args_size != sizeof(given))
        return MYC_INVALID;
    memcpy(&given, args, sizeof(given));
    ((struct reporter *)state)->report = given.report;
    return myc_register(self, MARKET_NAME_REPORTER);
}

const struct myc_class market_reporter_class = {
    .size = sizeof(struct myc_class),
    .name = "market_reporter",
    .state_size = sizeof(struct reporter),
    .accepts = accepts,
    .accepts_count = sizeof(accepts) / sizeof(accepts[0]),
    .init = reporter_init,
    .receive = reporter_receive,
};
