/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"

#include <string.h>

static const char *const role_names[MARKET_REPORT_ROLES] = {
    "exchange", "feed_handler", "book", "strategy", "gateway",
};

/* Which counters make a hop; a cause that a role does not have counts 0. */
static const struct {
    const char *name;
    const char *out;
    const char *in;
    const char *gaps;
    const char *missed;
    const char *drops_out[4];
    const char *drops_in[6];
    uint32_t producer;
    uint32_t consumer;
} hops[MARKET_REPORT_HOPS] = {
    { "frames",
      "frames_sent",
      "frame_payloads",
      "discontinuities",
      "missed",
      { "frames_refused", "frames_too_big" },
      { "dropped_full", "dropped_large", "frames_lost", "frame_bad_checksum", "frame_cut",
        "frame_bad_header" },
      0,
      1 },
    { "events",
      "events_pushed",
      "events_received",
      "events_gaps",
      "events_missed",
      { "events_dropped_no_peer", "events_in_doubt", "events_refused" },
      { "events_overflow", "events_stale" },
      1,
      2 },
    { "tops",
      "tops_pushed",
      "tops_received",
      "tops_gaps",
      "tops_missed",
      { "tops_dropped_no_peer", "tops_in_doubt", "tops_refused" },
      { "tops_overflow", "tops_stale" },
      2,
      3 },
    { "reactions",
      "reactions_pushed",
      "reactions_received",
      "reactions_gaps",
      "reactions_missed",
      { "reactions_dropped_no_peer", "reactions_in_doubt", "reactions_refused" },
      { "reactions_overflow", "reactions_stale" },
      3,
      4 },
    { "acks",
      "acks_pushed",
      "acks_received",
      "acks_gaps",
      "acks_missed",
      { "acks_dropped_no_peer", "acks_in_doubt", "acks_refused" },
      { "acks_overflow", "acks_stale" },
      4,
      3 },
};

static void
copy_name(char *to, const char *name, size_t size)
{
    size_t length = strnlen(name, size);

    if (length > MARKET_REPORT_NAME_SIZE - 1)
        length = MARKET_REPORT_NAME_SIZE - 1;
    memcpy(to, name, length);
    to[length] = '\0';
}

/* The counter of that name, or a new one; NULL when there is no room. */
static struct market_report_count *
claim_count(struct market_report_role *role, const char *name)
{
    for (uint32_t i = 0; i < role->count_count; i++) {
        if (strcmp(role->counts[i].name, name) == 0)
            return &role->counts[i];
    }
    return role->count_count < MARKET_REPORT_COUNTS_MAX ? &role->counts[role->count_count++] : NULL;
}

void
market_report_count(struct market_report *report, uint32_t role, const char *name, size_t size,
                    uint64_t value)
{
    char text[MARKET_REPORT_NAME_SIZE];
    struct market_report_count *count;

    if (role >= MARKET_REPORT_ROLES)
        return;
    copy_name(text, name, size);
    count = claim_count(&report->roles[role], text);
    if (count == NULL) {
        report->overflow++;
        return;
    }
    memcpy(count->name, text, sizeof(text));
    count->value = value;
}

void
market_report_latency(struct market_report *report, const char *name, size_t size,
                      const struct market_report_latency *latency)
{
    struct market_report_latency kept = *latency;
    uint32_t i = 0;

    copy_name(kept.name, name, size);
    while (i < report->latency_count && strcmp(report->latencies[i].name, kept.name) != 0)
        i++;
    if (i == MARKET_REPORT_LATENCIES) {
        report->overflow++;
        return;
    }
    report->latencies[i] = kept;
    if (i == report->latency_count)
        report->latency_count++;
}

void
market_report_top(struct market_report *report, const struct market_report_top *top)
{
    uint32_t i = 0;

    while (i < report->top_count && report->tops[i].symbol != top->symbol)
        i++;
    if (i == MARKET_REPORT_TOPS_MAX) {
        report->overflow++;
        return;
    }
    report->tops[i] = *top;
    if (i == report->top_count)
        report->top_count++;
}

void
market_report_peer(struct market_report *report, const char *name, size_t size,
                   const struct market_report_peer *peer)
{
    struct market_report_peer *kept;

    if (report->peer_count == MARKET_REPORT_PEERS_MAX) {
        report->overflow++;
        return;
    }
    kept = &report->peers[report->peer_count];
    *kept = *peer;
    copy_name(kept->name, name, size);
    __atomic_store_n(&report->peer_count, report->peer_count + 1, __ATOMIC_RELEASE);
}

void
market_report_progress(struct market_report *report, uint32_t role,
                       const struct market_report_progress *progress)
{
    struct market_report_progress *kept;

    if (role >= MARKET_REPORT_ROLES)
        return;
    /* Single words are whole for the thread that looks; together they need not be of one moment. */
    kept = &report->roles[role].progress;
    __atomic_store_n(&kept->received, progress->received, __ATOMIC_RELAXED);
    __atomic_store_n(&kept->sent, progress->sent, __ATOMIC_RELAXED);
    __atomic_store_n(&kept->gaps, progress->gaps, __ATOMIC_RELAXED);
    __atomic_store_n(&kept->dropped, progress->dropped, __ATOMIC_RELAXED);
    __atomic_store_n(&kept->depth, progress->depth, __ATOMIC_RELAXED);
}

struct market_report_progress
market_report_look(const struct market_report *report, uint32_t role)
{
    const struct market_report_progress *kept = &report->roles[role].progress;

    return (struct market_report_progress){
        .received = __atomic_load_n(&kept->received, __ATOMIC_RELAXED),
        .sent = __atomic_load_n(&kept->sent, __ATOMIC_RELAXED),
        .gaps = __atomic_load_n(&kept->gaps, __ATOMIC_RELAXED),
        .dropped = __atomic_load_n(&kept->dropped, __ATOMIC_RELAXED),
        .depth = __atomic_load_n(&kept->depth, __ATOMIC_RELAXED),
    };
}

void
market_report_finished(struct market_report *report, uint32_t role)
{
    bool are_all_finished = true;

    if (role >= MARKET_REPORT_ROLES)
        return;
    report->roles[role].is_finished = true;
    for (uint32_t i = 0; i < MARKET_REPORT_ROLES; i++)
        are_all_finished = are_all_finished && report->roles[i].is_finished;
    /* Pairs with the acquire load in market_report_is_complete. */
    __atomic_store_n(&report->is_complete, are_all_finished, __ATOMIC_RELEASE);
}

bool
market_report_is_complete(const struct market_report *report)
{
    return __atomic_load_n(&report->is_complete, __ATOMIC_ACQUIRE);
}

void
market_report_restart(struct market_report *report, uint32_t role)
{
    struct market_report_role *of = &report->roles[role];

    for (uint32_t i = 0; i < of->count_count; i++) {
        of->counts[i].earlier += of->counts[i].value;
        of->counts[i].value = 0;
    }
}

static const struct market_report_count *
lookup_count(const struct market_report *report, uint32_t role, const char *name)
{
    const struct market_report_role *of = &report->roles[role];

    for (uint32_t i = 0; i < of->count_count; i++) {
        if (strcmp(of->counts[i].name, name) == 0)
            return &of->counts[i];
    }
    return NULL;
}

uint64_t
market_report_value(const struct market_report *report, uint32_t role, const char *name)
{
    const struct market_report_count *count = lookup_count(report, role, name);

    return count != NULL ? count->value : 0;
}

static uint64_t
total_of(const struct market_report *report, uint32_t role, const char *name)
{
    const struct market_report_count *count = lookup_count(report, role, name);

    return count != NULL ? count->value + count->earlier : 0;
}

const char *
market_report_role_name(uint32_t role)
{
    return role < MARKET_REPORT_ROLES ? role_names[role] : "?";
}

static uint64_t
sum(const struct market_report *report, uint32_t role, const char *const *names, size_t count)
{
    uint64_t total = 0;

    for (size_t i = 0; i < count && names[i] != NULL; i++)
        total += total_of(report, role, names[i]);
    return total;
}

struct market_report_hop
market_report_hop(const struct market_report *report, uint32_t hop)
{
    uint32_t producer = hops[hop].producer;
    uint32_t consumer = hops[hop].consumer;

    return (struct market_report_hop){
        .name = hops[hop].name,
        .out = total_of(report, producer, hops[hop].out),
        .in = total_of(report, consumer, hops[hop].in),
        .gaps = total_of(report, consumer, hops[hop].gaps),
        .missed = total_of(report, consumer, hops[hop].missed),
        .dropped = sum(report, producer, hops[hop].drops_out, 4) +
                   sum(report, consumer, hops[hop].drops_in, 6),
    };
}
