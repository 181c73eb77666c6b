/* SPDX-License-Identifier: BSD-3-Clause */
#include "demo.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "reporter.h"

#define LINE_NS              1000000000U
#define GENERATOR_ORDERS_MAX 32768U /* the generator keeps at most 20 000 open */
#define CAPTURE_BYTES_PER_ORDER \
    16U /* of a compressed one; an ITCH order is 38 bytes and a length */
#define CAPTURE_ORDERS_MIN 4096U
#define CAPTURE_ORDERS_MAX (1U << 22)

void
market_demo_options_init(struct market_demo_options *options)
{
    *options = (struct market_demo_options){ .seed = 1, .messages = 1000000, .symbols = 8 };
}

static int
write_speed(double speed, char *text, size_t size)
{
    return speed > 0 ? snprintf(text, size, "%.9g", speed) : snprintf(text, size, "max");
}

static int
exchange_arguments(const struct market_demo_options *options, char *text)
{
    char speed[32];

    (void)write_speed(options->speed, speed, sizeof(speed));
    if (options->pcap != NULL)
        return snprintf(text, MARKET_DEMO_ARGUMENTS_SIZE, "pcap=%s\nspeed=%s\n", options->pcap,
                        speed);
    return snprintf(text, MARKET_DEMO_ARGUMENTS_SIZE,
                    "speed=%s\nseed=%" PRIu64 "\nmessages=%" PRIu64 "\nsymbols=%" PRIu64 "\n",
                    speed, options->seed, options->messages, options->symbols);
}

/* How much a book must hold: what the generator makes, or as many orders as a capture of that size
 * can leave open. What is taken is touched at the start, so it is not more than that. */
static int
book_arguments(const struct market_demo_options *options, char *text)
{
    const char *is_kept = options->keeps_books_at_restart ? "yes" : "no";
    struct stat file = { .st_size = 0 };
    uint64_t orders;

    if (options->pcap == NULL)
        return snprintf(text, MARKET_DEMO_ARGUMENTS_SIZE,
                        "keep_at_restart=%s\nsymbols=%" PRIu64 "\norders=%u\n", is_kept,
                        options->symbols, GENERATOR_ORDERS_MAX);
    (void)stat(options->pcap, &file);
    orders = (uint64_t)file.st_size / CAPTURE_BYTES_PER_ORDER;
    if (orders < CAPTURE_ORDERS_MIN)
        orders = CAPTURE_ORDERS_MIN;
    if (orders > CAPTURE_ORDERS_MAX)
        orders = CAPTURE_ORDERS_MAX;
    return snprintf(text, MARKET_DEMO_ARGUMENTS_SIZE, "keep_at_restart=%s\norders=%" PRIu64 "\n",
                    is_kept, orders);
}

bool
market_demo_arguments(const struct market_demo_options *options, const char *class_name, char *text)
{
    int size = 0;

    text[0] = '\0';
    if (strcmp(class_name, market_exchange_class.name) == 0)
        size = exchange_arguments(options, text);
    else if (strcmp(class_name, market_book_class.name) == 0)
        size = book_arguments(options, text);
    return size >= 0 && (size_t)size < MARKET_DEMO_ARGUMENTS_SIZE;
}

enum myc_status
market_demo_start(struct market_demo *demo, const struct market_demo_options *options,
                  struct myc_node *node, uint64_t now_ns)
{
    struct market_reporter_args args;
    const struct myc_spawn_options spawn = {
        .size = sizeof(spawn),
        .args = &args,
        .args_size = sizeof(args),
    };
    enum myc_status status;

    *demo = (struct market_demo){ .options = *options, .start_ns = now_ns, .line_ns = now_ns };
    demo->report = calloc(1, sizeof(*demo->report));
    if (demo->report == NULL)
        return MYC_NO_MEMORY;
    args.report = demo->report;
    status = myc_node_spawn(node, 0, &market_reporter_class, &spawn, NULL);
    if (status != MYC_OK)
        market_demo_fini(demo);
    return status;
}

static uint64_t
rate(uint64_t now, uint64_t before, uint64_t elapsed_ns)
{
    return now > before ? (uint64_t)((double)(now - before) * 1e9 / (double)elapsed_ns) : 0;
}

/* What each actor has sent so far and per second; then gaps, drops and what waits, of all. */
static void
write_line(struct market_demo *demo, uint64_t now_ns, FILE *live)
{
    static const char *const units[MARKET_REPORT_ROLES] = { "frames", "events", "tops", "orders",
                                                            "acks" };
    uint64_t gaps = 0;
    uint64_t dropped = 0;
    uint64_t depth = 0;

    (void)fprintf(live, "%6.1f s", (double)(now_ns - demo->start_ns) / 1e9);
    for (uint32_t role = 0; role < MARKET_REPORT_ROLES; role++) {
        struct market_report_progress now = market_report_look(demo->report, role);

        (void)fprintf(live, "  %s %" PRIu64 " (%" PRIu64 "/s)", units[role], now.sent,
                      rate(now.sent, demo->before[role].sent, now_ns - demo->line_ns));
        gaps += now.gaps;
        dropped += now.dropped;
        depth += now.depth;
        demo->before[role] = now;
    }
    (void)fprintf(live, "  gaps %" PRIu64 "  dropped %" PRIu64 "  waiting %" PRIu64 "\n", gaps,
                  dropped, depth);
    (void)fflush(live);
}

/* Peers that were lost, and those that came back; the first meeting is no news. */
static void
tell_peers(struct market_demo *demo, uint64_t now_ns, FILE *live)
{
    double seconds = (double)(now_ns - demo->start_ns) / 1e9;
    uint32_t count = __atomic_load_n(&demo->report->peer_count, __ATOMIC_ACQUIRE);

    for (; demo->peers_told < count; demo->peers_told++) {
        const struct market_report_peer *peer = &demo->report->peers[demo->peers_told];

        if (live == NULL || market_report_is_complete(demo->report))
            continue;
        if (!peer->is_there)
            (void)fprintf(live, "%7.2f s  %s has lost %s: %s\n", seconds,
                          market_report_role_name(peer->role), peer->name,
                          myc_status_text((enum myc_status)peer->reason));
        else
            (void)fprintf(live, "%7.2f s  %s has found %s\n", seconds,
                          market_report_role_name(peer->role), peer->name);
    }
}

bool
market_demo_poll(struct market_demo *demo, uint64_t now_ns, FILE *live)
{
    bool is_over = market_report_is_complete(demo->report);

    tell_peers(demo, now_ns, live);
    if (is_over && demo->end_ns == 0)
        demo->end_ns = now_ns;
    if (live != NULL && now_ns - demo->line_ns >= LINE_NS) {
        write_line(demo, now_ns, live);
        demo->line_ns = now_ns;
    }
    return is_over;
}

static double
seconds(const struct market_demo *demo)
{
    uint64_t end_ns = demo->end_ns != 0 ? demo->end_ns : demo->line_ns;

    return (double)(end_ns - demo->start_ns) / 1e9;
}

static void
print_json(const struct market_demo *demo, FILE *out)
{
    char speed[32];
    char extra[256];

    (void)write_speed(demo->options.speed, speed, sizeof(speed));
    (void)snprintf(extra, sizeof(extra),
                   "\"input\":\"%s\",\"speed\":\"%s\",\"seconds\":%.3f,"
                   "\"do_lcores_share_cpus\":%s,\"is_lossless\":%s,\"restarts\":%" PRIu32 ",",
                   demo->options.pcap != NULL ? "capture" : "generator", speed, seconds(demo),
                   demo->options.do_lcores_share_cpus ? "true" : "false",
                   market_demo_is_lossless(demo) ? "true" : "false", demo->restarts);
    market_report_write_json(demo->report, extra, out);
}

void
market_demo_print(const struct market_demo *demo, FILE *out)
{
    if (demo->options.is_json) {
        print_json(demo, out);
        return;
    }
    market_report_write_table(demo->report, out);
    if (demo->restarts != 0)
        (void)fprintf(out,
                      "\n%" PRIu32
                      " processes were started again; each lost up to its last second of counts\n",
                      demo->restarts);
    (void)fprintf(out, "\n%.3f s", seconds(demo));
    if (demo->options.do_lcores_share_cpus)
        (void)fprintf(out, "; lcores shared CPUs, so latencies hold waiting for a CPU");
    (void)fprintf(out, "\n");
}

bool
market_demo_is_lossless(const struct market_demo *demo)
{
    /* The last second of a killed process's counts is not known. */
    if (!market_report_is_complete(demo->report) || demo->report->overflow != 0 ||
        demo->restarts != 0)
        return false;
    for (uint32_t i = 0; i < MARKET_REPORT_HOPS; i++) {
        struct market_report_hop hop = market_report_hop(demo->report, i);

        /* Missing numbers of the feed itself (hop 0) are the capture's own; frames are counted. */
        if (hop.out != hop.in || hop.dropped != 0 || (i > 0 && hop.missed != 0))
            return false;
    }
    return true;
}

void
market_demo_fini(struct market_demo *demo)
{
    free(demo->report);
    demo->report = NULL;
}
