/* SPDX-License-Identifier: BSD-3-Clause */
#include "load.h"

#include <string.h>

#include <mycelium/buffer.h>
#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "bench_messages.h"
#include "pair.h"
#include "wait.h"

#define DISCOVER_NS    (60ULL * 1000000000ULL) /* a busy machine is long about starting a process */
#define MAILBOX_MAX    32768U
#define BULK_PER_TURN  8U
#define PINGS_PER_TURN 256U
#define END_SEQUENCE   UINT64_MAX       /* of the ping behind a stream */
#define TRY_SEQUENCE   (UINT64_MAX - 1) /* of pings that ask whether the way is open */
#define TRY_NS         10000000ULL

struct load_state {
    struct bench_load *load;
    struct myc_ref partner;
    uint64_t start_ns;
    uint64_t next_ns;  /* when the next ping is due */
    uint32_t sent;     /* pings */
    bool is_open;      /* the partner has answered */
    bool is_waiting;   /* closed loop: one is under way */
    bool is_refused;   /* open loop: the next one has been refused before */
    bool is_over;      /* nothing more is to be sent */
    bool has_sent_end; /* the ping behind the stream */
    bool has_bulk_ended;
    struct myc_buffer *buffer; /* what the stream sends, when it is large */
};

static enum myc_status
load_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct load_state *at = state;

    if (args_size != sizeof(at->load))
        return MYC_INVALID;
    memcpy(&at->load, args, sizeof(at->load));
    return myc_discover(self, at->load->partner ? at->load->partner : BENCH_PARTNER_NAME,
                        DISCOVER_NS, 0);
}

static void
load_end(struct myc_self *self, struct load_state *at, enum myc_status status)
{
    if (at->is_over)
        return;
    at->is_over = true;
    at->load->status = status;
    at->load->duration_ns = myc_clock_ns(self) - at->start_ns;
    sem_post(&at->load->done);
    (void)myc_stop(self, myc_self_ref(self), MYC_NORMAL);
}

static enum myc_status
send_ping(struct myc_self *self, struct load_state *at, uint64_t sequence, uint64_t sent_ns)
{
    const struct bench_ping ping = { .sequence = sequence, .sent_ns = sent_ns };
    uint8_t body[BENCH_LOAD_BODY_MAX] = { 0 };

    bench_ping_encode(&ping, body);
    return myc_send(self, at->partner, &bench_ping_type, body, at->load->ping_bytes);
}

/* Those whose time has come, at most a burst; one that is refused is tried again, as late as it is.
 */
static unsigned
send_due(struct myc_self *self, struct load_state *at, uint64_t now_ns)
{
    struct bench_load *load = at->load;
    unsigned sent = 0;

    while (sent < PINGS_PER_TURN && at->sent < load->ping_count && at->next_ns <= now_ns) {
        if (send_ping(self, at, at->sent, at->next_ns) != MYC_OK) {
            load->refused_count += !at->is_refused;
            at->is_refused = true;
            break;
        }
        at->is_refused = false;
        at->sent++;
        sent++;
        at->next_ns += load->interval_ns;
    }
    return sent;
}

static unsigned
send_next(struct myc_self *self, struct load_state *at, uint64_t now_ns)
{
    struct bench_load *load = at->load;

    if (at->is_waiting || at->sent == load->ping_count || now_ns < at->next_ns)
        return 0;
    if (load->before_ping)
        load->before_ping(load->context, at->sent);
    if (send_ping(self, at, at->sent, now_ns) != MYC_OK)
        return 0;
    at->is_waiting = true;
    at->sent++;
    return 1;
}

static enum myc_status
send_bulk(struct myc_self *self, struct load_state *at)
{
    static const uint8_t zeros[MYC_BODY_INLINE_MAX];
    uint32_t size = at->load->bulk_bytes;
    void *body;

    if (size <= sizeof(zeros))
        return myc_send(self, at->partner, &bench_blast_type, zeros, size);
    if (!at->buffer) {
        enum myc_status status = myc_buffer_claim(self, size, &at->buffer, &body);

        if (status != MYC_OK)
            return status;
        memset(body, 0x5a, size);
    }
    return myc_buffer_send(self, at->partner, &bench_blast_type, at->buffer, NULL);
}

static unsigned
send_stream(struct myc_self *self, struct load_state *at)
{
    struct bench_load *load = at->load;
    unsigned sent = 0;

    while (sent < BULK_PER_TURN && load->bulk_sent < load->bulk_count) {
        if (send_bulk(self, at) != MYC_OK)
            return sent;
        load->bulk_sent++;
        sent++;
    }
    return sent;
}

/* The partner stays in its handler meanwhile, and echoes. */
static enum myc_status
run_raw(struct myc_self *self, struct load_state *at)
{
    const struct myc_send_options now = { .size = sizeof(now), .flags = MYC_SEND_NOW };
    struct bench_load *load = at->load;
    const struct bench_phase phase = { .phase = PHASE_RAW_RTT, .count = load->ping_count };
    uint8_t bytes[BENCH_PHASE_BLOCK_LENGTH];
    enum myc_status status;

    bench_phase_encode(&phase, bytes);
    status = myc_send_with(self, at->partner, &bench_phase_type, bytes, sizeof(bytes), &now);
    if (status != MYC_OK)
        return status;
    load->done_count = load->raw_load(load->raw_context, self, load->interval_ns, load->time_max_ns,
                                      load->samples_ns, load->ping_count);
    if (load->done_count > 0)
        return MYC_OK;
    bench_complain("no frame of the baseline came back");
    return MYC_TIMEOUT;
}

static bool
is_time_over(const struct load_state *at, uint64_t now_ns)
{
    return at->load->time_max_ns && now_ns - at->start_ns > at->load->time_max_ns;
}

/* Sends the ping behind the stream once that is all sent, or its time is over. */
static void
end_stream(struct myc_self *self, struct load_state *at, uint64_t now_ns)
{
    struct bench_load *load = at->load;

    if (load->bulk_sent == load->bulk_count || is_time_over(at, now_ns) ||
        atomic_load_explicit(&load->is_stopping, memory_order_relaxed))
        at->has_sent_end = send_ping(self, at, END_SEQUENCE, now_ns) == MYC_OK;
}

static bool
is_done(const struct load_state *at, uint64_t now_ns)
{
    const struct bench_load *load = at->load;
    bool has_pings = load->done_count < load->ping_count && !is_time_over(at, now_ns);

    return !has_pings && (load->bulk_bytes == 0 || at->has_bulk_ended);
}

/* A name can be known before the link of this very lcore is up. */
static unsigned
try_way(struct myc_self *self, struct load_state *at, uint64_t now_ns)
{
    if (now_ns - at->start_ns > DISCOVER_NS) {
        bench_complain("the partner has a name and does not answer: waited %u s",
                       (unsigned)(DISCOVER_NS / 1000000000ULL));
        load_end(self, at, MYC_TIMEOUT);
    }
    if (now_ns < at->next_ns)
        return 0;
    at->next_ns = now_ns + TRY_NS;
    (void)send_ping(self, at, TRY_SEQUENCE, now_ns);
    return 1;
}

static unsigned
load_turn(struct myc_self *self, void *state)
{
    struct load_state *at = state;
    uint64_t now_ns = myc_clock_ns(self);
    unsigned work = 0;

    if (at->is_over)
        return 0;
    if (!at->is_open)
        return try_way(self, at, now_ns);
    if (at->load->raw_load) {
        load_end(self, at, run_raw(self, at));
        return 1;
    }
    if (is_done(at, now_ns)) {
        load_end(self, at, MYC_OK);
        return 1;
    }
    if (at->load->ping_count)
        work += at->load->interval_ns ? send_due(self, at, now_ns) : send_next(self, at, now_ns);
    if (at->load->bulk_bytes && !at->has_sent_end) {
        work += send_stream(self, at);
        end_stream(self, at, now_ns);
    }
    return work;
}

static enum myc_status
open_way(struct myc_self *self, struct load_state *at, uint64_t now_ns)
{
    uint64_t monitor;

    if (at->is_open)
        return MYC_OK;
    at->is_open = true;
    at->start_ns = at->next_ns = now_ns;
    return myc_monitor(self, at->partner, &monitor);
}

static enum myc_status
on_pong(struct myc_self *self, struct load_state *at, const struct myc_message *message)
{
    struct bench_load *load = at->load;
    struct bench_ping ping;
    uint64_t now_ns = myc_clock_ns(self);

    if (!bench_ping_decode(message, &ping))
        return MYC_BAD_TYPE;
    if (ping.sequence == TRY_SEQUENCE)
        return open_way(self, at, now_ns);
    if (ping.sequence == END_SEQUENCE) {
        at->has_bulk_ended = true;
    } else if (ping.sequence < load->ping_count) {
        load->samples_ns[ping.sequence] = now_ns - ping.sent_ns;
        load->done_count++;
        at->is_waiting = false;
        if (load->interval_ns == 0)
            at->next_ns = now_ns + load->pause_ns;
    }
    return MYC_OK;
}

static enum myc_status
on_found(struct myc_self *self, struct load_state *at, const struct myc_message *message)
{
    struct myc_name_found found;

    if (!myc_name_found_decode(message, &found) || found.status != MYC_OK) {
        bench_complain("the partner's name is not known after %u s",
                       (unsigned)(DISCOVER_NS / 1000000000ULL));
        return MYC_NOT_FOUND;
    }
    at->partner = found.ref;
    at->start_ns = myc_clock_ns(self);
    return myc_poller_start(self, load_turn, 0, NULL);
}

static enum myc_status
load_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    enum myc_status status = MYC_OK;

    switch (myc_message_key(message)) {
    case BENCH_PING_KEY:
        status = on_pong(self, state, message);
        break;
    case MYC_NAME_FOUND_KEY:
        status = on_found(self, state, message);
        break;
    case MYC_DOWN_KEY:
        bench_complain_down("the partner", message);
        status = MYC_NO_CONNECTION;
        break;
    default: /* what was refused is missed by its sample */
        break;
    }
    if (status != MYC_OK)
        load_end(self, state, status);
    return MYC_OK;
}

static const struct myc_type *const load_accepts[] = { &bench_ping_type };

static const struct myc_class load_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_load",
    .state_size = sizeof(struct load_state),
    .accepts = load_accepts,
    .accepts_count = 1,
    .init = load_init,
    .receive = load_receive,
};

enum myc_status
bench_load_start(struct myc_node *node, uint8_t lcore, struct bench_load *load)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &load,
        .args_size = sizeof(load),
        .mailbox_max = MAILBOX_MAX,
    };

    load->node = node;
    load->done_count = 0;
    load->refused_count = 0;
    load->bulk_sent = 0;
    atomic_init(&load->is_stopping, false);
    if (load->ping_bytes == 0)
        load->ping_bytes = BENCH_PING_BLOCK_LENGTH;
    if (load->samples_ns)
        memset(load->samples_ns, 0, load->ping_count * sizeof(load->samples_ns[0]));
    sem_init(&load->done, 0, 0);
    return myc_node_spawn(node, lcore, &load_class, &options, NULL);
}

enum myc_status
bench_load_wait(struct bench_load *load)
{
    const struct bench_wait wait = {
        .what = "the end of a load and the answers to it",
        .node = load->node,
    };
    enum myc_status status = bench_wait(&wait, &load->done);

    return status != MYC_OK ? status : load->status;
}

enum myc_status
bench_load_run(struct myc_node *node, uint8_t lcore, struct bench_load *load)
{
    enum myc_status status = bench_load_start(node, lcore, load);

    return status != MYC_OK ? status : bench_load_wait(load);
}

struct bench_figures
bench_load_figures(struct bench_load *load)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < load->ping_count; i++)
        if (load->samples_ns[i])
            load->samples_ns[count++] = load->samples_ns[i];
    return count ? bench_figures_of(load->samples_ns, count) : (struct bench_figures){ 0 };
}
