/* SPDX-License-Identifier: BSD-3-Clause */
#include "tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "socket_io.h"

enum kind {
    KIND_PING = 1,
    KIND_RECORD,
    KIND_LAST_RECORD
};

/* What each transfer begins with; records follow it up to TCP_RECORD_SIZE. */
struct head {
    uint64_t kind;
    uint64_t number;
    uint64_t pad[2];
};

static void
serve(int fd)
{
    static uint8_t record[TCP_RECORD_SIZE];
    struct head head;

    while (socket_receive_all(fd, true, &head, sizeof(head))) {
        if (head.kind != KIND_PING &&
            !socket_receive_all(fd, true, record, sizeof(record) - sizeof(head)))
            return;
        if (head.kind != KIND_RECORD && !socket_send_all(fd, true, &head, sizeof(head)))
            return;
    }
}

/* A listening socket in the other namespace, where a port is free; ours again afterwards. */
static int
listen_there(const struct network *network, struct sockaddr_in *address)
{
    socklen_t size = sizeof(*address);
    int fd = -1;

    *address = (struct sockaddr_in){ .sin_family = AF_INET };
    inet_pton(AF_INET, NETWORK_THEIR_ADDRESS, &address->sin_addr);
    if (setns(network->their_fd, CLONE_NEWNET) == 0)
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (setns(network->our_fd, CLONE_NEWNET) != 0 || fd < 0 ||
        bind(fd, (struct sockaddr *)address, sizeof(*address)) != 0 || listen(fd, 1) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &size) != 0)
        return -1;
    return fd;
}

static pid_t
start_server(int fd)
{
    pid_t parent = getpid(), child = fork();

    if (child != 0)
        return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        serve(fd);
    _exit(0);
}

enum myc_status
tcp_open(struct tcp *tcp, const struct network *network)
{
    struct sockaddr_in address;
    int listening = listen_there(network, &address);
    int theirs = -1, on = 1;

    *tcp = (struct tcp){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if (listening >= 0 && connect(tcp->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        theirs = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    if (theirs >= 0) {
        setsockopt(tcp->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(theirs, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        tcp->server = start_server(theirs);
        close(theirs);
    }
    if (listening >= 0)
        close(listening);
    if (theirs >= 0 && tcp->server > 0)
        return MYC_OK;
    tcp_close(tcp);
    return MYC_IO_ERROR;
}

void
tcp_close(struct tcp *tcp)
{
    if (tcp->fd >= 0)
        close(tcp->fd);
    tcp->fd = -1;
    if (tcp->server > 0) {
        kill(tcp->server, SIGKILL);
        waitpid(tcp->server, NULL, 0);
    }
    tcp->server = 0;
}

uint32_t
tcp_ping(const struct tcp *tcp, uint64_t *samples_ns, uint32_t count, uint64_t time_max_ns)
{
    uint64_t start_ns = bench_clock_ns();
    struct head head = { .kind = KIND_PING };
    uint32_t done = 0;

    while (done < count && bench_clock_ns() - start_ns < time_max_ns) {
        uint64_t sent_ns = bench_clock_ns();

        head.number = done;
        if (!socket_send_all(tcp->fd, true, &head, sizeof(head)) ||
            !socket_receive_all(tcp->fd, true, &head, sizeof(head)))
            break;
        samples_ns[done++] = bench_clock_ns() - sent_ns;
    }
    return done;
}

double
tcp_stream(const struct tcp *tcp, uint32_t count, uint64_t time_max_ns)
{
    static uint8_t record[TCP_RECORD_SIZE];
    uint64_t start_ns = bench_clock_ns();
    struct head head = { .kind = KIND_RECORD };

    for (uint32_t sent = 0; head.kind == KIND_RECORD; sent++) {
        head.number = sent;
        if (sent + 1 == count || bench_clock_ns() - start_ns > time_max_ns)
            head.kind = KIND_LAST_RECORD;
        memcpy(record, &head, sizeof(head));
        if (!socket_send_all(tcp->fd, true, record, sizeof(record)))
            return 0;
    }
    if (!socket_receive_all(tcp->fd, true, &head, sizeof(head)))
        return 0;
    return (double)(head.number + 1) * TCP_RECORD_SIZE * 1e9 /
           (double)(bench_clock_ns() - start_ns);
}
