/* SPDX-License-Identifier: BSD-3-Clause */
/* The driver of a pair: see pair.h. */
#include "pair.h"

#include <stdio.h>
#include <string.h>

#include <mycelium/buffer.h>
#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "bench_messages.h"
#include "wait.h"

#define DISCOVER_NS (60ULL * 1000000000ULL) /* a busy machine is long about starting a process */
#define BLAST_BURST 64U  /* messages that the driver tries to send in one poll turn */
#define ALONE_MAX   256U /* on their way at a time, fewer than a flow may have frames */

struct driver {
    struct bench_pair *pair;
    struct myc_ref partner;
    unsigned repetition;
    uint32_t done; /* round trips or messages of this phase so far */
    uint32_t told; /* of these, that the partner says have come; if they are alone */
    uint64_t start_ns;
    uint64_t start_frames;
    uint64_t poller;
    struct myc_buffer *buffer; /* what is sent, when it is large */
};

static uint32_t
count_of(const struct bench_pair *pair, enum bench_phase_kind phase)
{
    return phase == PHASE_RAW_RATE && pair->raw_count ? pair->raw_count : pair->count;
}

static void
driver_end(struct myc_self *self, struct driver *driver, enum myc_status status)
{
    driver->pair->status = status;
    driver->pair->result->count = driver->repetition;
    sem_post(&driver->pair->done);
    (void)myc_stop(self, myc_self_ref(self), MYC_NORMAL);
}

static void
driver_enter(struct driver *driver, enum bench_phase_kind phase)
{
    atomic_store_explicit(&driver->pair->phase, phase, memory_order_relaxed);
    atomic_store_explicit(&driver->pair->repetition, driver->repetition, memory_order_relaxed);
}

/* At once, for in a raw phase this handler does not return before the baseline has run. */
static enum myc_status
driver_tell_phase(struct myc_self *self, struct driver *driver, enum bench_phase_kind phase)
{
    const struct myc_send_options now = { .size = sizeof(now), .flags = MYC_SEND_NOW };
    const struct bench_phase body = { .phase = phase, .count = count_of(driver->pair, phase) };
    uint8_t bytes[BENCH_PHASE_BLOCK_LENGTH];

    bench_phase_encode(&body, bytes);
    driver_enter(driver, phase);
    driver->done = 0;
    driver->told = 0;
    return myc_send_with(self, driver->partner, &bench_phase_type, bytes, sizeof(bytes), &now);
}

static enum myc_status
driver_send_ping(struct myc_self *self, struct driver *driver)
{
    const struct bench_ping ping = { .sequence = driver->done, .sent_ns = myc_clock_ns(self) };

    return bench_ping_send(self, driver->partner, &ping);
}

static enum myc_status
driver_start_rtt(struct myc_self *self, struct driver *driver)
{
    struct bench_pair *pair = driver->pair;
    enum myc_status status = MYC_OK;

    if (pair->raw) {
        uint32_t came;

        status = driver_tell_phase(self, driver, PHASE_RAW_RTT);
        if (status != MYC_OK)
            return status;
        came = pair->raw->ping(pair->raw->context, self, pair->samples_ns, pair->count);
        if (came < pair->count) {
            bench_complain("the baseline's round trip %u of %u did not come back", came + 1,
                           pair->count);
            return MYC_TIMEOUT;
        }
        pair->result->raw[driver->repetition] = bench_figures_of(pair->samples_ns, pair->count);
        bench_keep_samples(pair->result->raw_samples, pair->samples_ns, pair->count);
    }
    driver->done = 0;
    driver_enter(driver, PHASE_RTT);
    return driver_send_ping(self, driver);
}

static enum myc_status
driver_start_rate(struct myc_self *self, struct driver *driver)
{
    struct bench_pair *pair = driver->pair;
    enum myc_status status = driver_tell_phase(self, driver, PHASE_RAW_RATE);

    if (status != MYC_OK)
        return status;
    driver->start_ns = pair->raw->blast(pair->raw->context, self, count_of(pair, PHASE_RAW_RATE));
    return MYC_OK;
}

static enum myc_status
driver_start(struct myc_self *self, struct driver *driver)
{
    if (driver->repetition == driver->pair->repetitions) {
        driver_end(self, driver, MYC_OK);
        return MYC_OK;
    }
    return driver->pair->result->is_rate ? driver_start_rate(self, driver)
                                         : driver_start_rtt(self, driver);
}

static enum myc_status
driver_on_ping(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    struct bench_pair *pair = driver->pair;
    struct bench_ping ping;
    uint64_t now_ns = myc_clock_ns(self);

    if (!bench_ping_decode(message, &ping))
        return MYC_BAD_TYPE;
    if (pair->is_alone) {
        driver->told = (uint32_t)ping.sequence;
        return MYC_OK;
    }
    if (driver->done >= BENCH_WARM_UP)
        pair->samples_ns[driver->done - BENCH_WARM_UP] = now_ns - ping.sent_ns;
    if (++driver->done < pair->count + BENCH_WARM_UP)
        return driver_send_ping(self, driver);
    pair->result->fabric[driver->repetition++] = bench_figures_of(pair->samples_ns, pair->count);
    bench_keep_samples(pair->result->fabric_samples, pair->samples_ns, pair->count);
    return driver_start(self, driver);
}

/* The body is written once, in the first phase that needs it. */
static enum myc_status
driver_send_large(struct myc_self *self, struct driver *driver)
{
    uint32_t size = driver->pair->body_bytes;
    enum myc_status status = MYC_OK;
    void *body;

    if (!driver->buffer) {
        status = myc_buffer_claim(self, size, &driver->buffer, &body);
        if (status == MYC_OK)
            memset(body, 0x5a, size);
    }
    if (status != MYC_OK)
        return status;
    return myc_buffer_send(self, driver->partner, &bench_blast_type, driver->buffer, NULL);
}

static enum myc_status
driver_send_blast(struct myc_self *self, struct driver *driver)
{
    static const struct myc_send_options now = { .size = sizeof(now), .flags = MYC_SEND_NOW };
    const struct bench_blast blast = { .sequence = driver->done };
    uint8_t bytes[BENCH_BLAST_BLOCK_LENGTH];

    if (driver->pair->body_bytes)
        return driver_send_large(self, driver);
    if (!driver->pair->is_alone)
        return bench_blast_send(self, driver->partner, &blast);
    bench_blast_encode(&blast, bytes);
    return myc_send_with(self, driver->partner, &bench_blast_type, bytes, sizeof(bytes), &now);
}

/* Since the last time. */
static uint64_t
driver_frames(struct driver *driver)
{
    const struct bench_raw *raw = driver->pair->raw;
    uint64_t before = driver->start_frames;

    driver->start_frames = raw && raw->frames ? raw->frames(raw->context) : 0;
    return driver->start_frames - before;
}

/* Alone means that the window of the flow never closes, or what waits behind it leaves together. */
static bool
driver_may_blast(const struct driver *driver)
{
    const struct bench_pair *pair = driver->pair;

    return driver->done < pair->count &&
           (!pair->is_alone || driver->done - driver->told < ALONE_MAX);
}

static unsigned
driver_blast(struct myc_self *self, void *state)
{
    struct driver *driver = state;
    unsigned sent = 0;

    while (sent < BLAST_BURST && driver_may_blast(driver)) {
        if (driver_send_blast(self, driver) != MYC_OK)
            break;
        driver->done++;
        sent++;
    }
    if (driver->done == driver->pair->count)
        (void)myc_poller_stop(self, driver->poller);
    return sent;
}

/* Messages that were to be alone and shared a frame all the same count as one. */
static uint64_t
counted(struct driver *driver, uint64_t messages)
{
    uint64_t frames = driver->pair->is_alone ? driver_frames(driver) : messages;

    return frames < messages ? frames : messages;
}

static enum myc_status
driver_on_done(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    struct bench_result *result = driver->pair->result;
    struct bench_phase_done done;
    double per_s;

    if (!bench_phase_done_decode(message, &done))
        return MYC_BAD_TYPE;
    if (done.count == 0) {
        bench_complain("no frame of the baseline has come to the partner");
        return MYC_TIMEOUT;
    }
    per_s = 1e9 / (double)(done.duration_ns - driver->start_ns) *
            (double)(done.phase == PHASE_RATE ? counted(driver, done.count) : done.count);
    if (done.phase == PHASE_RAW_RATE) {
        enum myc_status status =
            driver_tell_phase(self, driver, driver->pair->is_alone ? PHASE_RATE_ALONE : PHASE_RATE);

        result->raw[driver->repetition].per_s = per_s;
        (void)driver_frames(driver);
        driver->start_ns = myc_clock_ns(self);
        return status != MYC_OK ? status : myc_poller_start(self, driver_blast, 0, &driver->poller);
    }
    result->fabric[driver->repetition++].per_s = per_s;
    return driver_start(self, driver);
}

static enum myc_status
driver_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct driver *driver = state;

    if (args_size != sizeof(driver->pair))
        return MYC_INVALID;
    memcpy(&driver->pair, args, sizeof(driver->pair));
    return myc_discover(self, BENCH_PARTNER_NAME, DISCOVER_NS, 0);
}

static enum myc_status
driver_on_found(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    struct myc_name_found found;
    uint64_t monitor;
    enum myc_status status;

    if (!myc_name_found_decode(message, &found) || found.status != MYC_OK) {
        bench_complain("nobody has the name %s after %u s", BENCH_PARTNER_NAME,
                       (unsigned)(DISCOVER_NS / 1000000000ULL));
        return MYC_NOT_FOUND;
    }
    driver->partner = found.ref;
    status = myc_monitor(self, driver->partner, &monitor);
    return status != MYC_OK ? status : driver_start(self, driver);
}

static enum myc_status
driver_handle(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    switch (myc_message_key(message)) {
    case BENCH_PING_KEY:
        return driver_on_ping(self, driver, message);
    case BENCH_PHASE_DONE_KEY:
        return driver_on_done(self, driver, message);
    case MYC_NAME_FOUND_KEY:
        return driver_on_found(self, driver, message);
    case MYC_DOWN_KEY:
        bench_complain_down("the partner", message);
        return MYC_NO_CONNECTION;
    case MYC_UNDELIVERED_KEY:
        return bench_complain_undelivered("the driver", message);
    default:
        return MYC_OK;
    }
}

static enum myc_status
driver_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    enum myc_status status = driver_handle(self, state, message);

    if (status != MYC_OK)
        driver_end(self, state, status);
    return MYC_OK;
}

static const struct myc_type *const driver_accepts[] = {
    &bench_ping_type,
    &bench_phase_done_type,
};

const struct myc_class bench_driver_class = {
    .size = sizeof(struct myc_class),
    .name = "bench_driver",
    .state_size = sizeof(struct driver),
    .accepts = driver_accepts,
    .accepts_count = 2,
    .init = driver_init,
    .receive = driver_receive,
};

static void
tell_state(const void *context, char *text)
{
    static const char *const names[] = { "looking for the partner",
                                         [PHASE_RAW_RTT] = "round trips of the baseline",
                                         [PHASE_RTT] = "round trips of messages",
                                         [PHASE_RAW_RATE] = "rate of the baseline",
                                         [PHASE_RATE] = "rate of messages",
                                         [PHASE_RATE_ALONE] = "rate of messages that are alone" };
    const struct bench_pair *pair = context;

    snprintf(text, BENCH_WAIT_STATE_SIZE, "repetition %u of %u: %s",
             atomic_load_explicit(&pair->repetition, memory_order_relaxed) + 1, pair->repetitions,
             names[atomic_load_explicit(&pair->phase, memory_order_relaxed)]);
}

enum myc_status
bench_pair_run(struct myc_node *node, uint8_t lcore, struct bench_pair *pair)
{
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &pair,
        .args_size = sizeof(pair),
    };
    const struct bench_wait wait = {
        .what = "a driver and its partner",
        .node = node,
        .partner = pair->partner,
        .tell = tell_state,
        .context = pair,
    };
    enum myc_status status;

    sem_init(&pair->done, 0, 0);
    atomic_store_explicit(&pair->phase, 0, memory_order_relaxed);
    atomic_store_explicit(&pair->repetition, 0, memory_order_relaxed);
    status = myc_node_spawn(node, lcore, &bench_driver_class, &options, NULL);
    if (status == MYC_OK)
        status = bench_wait(&wait, &pair->done);
    return status != MYC_OK ? status : pair->status;
}
