/* SPDX-License-Identifier: BSD-3-Clause */
#include "walker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mycelium/group.h>
#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/timer.h>

#include "conformance_messages.h"

#define RUNS_MAX    32U
#define MEMBERS_MAX 16U
#define LINE_SIZE   128U
#define STEP_NS     1000000U
#define ASK_NS      600000000000ULL /* longer than any test */

struct run {
    uint64_t first;
    uint64_t count;
};

struct walker {
    struct walker_home *home;
    struct myc_ref known[WALKER_NODES]; /* walkers, by node */
    struct run runs[WALKER_NODES][RUNS_MAX];
    uint32_t run_count[WALKER_NODES];
    struct myc_request kept;
    struct myc_ref listener; /* of the stream; null: there is none */
    uint64_t next;           /* number of it */
    uint64_t doubt_count;
    uint64_t doubt_first;
    uint64_t doubt_last;
    uint64_t other_count; /* came back, and not for doubt */
    char line[LINE_SIZE];
    size_t line_size;
};

/* What a line says. */
struct order {
    char what[16];
    char text[MYC_NAME_SIZE_MAX + 1];
    uint64_t node;   /* the text, where it is a number that may be one of a node; else 0 */
    uint64_t number; /* behind the text */
};

/* --- orders ----------------------------------------------------------------------------------- */

static void
tell_did(const struct order *order, enum myc_status status)
{
    printf("{\"event\": \"did\", \"what\": \"%s\", \"status\": \"%s\"}\n", order->what,
           myc_status_name(status));
}

/* Those that only call a function with the text. */
static const struct {
    const char *name;
    enum myc_status (*call)(struct myc_self *self, const char *text);
} calls[] = {
    { "join", myc_join },
    { "leave", myc_leave },
    { "register", myc_register },
    { "unregister", myc_unregister },
};

static void
do_follow(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)walker;
    tell_did(order, myc_watch_name(self, order->text, 0));
}

static void
do_members(struct myc_self *self, struct walker *walker, const struct order *order)
{
    struct myc_ref refs[MEMBERS_MAX];
    uint32_t count = myc_members(self, order->text, refs, MEMBERS_MAX);
    const char *comma = "";

    (void)walker;
    printf("{\"event\": \"members\", \"nodes\": [");
    for (unsigned of = 1; of < WALKER_NODES; of++)
        for (uint32_t i = 0; i < count && i < MEMBERS_MAX; i++)
            if (myc_ref_node(refs[i]) == of) {
                printf("%s%u", comma, of);
                comma = ", ";
            }
    printf("]}\n");
}

static void
do_lookup(struct myc_self *self, struct walker *walker, const struct order *order)
{
    struct myc_ref ref = { 0, 0 };

    (void)walker;
    if (myc_lookup(self, order->text, &ref) != MYC_OK)
        ref.home = 0;
    printf("{\"event\": \"holder\", \"node\": %u}\n", myc_ref_node(ref));
}

static void
do_meet(struct myc_self *self, struct walker *walker, const struct order *order)
{
    char name[32];

    snprintf(name, sizeof(name), "walker-%u", (unsigned)order->node);
    tell_did(order, myc_lookup(self, name, &walker->known[order->node]));
}

static void
do_monitor(struct myc_self *self, struct walker *walker, const struct order *order)
{
    uint64_t monitor;

    tell_did(order, myc_monitor(self, walker->known[order->node], &monitor));
}

static void
do_ask(struct myc_self *self, struct walker *walker, const struct order *order)
{
    const struct myc_ask_options options = { .size = sizeof(options), .timeout_ns = ASK_NS };
    const struct conf_question question = { .value = order->number };

    tell_did(order, conf_question_ask(self, walker->known[order->node], &question, &options, NULL));
}

static void
do_answer(struct myc_self *self, struct walker *walker, const struct order *order)
{
    const struct conf_answer answer = { .value = 1 };

    tell_did(order, conf_answer_reply(self, walker->kept, &answer));
}

static void
do_stream(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)self;
    walker->listener = walker->known[order->node];
    walker->next = order->number;
    tell_did(order, MYC_OK);
}

static void
stop_stream(struct walker *walker, enum myc_status status)
{
    walker->listener = (struct myc_ref){ 0, 0 };
    printf("{\"event\": \"stopped\", \"next\": %llu, \"status\": \"%s\"}\n",
           (unsigned long long)walker->next, myc_status_name(status));
}

static void
do_hush(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)self, (void)order;
    stop_stream(walker, MYC_OK);
}

static void
do_got(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)self;
    printf("{\"event\": \"got\", \"runs\": [");
    for (uint32_t i = 0; i < walker->run_count[order->node]; i++)
        printf("%s[%llu, %llu]", i ? ", " : "",
               (unsigned long long)walker->runs[order->node][i].first,
               (unsigned long long)walker->runs[order->node][i].count);
    printf("]}\n");
}

static void
do_returned(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)self, (void)order;
    printf("{\"event\": \"returned\", \"doubts\": %llu, \"first\": %llu, \"last\": %llu, "
           "\"others\": %llu}\n",
           (unsigned long long)walker->doubt_count, (unsigned long long)walker->doubt_first,
           (unsigned long long)walker->doubt_last, (unsigned long long)walker->other_count);
}

static void
print_counter(void *context, const char *name, const char *text, uint64_t value)
{
    (void)context, (void)text;
    if (value)
        printf(", \"%s\": %llu", name, (unsigned long long)value);
}

static void
do_counters(struct myc_self *self, struct walker *walker, const struct order *order)
{
    (void)self, (void)order;
    printf("{\"event\": \"counters\"");
    myc_node_counter_each(walker->home->node, print_counter, NULL);
    printf("}\n");
}

static const struct {
    const char *name;
    void (*run)(struct myc_self *self, struct walker *walker, const struct order *order);
} orders[] = {
    { "follow", do_follow }, { "members", do_members },   { "lookup", do_lookup },
    { "meet", do_meet },     { "monitor", do_monitor },   { "ask", do_ask },
    { "answer", do_answer }, { "stream", do_stream },     { "hush", do_hush },
    { "got", do_got },       { "returned", do_returned }, { "counters", do_counters },
};

static void
obey(struct myc_self *self, struct walker *walker)
{
    struct order order = { .number = 0 };
    unsigned long long number = 0;

    if (sscanf(walker->line, "%15s %63s %llu", order.what, order.text, &number) < 1)
        return;
    order.number = number;
    order.node = strtoull(order.text, NULL, 10) % WALKER_NODES;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (strcmp(calls[i].name, order.what) == 0)
            tell_did(&order, calls[i].call(self, order.text));
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++)
        if (strcmp(orders[i].name, order.what) == 0)
            orders[i].run(self, walker, &order);
    fflush(stdout);
}

/* --- the walker ------------------------------------------------------------------------------- */

/* Whether a line is there whole. */
static bool
take_line(struct walker *walker)
{
    struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
    char byte;

    while (poll(&input, 1, 0) == 1) {
        if (read(STDIN_FILENO, &byte, 1) != 1) {
            atomic_store(&walker->home->is_over, true);
            return false;
        }
        if (byte == '\n') {
            walker->line[walker->line_size] = '\0';
            walker->line_size = 0;
            return true;
        }
        if (walker->line_size < LINE_SIZE - 1)
            walker->line[walker->line_size++] = byte;
    }
    return false;
}

static void
go_on_with_stream(struct myc_self *self, struct walker *walker)
{
    const struct myc_send_options options = { .size = sizeof(options), .tag = walker->next };
    const struct conf_number number = { .value = walker->next };
    uint8_t body[CONF_NUMBER_SIZE];
    enum myc_status status;

    conf_number_encode(&number, body);
    status = myc_send_with(self, walker->listener, &conf_number_type, body, sizeof(body), &options);
    if (status == MYC_OK)
        walker->next++;
    else if (status != MYC_FULL)
        stop_stream(walker, status);
    fflush(stdout);
}

static unsigned
walk(struct myc_self *self, void *state)
{
    struct walker *walker = state;

    if (!myc_ref_is_null(walker->listener))
        go_on_with_stream(self, walker);
    if (!atomic_load(&walker->home->is_over) && take_line(walker))
        obey(self, walker);
    return 0;
}

static enum myc_status
walker_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct walker *walker = state;

    if (args_size != sizeof(walker->home))
        return MYC_INVALID;
    memcpy(&walker->home, args, args_size);
    return myc_poller_start(self, walk, STEP_NS, NULL);
}

/* NO_MEMORY, which ends the walker: numbers come in more disorder than it can tell. */
static enum myc_status
note_number(struct walker *walker, uint16_t from, uint64_t value)
{
    struct run *runs = walker->runs[from % WALKER_NODES];
    uint32_t *count = &walker->run_count[from % WALKER_NODES];

    if (*count > 0 && value == runs[*count - 1].first + runs[*count - 1].count) {
        runs[*count - 1].count++;
        return MYC_OK;
    }
    if (*count == RUNS_MAX)
        return MYC_NO_MEMORY;
    runs[(*count)++] = (struct run){ .first = value, .count = 1 };
    return MYC_OK;
}

static void
note_returned(struct walker *walker, enum myc_status status, uint64_t number)
{
    if (status != MYC_IN_DOUBT) {
        walker->other_count++;
        return;
    }
    if (walker->doubt_count++ == 0)
        walker->doubt_first = number;
    walker->doubt_last = number;
}

static void
tell_of(const char *event, struct myc_ref ref, enum myc_status status)
{
    printf("{\"event\": \"%s\", \"node\": %u, \"status\": \"%s\"}\n", event, myc_ref_node(ref),
           myc_status_name(status));
}

static void
tell_name(const char *event, const char *name, struct myc_ref ref)
{
    printf("{\"event\": \"%s\", \"name\": \"%s\", \"node\": %u}\n", event, name, myc_ref_node(ref));
}

static void
on_event(struct walker *walker, const struct myc_message *message)
{
    struct myc_undelivered undelivered;
    struct myc_ask_failed failed;
    struct myc_name_found found;
    struct myc_name_lost lost;
    struct myc_down down;

    if (myc_undelivered_decode(message, &undelivered))
        note_returned(walker, undelivered.status, message->tag);
    else if (myc_down_decode(message, &down))
        tell_of("down", down.ref, down.reason);
    else if (myc_ask_failed_decode(message, &failed))
        tell_of("ask_failed", failed.ref, failed.status);
    else if (myc_name_found_decode(message, &found))
        tell_name("found", (const char *)found.name, found.ref);
    else if (myc_name_lost_decode(message, &lost))
        tell_name("lost", (const char *)lost.name, lost.ref);
    fflush(stdout);
}

static enum myc_status
walker_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct walker *walker = state;
    struct conf_number number;

    (void)self;
    if (message->kind == MYC_KIND_EVENT)
        on_event(walker, message);
    else if (message->kind == MYC_KIND_ASK)
        walker->kept = myc_message_request(message);
    else if (message->kind == MYC_KIND_REPLY)
        tell_of("answer", message->from, MYC_OK), fflush(stdout);
    else if (conf_number_decode(message, &number))
        return note_number(walker, myc_ref_node(message->from), number.value);
    return MYC_OK;
}

static const struct myc_type *const walker_types[] = { &conf_number_type, &conf_question_type };

const struct myc_class walker_class = {
    .size = sizeof(struct myc_class),
    .name = "walker",
    .state_size = sizeof(struct walker),
    .accepts = walker_types,
    .accepts_count = sizeof(walker_types) / sizeof(walker_types[0]),
    .init = walker_init,
    .receive = walker_receive,
};
