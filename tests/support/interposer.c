/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire that treats frames badly, between two network interfaces: what comes in at one goes out at
 * the other, through a fault line (env/fault.h) for each way. It works on AF_PACKET sockets, so
 * that it stands between any two senders: nodes over af_packet or af_xdp, or the kernel's own.
 *
 *   interposer IFACE_A IFACE_B [FAULT]          (FAULT: env/fault_text.h)
 *
 * It says "ready", runs until its standard input is closed, and ends with one JSON object of
 * counts.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "env/fault.h"
#include "env/fault_text.h"
#include "support/clock.h"

#define FRAME_SIZE_MAX 9216U
#define BURST          64U
#define SOCKET_BUFFER  (4 << 20)
#define TICK_MS        1 /* delayed frames are looked after at least that often */

struct frame {
    size_t size;
    uint8_t bytes[FRAME_SIZE_MAX];
};

/* One way: from the interface that it reads to the one that it writes. */
struct way {
    int from;
    int to;
    struct fab_fault_line *line;
    uint64_t unsent; /* the other interface took them not */
};

static void *
copy_frame(void *context, void *frame)
{
    struct frame *copy = malloc(sizeof(*copy));

    (void)context;
    if (copy)
        memcpy(copy, frame, offsetof(struct frame, bytes) + ((struct frame *)frame)->size);
    return copy;
}

static void
drop_frame(void *context, void *frame)
{
    (void)context;
    free(frame);
}

static void
corrupt_frame(void *context, void *frame, uint64_t random)
{
    struct frame *victim = frame;

    (void)context;
    for (unsigned bits = 1 + random % 8; bits > 0; bits--) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        victim->bytes[(random >> 20) % victim->size] ^= (uint8_t)(1U << (random >> 60 & 7));
    }
}

static const struct fab_fault_ops ops = { copy_frame, drop_frame, corrupt_frame };

static int
open_interface(const char *name)
{
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = (int)if_nametoindex(name),
    };
    struct packet_mreq promiscuous = { .mr_ifindex = address.sll_ifindex,
                                       .mr_type = PACKET_MR_PROMISC };
    int size = SOCKET_BUFFER;
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ALL));

    if (fd < 0 || address.sll_ifindex == 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        perror(name);
        exit(1);
    }
    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof(promiscuous));
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
    return fd;
}

/* Reads what is there. Frames that we sent ourselves come back as OUTGOING and are passed over. */
static void
take(struct way *way)
{
    for (unsigned i = 0; i < BURST; i++) {
        struct frame *frame = malloc(sizeof(*frame));
        struct sockaddr_ll from;
        socklen_t from_size = sizeof(from);
        ssize_t size;

        if (!frame)
            return;
        size = recvfrom(way->from, frame->bytes, sizeof(frame->bytes), 0, (struct sockaddr *)&from,
                        &from_size);
        if (size <= 0 || from.sll_pkttype == PACKET_OUTGOING) {
            free(frame);
            if (size <= 0)
                return;
            continue;
        }
        frame->size = (size_t)size;
        fab_fault_line_push(way->line, frame, clock_now_ns());
    }
}

static void
give(struct way *way)
{
    struct frame *frame;

    while ((frame = fab_fault_line_pop(way->line, clock_now_ns())) != NULL) {
        if (send(way->to, frame->bytes, frame->size, 0) < 0)
            way->unsent++;
        free(frame);
    }
}

static void
run(struct way ways[2])
{
    struct pollfd fds[3] = {
        { .fd = ways[0].from, .events = POLLIN },
        { .fd = ways[1].from, .events = POLLIN },
        { .fd = STDIN_FILENO, .events = POLLIN },
    };
    char byte;

    for (;;) {
        poll(fds, 3, TICK_MS);
        if (fds[2].revents && read(STDIN_FILENO, &byte, 1) <= 0)
            return;
        for (unsigned i = 0; i < 2; i++) {
            take(&ways[i]);
            give(&ways[i]);
        }
    }
}

int
main(int argc, char **argv)
{
    struct myc_wire_fault fault = { .seed = 1 };
    struct fab_fault_counters sum = { 0 };
    struct way ways[2];
    char error[512];

    if (argc < 3 || argc > 4)
        return 2;
    if (argc == 4 && fab_wire_fault_parse(argv[3], &fault, error, sizeof(error)) != MYC_OK) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    ways[0] = (struct way){ .from = open_interface(argv[1]) };
    ways[1] = (struct way){ .from = open_interface(argv[2]), .to = ways[0].from };
    ways[0].to = ways[1].from;
    for (unsigned i = 0; i < 2; i++) {
        fault.seed += i;
        ways[i].line = fab_fault_line_create(&fault, &ops, NULL);
    }
    printf("ready\n");
    fflush(stdout);
    run(ways);
    for (unsigned i = 0; i < 2; i++) {
        const struct fab_fault_counters *counters = fab_fault_line_counters(ways[i].line);

        sum.frames += counters->frames;
        sum.lost += counters->lost;
        sum.duplicated += counters->duplicated;
        sum.reordered += counters->reordered;
        sum.corrupted += counters->corrupted;
        fab_fault_line_destroy(&ways[i].line);
    }
    printf("{\"frames\": %llu, \"lost\": %llu, \"duplicated\": %llu, \"reordered\": %llu, "
           "\"corrupted\": %llu, \"unsent\": %llu}\n",
           (unsigned long long)sum.frames, (unsigned long long)sum.lost,
           (unsigned long long)sum.duplicated, (unsigned long long)sum.reordered,
           (unsigned long long)sum.corrupted,
           (unsigned long long)(ways[0].unsent + ways[1].unsent));
    return 0;
}
