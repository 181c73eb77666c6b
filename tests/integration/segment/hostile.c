/* SPDX-License-Identifier: BSD-3-Clause */
#include "hostile.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/prng.h"
#include "link/segment_memory.h"
#include "node/control/packet.h"
#include "node/control/socket.h"
#include "wire/system.h"

#define SLOTS        64U
#define HEAP_SIZE    65536U
#define ROUNDS       3000U
#define FLOOD        160U
#define PACKETS      200U
#define WAIT_MS      10000
#define SEALS        (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)
#define VICTIM_ACTOR (1ULL << 32 | 1U)

extern char **environ;

static struct fab_prng prng;
static const char *path;
static uint8_t *own; /* our memory, which the victim maps */
static size_t own_size;

pid_t
hostile_start(const char *victim, enum hostile_kind kind, uint64_t seed)
{
    char program[] = "hostile", option[] = "--hostile", kind_text[24], seed_text[24];
    char *argv[] = { program, option, (char *)(uintptr_t)victim, kind_text, seed_text, NULL };
    pid_t pid;

    snprintf(kind_text, sizeof(kind_text), "%u", kind);
    snprintf(seed_text, sizeof(seed_text), "%llu", (unsigned long long)seed);
    FAB_ASSERT(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ) == 0);
    return pid;
}

static uint32_t
draw(uint32_t bound)
{
    return (uint32_t)fab_prng_below(&prng, bound);
}

/* ---- the handshake ---------------------------------------------------------------------------
 */

static int
connect_to_victim(void)
{
    int fd = -1;

    while (fab_control_connect(path, &fd) == MYC_FULL)
        poll(NULL, 0, 1);
    return fd;
}

static int
memory_of(size_t size, int seals)
{
    int fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    FAB_ASSERT(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    own = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    own_size = size;
    FAB_ASSERT(own != MAP_FAILED && fcntl(fd, F_ADD_SEALS, seals) == 0);
    return fd;
}

static void
say_hello(int fd)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, FAB_CONTROL_HELLO);
    packet.offer.home = (uint64_t)HOSTILE_ID << 48 | (fab_prng_next(&prng) >> 16) | 1;
    packet.offer.slots = SLOTS;
    packet.offer.slot_size = FAB_RING_SLOT_SIZE;
    packet.offer.lcore_count = 1;
    (void)fab_control_send(fd, &packet, -1);
}

static void
say_memory(int fd, enum fab_control_type type, int memory, uint64_t size)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, type);
    packet.memory.size = size;
    (void)fab_control_send(fd, &packet, memory);
}

/* Nobody may have another's memory to write to. */
static void
try_to_write(int memory, uint64_t size)
{
    void *mapped = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);

    if (mapped != MAP_FAILED || ftruncate(memory, 0) == 0 || ftruncate(memory, 1 << 30) == 0)
        exit(1);
    mapped = mmap(NULL, size, PROT_READ, MAP_SHARED, memory, 0);
    if (mapped == MAP_FAILED || mprotect(mapped, size, PROT_READ | PROT_WRITE) == 0)
        exit(1);
    munmap(mapped, size);
}

/* Waits for a packet; false: the victim has closed. */
static bool
await_packet(int fd, enum fab_control_type type)
{
    union fab_control_packet packet = { 0 };
    struct pollfd socket = { .fd = fd, .events = POLLIN };
    int passed;

    while (packet.head.type != type) {
        if (poll(&socket, 1, WAIT_MS) != 1 || fab_control_receive(fd, &packet, &passed) != MYC_OK ||
            packet.head.type == FAB_CONTROL_END)
            return false;
        if (passed >= 0) {
            try_to_write(passed, packet.head.type == FAB_CONTROL_WELCOME ? packet.offer.memory_size
                                                                         : packet.memory.size);
            close(passed);
        }
    }
    return true;
}

/* Attaches as it should be done, with a heap. */
static int
attach(void)
{
    const struct fab_segment_layout layout = {
        .slots = SLOTS,
        .lcore_count = 1,
        .peer_lcore_count = 1,
    };
    size_t size = (fab_segment_layout_size(&layout) + 4095U) / 4096U * 4096U;
    int fd = connect_to_victim();

    say_hello(fd);
    if (!await_packet(fd, FAB_CONTROL_WELCOME))
        return -1;
    say_memory(fd, FAB_CONTROL_HEAP, memory_of(HEAP_SIZE, SEALS), HEAP_SIZE);
    say_memory(fd, FAB_CONTROL_READY, memory_of(size, SEALS), size); /* the last is `own` */
    return await_packet(fd, FAB_CONTROL_UP) ? fd : -1;
}

static bool
is_cut_off(int fd)
{
    struct pollfd socket = { .fd = fd, .events = POLLIN };

    return poll(&socket, 1, 0) != 0;
}

/* ---- memory ----------------------------------------------------------------------------------
 */

static struct fab_segment_area *
area(void)
{
    return (struct fab_segment_area *)(void *)own;
}

static void
write_bytes(void)
{
    for (unsigned i = 0; i < 16; i++)
        own[draw((uint32_t)own_size)] = (uint8_t)fab_prng_next(&prng);
    if (draw(8) == 0)
        atomic_fetch_add(&area()->tail, draw(4));
}

static void
write_indices(void)
{
    _Atomic uint32_t *index = draw(2) ? &area()->tail : &area()->head;

    if (draw(2))
        atomic_fetch_add(index, draw(SLOTS * 2) - SLOTS / 2);
    else
        atomic_store(index, (uint32_t)fab_prng_next(&prng));
}

static struct fab_msg *
next_slot(void)
{
    uint32_t index = atomic_load(&area()->tail) & (SLOTS - 1);

    return (struct fab_msg *)(void *)(own + FAB_SEGMENT_SLOTS_OFFSET +
                                      (size_t)index * FAB_RING_SLOT_SIZE);
}

/* A record that is nearly right; a system record of any kind but STOP and LINK, with which a peer
 * may end an actor. */
static void
write_record(void)
{
    struct fab_msg *msg = next_slot();
    uint8_t *body = (uint8_t *)(msg + 1);
    uint32_t op = draw(FAB_SYSTEM_END);

    memset(msg, 0, FAB_RING_SLOT_SIZE);
    for (unsigned i = 0; i < FAB_RING_SLOT_SIZE - sizeof(*msg); i++)
        body[i] = draw(3) ? 0 : (uint8_t)fab_prng_next(&prng);
    msg->to = draw(4) ? VICTIM_ACTOR : fab_prng_next(&prng);
    msg->kind = draw(4) ? FAB_MSG_SYSTEM : (uint8_t)draw(6);
    msg->size = draw(FAB_RING_SLOT_SIZE - sizeof(*msg));
    msg->template_id = op == FAB_SYSTEM_STOP || op == FAB_SYSTEM_LINK ? 0 : (uint16_t)op;
    if (msg->kind == FAB_MSG_SYSTEM && draw(4))
        msg->to = 0;
    if (draw(16) == 0)
        ((uint8_t *)msg)[draw(sizeof(*msg))] = (uint8_t)fab_prng_next(&prng);
    atomic_fetch_add(&area()->tail, 1);
    if (draw(8) == 0)
        msg->size = (uint32_t)fab_prng_next(&prng);
}

/* Bodies in a heap that is not ours, and releases of what was never lent. */
static void
write_loan(void)
{
    struct fab_msg *msg = next_slot();

    memset(msg, 0, FAB_RING_SLOT_SIZE);
    if (draw(3)) {
        const struct fab_system_release release = { .loan = (uint32_t)fab_prng_next(&prng) };

        msg->kind = FAB_MSG_SYSTEM;
        msg->template_id = FAB_SYSTEM_RELEASE;
        msg->size = sizeof(release);
        memcpy(msg + 1, &release, sizeof(release));
    } else {
        uint64_t place = draw(2) ? draw(HEAP_SIZE / 2048U) : fab_prng_next(&prng) >> 32;

        msg->to = VICTIM_ACTOR;
        msg->flags = FAB_MSG_HAS_BUFFER;
        msg->extensions = fab_msg_extensions_of(FAB_MSG_HAS_BUFFER);
        msg->size = 1025U + draw(draw(2) ? HEAP_SIZE / 16U : FAB_MSG_SIZE_MAX);
        place |= fab_prng_next(&prng) << 32;
        memcpy(msg + 1, &place, sizeof(place));
    }
    atomic_fetch_add(&area()->tail, 1);
}

/* Until it is cut off: it is heard, and gives back what it was sent, most of the time. */
static void
scribble(void (*write_once)(void))
{
    int fd = attach();

    for (unsigned i = 0; fd >= 0 && i < ROUNDS && !is_cut_off(fd); i++) {
        write_once();
        if (i % 16 == 0)
            poll(NULL, 0, 1);
    }
}

/* ---- the control socket ----------------------------------------------------------------------
 */

static void
offer_bad_memory(void)
{
    static const int seals[] = { 0, F_SEAL_SHRINK, SEALS & ~F_SEAL_GROW, SEALS };
    int fd = connect_to_victim();
    size_t size = 4096U << draw(6);
    bool is_heap;
    int memory;

    say_hello(fd);
    if (!await_packet(fd, FAB_CONTROL_WELCOME))
        return;
    memory = draw(4) ? memory_of(size, seals[draw(4)]) : open("/dev/zero", O_RDWR | O_CLOEXEC);
    is_heap = draw(4) == 0;
    say_memory(fd, is_heap ? FAB_CONTROL_HEAP : FAB_CONTROL_READY, memory,
               draw(2) ? size : fab_prng_next(&prng) >> draw(64));
    /* Shrunk after the offer, where the seals let it. */
    if (draw(2))
        (void)!ftruncate(memory, 0);
    if (!is_heap)
        (void)await_packet(fd, FAB_CONTROL_UP);
    close(fd);
}

static void
send_packets(void)
{
    int fd = connect_to_victim();

    for (unsigned i = 0; i < 1 + draw(6); i++) {
        union fab_control_packet packet;
        size_t size;

        memset(&packet, 0, sizeof(packet));
        fab_control_packet_init(&packet, (enum fab_control_type)(1 + draw(FAB_CONTROL_TYPE_END)));
        size = packet.head.size;
        for (unsigned n = draw(4); n > 0; n--)
            ((uint8_t *)&packet)[draw((uint32_t)sizeof(packet))] = (uint8_t)fab_prng_next(&prng);
        if (draw(2)) {
            (void)send(fd, &packet, draw((uint32_t)sizeof(packet)), MSG_NOSIGNAL);
        } else {
            int memory = memory_of(4096, draw(2) ? SEALS : 0);

            packet.head.size = (uint32_t)size;
            (void)fab_control_send(fd, &packet, memory);
            close(memory);
        }
    }
    close(fd);
}

static void
flood(void)
{
    int fds[FLOOD];

    for (unsigned i = 0; i < FLOOD; i++) {
        union fab_control_packet packet;

        fds[i] = connect_to_victim();
        fab_control_packet_init(&packet, FAB_CONTROL_REQUEST);
        if (draw(8) == 0)
            (void)fab_control_send(fds[i], &packet, -1);
        else if (draw(8) == 0)
            say_hello(fds[i]); /* the others say nothing, and keep a place as long as they may */
    }
    for (unsigned i = 0; i < FLOOD; i++)
        close(fds[i]);
}

static void
repeat(void (*once)(void), unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        once();
}

void
hostile_main(int argc, char **argv)
{
    static void (*const writes[])(void) = { write_bytes, write_indices, write_record, write_loan };
    unsigned kind;

    if (argc < 5 || strcmp(argv[1], "--hostile") != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    path = argv[2];
    kind = (unsigned)atoi(argv[3]);
    fab_prng_init(&prng, strtoull(argv[4], NULL, 10));
    if (kind <= HOSTILE_LOANS)
        scribble(writes[kind]);
    else if (kind == HOSTILE_MEMORY)
        repeat(offer_bad_memory, 8);
    else if (kind == HOSTILE_PACKETS)
        repeat(send_packets, PACKETS);
    else
        flood();
    exit(0);
}
