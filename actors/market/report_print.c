/* SPDX-License-Identifier: BSD-3-Clause */
/* The two forms in which a report is printed. */
#include "report.h"

#include <inttypes.h>
#include <string.h>

#include <mycelium/status.h>

#include "symbol_table.h"

#define PRICE_UNIT       10000
#define EXCHANGE         0U
#define FEED_HANDLER     1U
#define BOOK             2U
#define TYPE_PREFIX      "type_" /* then "deep_" or "itch_", then the type */
#define TYPE_PREFIX_SIZE (sizeof(TYPE_PREFIX) - 1)

/* A JSON string; symbols and names are the outside's bytes, so everything odd is escaped. */
static void
write_text(const char *text, FILE *out)
{
    (void)fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;

        if (c < ' ' || c == '"' || c == '\\' || c > '~')
            (void)fprintf(out, "\\u%04x", c);
        else
            (void)fputc(c, out);
    }
    (void)fputc('"', out);
}

/* 1/10000 dollar as a decimal number. */
static void
format_price(int64_t price, char *text, size_t size)
{
    uint64_t magnitude = price < 0 ? 0 - (uint64_t)price : (uint64_t)price;

    (void)snprintf(text, size, "%s%" PRIu64 ".%04" PRIu64, price < 0 ? "-" : "",
                   magnitude / PRICE_UNIT, magnitude % PRICE_UNIT);
}

/* What the feed held, in one place: most of it is among the feed handler's counters too. */
static void
write_feed(const struct market_report *report, FILE *out)
{
    const struct market_report_role *handler = &report->roles[FEED_HANDLER];
    const char *comma = "";
    uint64_t next = market_report_value(report, FEED_HANDLER, "sequence_next");
    static const char *const names[] = { "packets",  "heartbeats",      "ends_of_session",
                                         "messages", "discontinuities", "restarts",
                                         "gaps",     "missed" };

    (void)fprintf(out, "\"feed\":{");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)fprintf(out, "\"%s\":%" PRIu64 ",", names[i],
                      market_report_value(report, FEED_HANDLER, names[i]));
    (void)fprintf(out, "\"sequence_first\":%" PRIu64 ",\"sequence_last\":%" PRIu64 ",",
                  market_report_value(report, FEED_HANDLER, "sequence_first"),
                  next > 0 ? next - 1 : 0);
    (void)fprintf(out, "\"symbols\":%" PRIu32 ",\"is_last_packet_cut\":%s,\"messages_by_type\":{",
                  report->top_count,
                  market_report_value(report, EXCHANGE, "is_capture_cut") != 0 ? "true" : "false");
    for (uint32_t i = 0; i < handler->count_count; i++) {
        const struct market_report_count *count = &handler->counts[i];

        if (strncmp(count->name, TYPE_PREFIX, TYPE_PREFIX_SIZE) != 0)
            continue;
        (void)fputs(comma, out);
        write_text(count->name + TYPE_PREFIX_SIZE + sizeof("deep"), out);
        (void)fprintf(out, ":%" PRIu64, count->value);
        comma = ",";
    }
    (void)fprintf(out, "}},\n");
}

/* What the actors before this one had counted when they were lost. */
static void
write_earlier(const struct market_report_role *of, FILE *out)
{
    const char *comma = "";

    (void)fputs(",\"earlier\":{", out);
    for (uint32_t i = 0; i < of->count_count; i++) {
        if (of->counts[i].earlier == 0)
            continue;
        (void)fputs(comma, out);
        write_text(of->counts[i].name, out);
        (void)fprintf(out, ":%" PRIu64, of->counts[i].earlier);
        comma = ",";
    }
    (void)fputc('}', out);
}

static void
write_roles(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "\"actors\":{");
    for (uint32_t role = 0; role < MARKET_REPORT_ROLES; role++) {
        const struct market_report_role *of = &report->roles[role];

        (void)fprintf(out, "%s\"%s\":{\"is_finished\":%s", role > 0 ? "," : "",
                      market_report_role_name(role), of->is_finished ? "true" : "false");
        for (uint32_t i = 0; i < of->count_count; i++) {
            (void)fputc(',', out);
            write_text(of->counts[i].name, out);
            (void)fprintf(out, ":%" PRIu64, of->counts[i].value);
        }
        write_earlier(of, out);
        (void)fputc('}', out);
    }
    (void)fprintf(out, "},\n");
}

static void
write_hops(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "\"hops\":[");
    for (uint32_t i = 0; i < MARKET_REPORT_HOPS; i++) {
        struct market_report_hop hop = market_report_hop(report, i);

        (void)fprintf(out,
                      "%s{\"hop\":\"%s\",\"out\":%" PRIu64 ",\"in\":%" PRIu64 ",\"gaps\":%" PRIu64
                      ",\"missed\":%" PRIu64 ",\"dropped\":%" PRIu64 "}",
                      i > 0 ? "," : "", hop.name, hop.out, hop.in, hop.gaps, hop.missed,
                      hop.dropped);
    }
    (void)fprintf(out, "],\n");
}

static void
write_latencies(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "\"latency\":{");
    for (uint32_t i = 0; i < report->latency_count; i++) {
        const struct market_report_latency *latency = &report->latencies[i];

        if (i > 0)
            (void)fputc(',', out);
        write_text(latency->name, out);
        (void)fprintf(out,
                      ":{\"count\":%" PRIu64 ",\"p50_ns\":%" PRIu64 ",\"p99_ns\":%" PRIu64
                      ",\"p999_ns\":%" PRIu64 ",\"max_ns\":%" PRIu64 "}",
                      latency->count, latency->p50_ns, latency->p99_ns, latency->p999_ns,
                      latency->max_ns);
    }
    (void)fprintf(out, "},\n");
}

static void
write_side(const char *name, int64_t price, uint64_t size, FILE *out)
{
    char text[32];

    if (size == 0) {
        (void)fprintf(out, "\"%s_price\":null,\"%s_size\":0", name, name);
        return;
    }
    format_price(price, text, sizeof(text));
    (void)fprintf(out, "\"%s_price\":%s,\"%s_size\":%" PRIu64, name, text, name, size);
}

static void
write_tops(const struct market_report *report, FILE *out)
{
    char symbol[MARKET_SYMBOL_TEXT_SIZE];

    (void)fprintf(out, "\"top_of_book\":{");
    for (uint32_t i = 0; i < report->top_count; i++) {
        const struct market_report_top *top = &report->tops[i];

        (void)fputs(i > 0 ? ",\n" : "\n", out);
        write_text(market_symbol_format(top->symbol, symbol), out);
        (void)fputs(":{", out);
        write_side("bid", top->bid_price, top->bid_size, out);
        (void)fputc(',', out);
        write_side("ask", top->ask_price, top->ask_size, out);
        (void)fputc('}', out);
    }
    (void)fprintf(out, "},\n");
}

static void
write_peers(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "\"peers\":[");
    for (uint32_t i = 0; i < report->peer_count; i++) {
        const struct market_report_peer *peer = &report->peers[i];

        (void)fprintf(out, "%s{\"actor\":\"%s\",\"peer\":", i > 0 ? "," : "",
                      market_report_role_name(peer->role));
        write_text(peer->name, out);
        (void)fprintf(out, ",\"is_there\":%s,\"reason\":\"%s\",\"at_ns\":%" PRIu64 "}",
                      peer->is_there ? "true" : "false",
                      myc_status_name((enum myc_status)peer->reason), peer->at_ns);
    }
    (void)fprintf(out, "]\n");
}

void
market_report_write_json(const struct market_report *report, const char *extra, FILE *out)
{
    (void)fprintf(out, "{%s\"is_complete\":%s,\n", extra != NULL ? extra : "",
                  report->is_complete ? "true" : "false");
    write_feed(report, out);
    write_hops(report, out);
    write_latencies(report, out);
    write_roles(report, out);
    write_tops(report, out);
    write_peers(report, out);
    (void)fprintf(out, "}\n");
}

static void
table_side(int64_t price, uint64_t size, FILE *out)
{
    char text[32];

    if (size == 0) {
        (void)fprintf(out, "%12s %10s", "-", "-");
        return;
    }
    format_price(price, text, sizeof(text));
    (void)fprintf(out, "%12s %10" PRIu64, text, size);
}

static void
table_hops(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "%-10s %12s %12s %8s %8s %8s\n", "hop", "out", "in", "gaps", "missed",
                  "dropped");
    for (uint32_t i = 0; i < MARKET_REPORT_HOPS; i++) {
        struct market_report_hop hop = market_report_hop(report, i);

        (void)fprintf(out,
                      "%-10s %12" PRIu64 " %12" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
                      hop.name, hop.out, hop.in, hop.gaps, hop.missed, hop.dropped);
    }
}

static void
table_latencies(const struct market_report *report, FILE *out)
{
    (void)fprintf(out, "\n%-14s %12s %12s %12s %12s %12s\n", "latency", "count", "p50 us", "p99 us",
                  "p99.9 us", "max us");
    for (uint32_t i = 0; i < report->latency_count; i++) {
        const struct market_report_latency *latency = &report->latencies[i];

        (void)fprintf(out, "%-14s %12" PRIu64 " %12.2f %12.2f %12.2f %12.2f\n", latency->name,
                      latency->count, (double)latency->p50_ns / 1e3, (double)latency->p99_ns / 1e3,
                      (double)latency->p999_ns / 1e3, (double)latency->max_ns / 1e3);
    }
}

static void
table_tops(const struct market_report *report, FILE *out)
{
    char symbol[MARKET_SYMBOL_TEXT_SIZE];

    (void)fprintf(out, "\n%-8s %12s %10s %12s %10s\n", "symbol", "bid", "size", "ask", "size");
    for (uint32_t i = 0; i < report->top_count; i++) {
        const struct market_report_top *top = &report->tops[i];

        (void)fprintf(out, "%-8s ", market_symbol_format(top->symbol, symbol));
        table_side(top->bid_price, top->bid_size, out);
        (void)fputc(' ', out);
        table_side(top->ask_price, top->ask_size, out);
        (void)fputc('\n', out);
    }
}

static void
table_feed(const struct market_report *report, FILE *out)
{
    (void)fprintf(out,
                  "feed: %" PRIu64 " messages in %" PRIu64 " packets (%" PRIu64
                  " heartbeats), %" PRIu64 " discontinuities (%" PRIu64
                  " restarts of the session), %" PRIu64 " messages missed, %" PRIu32 " symbols\n\n",
                  market_report_value(report, FEED_HANDLER, "messages"),
                  market_report_value(report, FEED_HANDLER, "packets"),
                  market_report_value(report, FEED_HANDLER, "heartbeats"),
                  market_report_value(report, FEED_HANDLER, "discontinuities"),
                  market_report_value(report, FEED_HANDLER, "restarts"),
                  market_report_value(report, FEED_HANDLER, "missed"), report->top_count);
}

void
market_report_write_table(const struct market_report *report, FILE *out)
{
    table_feed(report, out);
    table_hops(report, out);
    table_latencies(report, out);
    table_tops(report, out);
    for (uint32_t i = 0; i < report->peer_count; i++) {
        const struct market_report_peer *peer = &report->peers[i];

        if (!peer->is_there)
            (void)fprintf(out, "%s lost %s: %s\n", market_report_role_name(peer->role), peer->name,
                          myc_status_text((enum myc_status)peer->reason));
    }
    if (market_report_value(report, BOOK, "book_resets") != 0)
        (void)fprintf(out, "the books were emptied whenever the session restarted\n");
    if (market_report_value(report, EXCHANGE, "is_capture_cut") != 0)
        (void)fprintf(out, "the capture's last packet is cut; every whole packet was sent\n");
    if (market_report_value(report, EXCHANGE, "is_capture_damaged") != 0)
        (void)fprintf(out, "the capture is damaged; every packet before that was sent\n");
    for (uint32_t role = 0; role < MARKET_REPORT_ROLES; role++) {
        if (!report->roles[role].is_finished)
            (void)fprintf(out, "no final report from the %s\n", market_report_role_name(role));
    }
}
