/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread with peers that misbehave, strangers, and tools. */
#include "support/control_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/log.h"
#include "node/control/query.h"
#include "node/control/socket.h"

#define NOBODY     65534U
#define SEALS_GOOD (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE)

/* ---- peers that misbehave -------------------------------------------------------------------- */

static int
raw_connect(void)
{
    int fd;

    assert_int_equal(fab_control_connect(path_a, &fd), MYC_OK);
    return fd;
}

static enum myc_status
raw_receive(int fd, union fab_control_packet *packet, int *passed)
{
    struct pollfd socket = { .fd = fd, .events = POLLIN };

    assert_int_equal(poll(&socket, 1, (int)CONTROL_NODE_WAIT_MS), 1);
    return fab_control_receive(fd, packet, passed);
}

/* The other side says END with that status, and closes. */
static void
assert_ended(int fd, enum myc_status status)
{
    union fab_control_packet packet;
    int passed;

    assert_int_equal(raw_receive(fd, &packet, &passed), MYC_OK);
    assert_int_equal(packet.head.type, FAB_CONTROL_END);
    assert_int_equal(packet.text.status, status);
    assert_int_equal(passed, -1);
    assert_int_equal(raw_receive(fd, &packet, &passed), MYC_GONE);
    close(fd);
}

static union fab_control_packet
hello(void)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, FAB_CONTROL_HELLO);
    packet.offer.home = HOME_B;
    packet.offer.slots = 64;
    packet.offer.slot_size = FAB_RING_SLOT_SIZE;
    packet.offer.lcore_count = 1;
    return packet;
}

/* Goes through HELLO and WELCOME; the fd of a's memory is closed. */
static int
raw_welcomed(uint64_t *size)
{
    union fab_control_packet packet = hello();
    int fd = raw_connect();
    int passed;

    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_int_equal(raw_receive(fd, &packet, &passed), MYC_OK);
    assert_int_equal(packet.head.type, FAB_CONTROL_WELCOME);
    assert_true(passed >= 0);
    assert_ptr_equal(
        mmap(NULL, packet.offer.memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, passed, 0),
        MAP_FAILED);
    *size = packet.offer.memory_size;
    close(passed);
    return fd;
}

static int
memory_with(uint64_t size, int seals)
{
    int fd = memfd_create("raw", MFD_ALLOW_SEALING | MFD_CLOEXEC);

    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void
send_ready(int fd, int memory, uint64_t size)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, FAB_CONTROL_READY);
    packet.memory.size = size;
    assert_int_equal(fab_control_send(fd, &packet, memory), MYC_OK);
    if (memory >= 0)
        close(memory);
}

static void
test_memory_that_is_not_as_it_must_be_is_refused(void **state)
{
    uint64_t size;
    int fd;

    (void)state;
    start_a();
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(size, 0), size);
    assert_ended(fd, MYC_REFUSED);
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(size, SEALS_GOOD & ~F_SEAL_SHRINK), size);
    assert_ended(fd, MYC_REFUSED);
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(4096, SEALS_GOOD), size);
    assert_ended(fd, MYC_INVALID);
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(4096, SEALS_GOOD), 4096);
    assert_ended(fd, MYC_INVALID);
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(size, SEALS_GOOD), UINT64_MAX);
    assert_ended(fd, MYC_TOO_BIG);
    fd = raw_welcomed(&size);
    send_ready(fd, -1, size);
    assert_ended(fd, MYC_INVALID);
    fd = raw_welcomed(&size);
    send_ready(fd, open("/dev/null", O_RDWR | O_CLOEXEC), size);
    assert_ended(fd, MYC_REFUSED);
    assert_int_equal(a.attached_count, 0);
}

static void
test_a_raw_peer_that_does_all_right_is_attached(void **state)
{
    union fab_control_packet packet;
    uint64_t size;
    int passed;
    int fd;

    (void)state;
    start_a();
    fd = raw_welcomed(&size);
    send_ready(fd, memory_with(size, SEALS_GOOD), size);
    assert_int_equal(raw_receive(fd, &packet, &passed), MYC_OK);
    assert_int_equal(packet.head.type, FAB_CONTROL_UP);
    assert_true(CONTROL_WAIT(a.up_count == 1, &a, NULL));
    close(fd);
    assert_true(CONTROL_WAIT(a.down_count == 1, &a, NULL));
    assert_int_equal(a.down_reason, MYC_NO_CONNECTION);
}

static void
test_packets_that_are_wrong_end_the_connection(void **state)
{
    union fab_control_packet packet = hello();
    uint64_t size;
    int fd;

    (void)state;
    start_a();
    fd = raw_connect();
    assert_int_equal(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    assert_ended(fd, MYC_INVALID);
    fd = raw_connect();
    packet.head.version = 999;
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_VERSION);
    fd = raw_connect();
    packet = hello();
    packet.offer.slot_size *= 2;
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_VERSION);
    fd = raw_connect();
    packet = hello();
    packet.offer.home = HOME_A + 1; /* our own node id */
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_EXISTS);
    fd = raw_connect();
    packet.offer.home = 0xf123000000000001ULL; /* an id of clients */
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_INVALID);
    fd = raw_connect();
    fab_control_packet_init(&packet, FAB_CONTROL_UP);
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_INVALID);
    fd = raw_welcomed(&size);
    packet = hello();
    assert_int_equal(fab_control_send(fd, &packet, -1), MYC_OK);
    assert_ended(fd, MYC_INVALID);
    assert_int_equal(a.attached_count, 0);
}

/* Open descriptors of this process. */
static unsigned
count_files(void)
{
    unsigned count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void
test_a_descriptor_beside_an_empty_packet_is_closed(void **state)
{
    union fab_control_packet packet;
    int memory = memory_with(4096, 0);
    int ends[2];
    int passed;
    unsigned before;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    memset(&packet, 0, sizeof(packet)); /* its size is 0 */
    assert_int_equal(fab_control_send(ends[0], &packet, memory), MYC_OK);
    before = count_files();
    assert_int_equal(fab_control_receive(ends[1], &packet, &passed), MYC_GONE);
    assert_int_equal(passed, -1);
    assert_int_equal(count_files(), before);
    close(memory);
    close(ends[0]);
    close(ends[1]);
}

static void
test_a_peer_that_says_nothing_is_let_go(void **state)
{
    (void)state;
    start_a();
    assert_ended(raw_connect(), MYC_TIMEOUT);
}

static void
test_more_connections_than_places_are_refused_and_harm_nobody(void **state)
{
    int fds[FAB_CONTROL_PLACES + 4];

    (void)state;
    start_a();
    for (size_t i = 0; i < FAB_COUNT_OF(fds); i++) {
        enum myc_status status;

        /* The queue of the listening socket is short: it is served in between. */
        while ((status = fab_control_connect(path_a, &fds[i])) == MYC_FULL)
            usleep(100);
        assert_int_equal(status, MYC_OK);
    }
    assert_ended(fds[FAB_COUNT_OF(fds) - 1], MYC_FULL);
    for (size_t i = 0; i + 1 < FAB_COUNT_OF(fds); i++)
        close(fds[i]);
    start_b_attaching(HOME_B);
    await_both_up();
}

/* ---- permissions ------------------------------------------------------------------------------
 */

/* Connects as another user; the exit code says how it went. */
static int
connect_as_nobody(void)
{
    pid_t child = fork();
    int status = 0;
    int fd;

    if (child == 0) {
        union fab_control_packet packet;
        struct pollfd socket = { .events = POLLIN };
        int passed;

        if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
            _exit(MYC_STATUS_COUNT);
        if (fab_control_connect(path_a, &fd) != MYC_OK)
            _exit(access(path_a, F_OK) == 0 ? MYC_REFUSED : MYC_NOT_FOUND);
        socket.fd = fd;
        if (poll(&socket, 1, 5000) != 1 || fab_control_receive(fd, &packet, &passed) != MYC_OK)
            _exit(MYC_IO_ERROR);
        _exit(packet.head.type == FAB_CONTROL_END ? (int)packet.text.status : 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_the_file_mode_and_the_credentials_keep_strangers_out(void **state)
{
    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(chmod(folder, 0755), 0);
    start_a();
    assert_int_equal(connect_as_nobody(), MYC_REFUSED);
    /* Also where somebody has opened the file later: the credentials count. */
    assert_int_equal(chmod(path_a, 0666), 0);
    assert_int_equal(connect_as_nobody(), MYC_REFUSED);
}

static void
test_credentials_are_weighed_by_the_mode(void **state)
{
    const struct fab_control_credentials root = { 1, 0, 0 };
    const struct fab_control_credentials own = { 1, geteuid(), 4711 };
    const struct fab_control_credentials mate = { 1, 4711, getegid() };
    const struct fab_control_credentials stranger = { 1, 4711, 4711 };

    (void)state;
    assert_true(fab_control_is_allowed(&root, 0));
    assert_true(fab_control_is_allowed(&own, 0600));
    assert_false(fab_control_is_allowed(&mate, 0600));
    assert_true(fab_control_is_allowed(&mate, 0660));
    assert_false(fab_control_is_allowed(&stranger, 0660));
    assert_true(fab_control_is_allowed(&stranger, 0666));
}

/* ---- tools ------------------------------------------------------------------------------------
 */

static void
test_a_tool_is_answered(void **state)
{
    char *text = NULL;

    (void)state;
    start_a();
    assert_int_equal(fab_control_query(path_a, "hello", 5000, &text, error, sizeof(error)), MYC_OK);
    assert_string_equal(text, "{\"hello\": \"world\"}");
    free(text);
    assert_int_equal(fab_control_query(path_a, "what", 5000, &text, error, sizeof(error)),
                     MYC_UNSUPPORTED);
    assert_int_equal(fab_control_query(path_b, "hello", 5000, &text, error, sizeof(error)),
                     MYC_NOT_FOUND);
    assert_non_null(strstr(error, "no node listens"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(test_memory_that_is_not_as_it_must_be_is_refused),
        CONTROL_TEST(test_a_raw_peer_that_does_all_right_is_attached),
        CONTROL_TEST(test_packets_that_are_wrong_end_the_connection),
        CONTROL_TEST(test_a_descriptor_beside_an_empty_packet_is_closed),
        CONTROL_TEST(test_a_peer_that_says_nothing_is_let_go),
        CONTROL_TEST(test_more_connections_than_places_are_refused_and_harm_nobody),
        CONTROL_TEST(test_the_file_mode_and_the_credentials_keep_strangers_out),
        CONTROL_TEST(test_credentials_are_weighed_by_the_mode),
        CONTROL_TEST(test_a_tool_is_answered),
    };

    fab_log_set_level(FAB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
