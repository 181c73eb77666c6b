/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the kernel does on one host without us: UDP, TCP (no delay) and Unix sockets over loopback,
 * between two processes, blocking and polling.
 *
 * Each row has a pair of sockets and a partner process of its own. The partner sends back each
 * record of 32 bytes; then it counts records that come one to a call, and then records that come 64
 * to a call (a longer write on streams, sendmmsg on UDP). What UDP loses is counted, and not part
 * of the rate. Taken in turn, row by row, once in each repetition.
 */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "cpu.h"
#include "rows.h"
#include "socket_io.h"

#define WARM_UP          500U
#define RTT_COUNT        20000U
#define RATE_COUNT       200000U
#define SMOKE_RTT_COUNT  100U
#define SMOKE_RATE_COUNT 2000U
#define BATCH            64U
#define SILENCE_MS       200U /* after which what did not come is lost */
#define PATIENCE_S       20
#define UDP_BUFFER       (4 * 1024 * 1024)

struct record {
    uint64_t number;
    uint64_t pad[3];
};

struct kind {
    const char *who;
    int domain, type;
    bool spins;
};

static const struct kind kinds[] = {
    { "UDP, blocking", AF_INET, SOCK_DGRAM, false },
    { "UDP, spinning", AF_INET, SOCK_DGRAM, true },
    { "TCP no delay, blocking", AF_INET, SOCK_STREAM, false },
    { "TCP no delay, spinning", AF_INET, SOCK_STREAM, true },
    { "Unix stream, blocking", AF_UNIX, SOCK_STREAM, false },
    { "Unix stream, spinning", AF_UNIX, SOCK_STREAM, true },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static const struct bench_column columns[] = {
    { "p50_ns", "p50 ns", 1, 0 },       { "p99_ns", "p99 ns", 1, 0 },
    { "p999_ns", "p99.9 ns", 1, 0 },    { "max_ns", "max ns", 1, 0 },
    { "per_s", "M/s", 1e6, 3 },         { "batched_per_s", "M/s of 64", 1e6, 3 },
    { "lost_percent", "lost %", 1, 2 },
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

/* What the partner saw of the last stream of records; in memory that both share. */
struct seen {
    uint64_t received;
    uint64_t end_ns;
    _Atomic bool is_all_sent; /* the driver says so, and silence then means loss; drain clears it */
};

struct session {
    const struct kind *kind;
    int ours, theirs;
    uint32_t rtt_count, rate_count;
    struct seen *seen;
    pid_t partner;
};

/* ---- sockets -------------------------------------------------------------------------------- */

static bool
open_udp(int fds[2])
{
    struct sockaddr_in addresses[2];
    socklen_t size = sizeof(addresses[0]);
    int room = UDP_BUFFER;

    for (unsigned i = 0; i < 2; i++) {
        addresses[i] = (struct sockaddr_in){ .sin_family = AF_INET };
        addresses[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fds[i] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fds[i] < 0 || bind(fds[i], (struct sockaddr *)&addresses[i], size) != 0 ||
            getsockname(fds[i], (struct sockaddr *)&addresses[i], &size) != 0)
            return false;
        setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    }
    return connect(fds[0], (struct sockaddr *)&addresses[1], size) == 0 &&
           connect(fds[1], (struct sockaddr *)&addresses[0], size) == 0;
}

static bool
open_tcp(int fds[2])
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listening, (struct sockaddr *)&address, size) == 0 && listen(listening, 1) == 0 &&
        getsockname(listening, (struct sockaddr *)&address, &size) == 0 &&
        connect(fds[0], (struct sockaddr *)&address, size) == 0)
        fds[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    close(listening);
    for (unsigned i = 0; i < 2; i++)
        setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fds[1] >= 0;
}

static bool
open_sockets(struct session *session)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    int fds[2] = { -1, -1 };
    bool is_open;

    if (session->kind->domain == AF_UNIX)
        is_open = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0;
    else
        is_open = session->kind->type == SOCK_DGRAM ? open_udp(fds) : open_tcp(fds);
    session->ours = fds[0];
    session->theirs = fds[1];
    setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return is_open;
}

/* ---- partner -------------------------------------------------------------------------------- */

/* Some records at once; 0: none came in time. */
static unsigned
receive_some(const struct session *session, struct record records[BATCH])
{
    const int flags = session->kind->spins ? MSG_DONTWAIT : 0;
    struct mmsghdr headers[BATCH];
    struct iovec places[BATCH];
    int got;

    if (session->kind->type == SOCK_STREAM) {
        ssize_t bytes = recv(session->theirs, records, BATCH * sizeof(records[0]), flags);
        size_t odd = bytes > 0 ? (size_t)bytes % sizeof(records[0]) : 0;

        if (bytes <= 0)
            return 0;
        if (odd && !socket_receive_all(session->theirs, session->kind->spins,
                                       (char *)records + bytes, sizeof(records[0]) - odd))
            return 0;
        return (unsigned)(((size_t)bytes + sizeof(records[0]) - 1) / sizeof(records[0]));
    }
    memset(headers, 0, sizeof(headers));
    for (unsigned i = 0; i < BATCH; i++) {
        places[i] = (struct iovec){ &records[i], sizeof(records[i]) };
        headers[i].msg_hdr.msg_iov = &places[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    got = recvmmsg(session->theirs, headers, BATCH, flags | MSG_WAITFORONE, NULL);
    return got > 0 ? (unsigned)got : 0;
}

/* Counts records until all are there, or, on UDP, until all were sent and nothing has come for a
 * while. */
static void
drain(const struct session *session)
{
    const uint64_t silence_ns = SILENCE_MS * 1000000ULL;
    struct record records[BATCH];
    uint64_t received = 0, last_ns = bench_clock_ns();

    while (received < session->rate_count) {
        unsigned got = receive_some(session, records);

        received += got;
        if (got > 0)
            last_ns = bench_clock_ns();
        else if (bench_clock_ns() - last_ns < silence_ns)
            sched_yield();
        else if (session->kind->type == SOCK_DGRAM && session->seen->is_all_sent)
            break;
    }
    session->seen->received = received;
    session->seen->end_ns = last_ns;
    session->seen->is_all_sent = false;
}

static bool
serve(const struct session *session)
{
    const struct timeval silence = { .tv_usec = SILENCE_MS * 1000 };
    bool spins = session->kind->spins;
    struct record record = { 0 };

    for (uint32_t i = 0; i < session->rtt_count + WARM_UP; i++)
        if (!socket_receive_all(session->theirs, spins, &record, sizeof(record)) ||
            !socket_send_all(session->theirs, spins, &record, sizeof(record)))
            return false;
    if (session->kind->type == SOCK_DGRAM)
        setsockopt(session->theirs, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    for (unsigned phase = 0; phase < 2; phase++) {
        drain(session);
        if (!socket_send_all(session->theirs, spins, &record, sizeof(record)))
            return false;
    }
    return true;
}

static bool
start_partner(struct session *session)
{
    pid_t parent = getpid();

    session->partner = fork();
    if (session->partner == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        bench_pin(1);
        if (getppid() == parent)
            serve(session);
        _exit(0);
    }
    return session->partner > 0;
}

/* ---- driver --------------------------------------------------------------------------------- */

static bool
ping(const struct session *session, uint64_t *samples_ns)
{
    bool spins = session->kind->spins;
    struct record record = { 0 };

    for (uint32_t i = 0; i < session->rtt_count + WARM_UP; i++) {
        uint64_t sent_ns = bench_clock_ns();

        if (!socket_send_all(session->ours, spins, &record, sizeof(record)) ||
            !socket_receive_all(session->ours, spins, &record, sizeof(record)))
            return false;
        if (i >= WARM_UP)
            samples_ns[i - WARM_UP] = bench_clock_ns() - sent_ns;
    }
    return true;
}

static bool
send_some(const struct session *session, struct record *records, unsigned count)
{
    const int flags = session->kind->spins ? MSG_DONTWAIT : 0;
    struct mmsghdr headers[BATCH];
    struct iovec places[BATCH];

    if (session->kind->type == SOCK_STREAM || count == 1)
        return socket_send_all(session->ours, session->kind->spins, records,
                               count * sizeof(records[0]));
    memset(headers, 0, sizeof(headers));
    for (unsigned i = 0; i < count; i++) {
        places[i] = (struct iovec){ &records[i], sizeof(records[i]) };
        headers[i].msg_hdr.msg_iov = &places[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    for (unsigned sent = 0; sent < count;) {
        int now = sendmmsg(session->ours, &headers[sent], count - sent, flags);

        if (now > 0)
            sent += (unsigned)now;
        else
            sched_yield();
    }
    return true;
}

/* Records a second, `batch` to a call; 0: the connection broke. *lost: how many did not come. */
static double
blast(const struct session *session, unsigned batch, uint64_t *lost)
{
    struct record records[BATCH] = { 0 };
    uint64_t start_ns = bench_clock_ns();

    for (uint32_t sent = 0; sent < session->rate_count;) {
        unsigned count = session->rate_count - sent < batch ? session->rate_count - sent : batch;

        for (unsigned i = 0; i < count; i++)
            records[i].number = sent + i;
        if (!send_some(session, records, count))
            return 0;
        sent += count;
    }
    session->seen->is_all_sent = true;
    if (!socket_receive_all(session->ours, session->kind->spins, records, sizeof(records[0])))
        return 0;
    *lost += session->rate_count - session->seen->received;
    return (double)session->seen->received * 1e9 / (double)(session->seen->end_ns - start_ns);
}

static enum myc_status
measure(struct session *session, uint64_t *samples_ns, double *values)
{
    struct bench_figures figures;
    uint64_t lost = 0;

    if (!ping(session, samples_ns))
        return MYC_IO_ERROR;
    figures = bench_figures_of(samples_ns, session->rtt_count);
    values[0] = figures.p50_ns;
    values[1] = figures.p99_ns;
    values[2] = figures.p999_ns;
    values[3] = figures.max_ns;
    values[4] = blast(session, 1, &lost);
    values[5] = values[4] > 0 ? blast(session, BATCH, &lost) : 0;
    values[6] = session->kind->type == SOCK_DGRAM
                    ? 100.0 * (double)lost / (2.0 * session->rate_count)
                    : NAN;
    return values[5] > 0 ? MYC_OK : MYC_IO_ERROR;
}

static enum myc_status
measure_kind(struct session *session, uint64_t *samples_ns, double *values)
{
    enum myc_status status = MYC_IO_ERROR;

    session->partner = 0;
    bench_pin(0);
    if (open_sockets(session) && start_partner(session))
        status = measure(session, samples_ns, values);
    bench_unpin();
    if (session->partner > 0) {
        kill(session->partner, SIGKILL);
        waitpid(session->partner, NULL, 0);
    }
    close(session->ours);
    close(session->theirs);
    return status;
}

enum myc_status
bench_sockets(const struct bench_options *options)
{
    static double values[KIND_COUNT][BENCH_REPETITIONS_MAX * COLUMN_COUNT];
    struct bench_rows rows = {
        .bench = "sockets",
        .question = "the kernel's sockets over loopback, records of 32 B",
        .columns = columns,
        .column_count = COLUMN_COUNT,
    };
    struct session session = {
        .rtt_count = options->is_smoke ? SMOKE_RTT_COUNT : RTT_COUNT,
        .rate_count = options->is_smoke ? SMOKE_RATE_COUNT : RATE_COUNT,
        .seen = bench_shared_memory(sizeof(struct seen)),
    };
    struct myc_histogram *kept = bench_histograms_create(options, KIND_COUNT);
    uint64_t *samples_ns = calloc(session.rtt_count, sizeof(*samples_ns));
    enum myc_status status = samples_ns && session.seen ? MYC_OK : MYC_NO_MEMORY;

    for (unsigned i = 0; i < options->repetitions; i++)
        for (unsigned kind = 0; kind < KIND_COUNT && status == MYC_OK; kind++) {
            session.kind = &kinds[kind];
            status = measure_kind(&session, samples_ns, &values[kind][i * COLUMN_COUNT]);
            bench_keep_samples(bench_histogram_at(kept, kind), samples_ns, session.rtt_count);
        }
    for (unsigned kind = 0; kind < KIND_COUNT && status == MYC_OK; kind++) {
        rows.samples = bench_histogram_at(kept, kind);
        bench_row_print_medians(options, &rows, kinds[kind].who, values[kind]);
    }
    free(samples_ns);
    return status;
}
