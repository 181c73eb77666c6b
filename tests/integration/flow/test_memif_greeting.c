/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Nobody of ours leaves a memif server before he was greeted: it would not survive. The server is a
 * thread here that accepts late, and greets later, and counts who was gone by then.
 */
#include "support/cmocka.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "env/memif_probe.h"
#include "env/memif_socket.h"
#include "support/flow_driver.h"

#define LATE_MS     120 /* more than the client waits for its link */
#define GUESTS_MAX  64
#define GUESTS_WANT 6
#define VERSION     0x200

/* HELLO of the memif protocol. */
struct hello {
    uint16_t type;
    uint8_t name[32];
    uint16_t version_min, version_max, region_max, s2c_ring_max, c2s_ring_max;
    uint8_t log2_ring_size_max;
    uint8_t rest[83];
} __attribute__((packed));
_Static_assert(sizeof(struct hello) == 128, "a memif message");

struct server {
    struct sockaddr_un address;
    int fd;
    pthread_t thread;
    _Atomic bool is_ending;
    _Atomic unsigned greeted;
    unsigned left_early;
    int guests[GUESTS_MAX];
    unsigned guest_count;
};

static void
sleep_ms(long milliseconds)
{
    nanosleep(&(struct timespec){ .tv_nsec = milliseconds * 1000000L }, NULL);
}

static void
greet(struct server *server, int guest)
{
    struct hello hello = { .type = 2,
                           .version_min = VERSION,
                           .version_max = VERSION,
                           .region_max = 255,
                           .s2c_ring_max = 255,
                           .c2s_ring_max = 255,
                           .log2_ring_size_max = 14 };

    if (send(guest, &hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello))
        server->left_early++;
    atomic_fetch_add(&server->greeted, 1);
}

/* The guests of a server stay open, so that a leave after the greeting is not taken for one
 * before. */
static void *
serve(void *argument)
{
    struct server *server = argument;

    while (!atomic_load(&server->is_ending)) {
        int guest;

        sleep_ms(LATE_MS);
        while (server->guest_count < GUESTS_MAX && (guest = accept(server->fd, NULL, NULL)) >= 0) {
            sleep_ms(LATE_MS / 4);
            greet(server, guest);
            server->guests[server->guest_count++] = guest;
        }
    }
    return NULL;
}

static void
listen_at(struct server *server)
{
    *server = (struct server){ .address.sun_family = AF_UNIX };
    snprintf(server->address.sun_path, sizeof(server->address.sun_path), "/tmp/greeting-%d.sock",
             (int)getpid());
    unlink(server->address.sun_path);
    server->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(server->fd, (struct sockaddr *)&server->address, sizeof(server->address)),
                     0);
    assert_int_equal(listen(server->fd, 1), 0);
}

static void
begin(struct server *server)
{
    listen_at(server);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void
end(struct server *server)
{
    atomic_store(&server->is_ending, true);
    pthread_join(server->thread, NULL);
    for (unsigned i = 0; i < server->guest_count; i++)
        close(server->guests[i]);
    close(server->fd);
    unlink(server->address.sun_path);
    assert_int_equal(server->left_early, 0);
}

static const char *
devargs_of(const struct server *server, const char *role)
{
    static char devargs[160];

    snprintf(devargs, sizeof(devargs), "net_memif5,role=%s,socket=%s,socket-abstract=no", role,
             server->address.sun_path);
    return devargs;
}

static struct fab_port *
open_client(const struct server *server)
{
    char error[256] = "";
    struct fab_port_options options = {
        .size = sizeof(options),
        .device = devargs_of(server, "client"),
        .mbuf_count = 1024,
        .error = error,
        .error_size = sizeof(error),
    };
    struct fab_port *port = NULL;

    if (fab_port_open(&options, &port) != MYC_OK)
        fail_msg("%s", error);
    return port;
}

static void
test_a_client_that_waits_stays_until_it_is_greeted(void **state)
{
    struct server server;
    struct fab_port *port;
    struct rte_mbuf *mbufs[8];

    (void)state;
    begin(&server);
    port = open_client(&server);
    while (atomic_load(&server.greeted) < GUESTS_WANT) {
        assert_int_equal(fab_port_receive(port, 0, mbufs, 8, driver_now_ns()), 0);
        sleep_ms(1);
    }
    fab_port_close(&port);
    end(&server);
}

static void
test_a_client_that_is_closed_stays_until_it_is_greeted(void **state)
{
    struct server server;
    struct rte_mbuf *mbufs[8];

    (void)state;
    begin(&server);
    for (unsigned i = 0; i < 3; i++) {
        struct fab_port *port = open_client(&server);
        unsigned greeted = atomic_load(&server.greeted);

        /* The first probe or, every other time, until the device itself has connected. */
        while (i % 2 && atomic_load(&server.greeted) == greeted) {
            fab_port_receive(port, 0, mbufs, 8, driver_now_ns());
            sleep_ms(1);
        }
        sleep_ms(5);
        fab_port_close(&port);
    }
    end(&server);
}

static void
test_a_socket_is_kept_when_its_server_is_slow(void **state)
{
    struct server server;

    (void)state;
    begin(&server);
    fab_memif_socket_clean(devargs_of(&server, "server"));
    assert_int_equal(access(server.address.sun_path, F_OK), 0);
    assert_int_equal(atomic_load(&server.greeted), 1);
    end(&server);
}

static void
test_a_socket_is_removed_when_nobody_listens(void **state)
{
    struct server server;

    (void)state;
    listen_at(&server);
    close(server.fd);
    fab_memif_socket_clean(devargs_of(&server, "client"));
    assert_int_equal(access(server.address.sun_path, F_OK), 0);
    fab_memif_socket_clean(devargs_of(&server, "server"));
    assert_int_not_equal(access(server.address.sun_path, F_OK), 0);
}

static void
test_what_is_no_socket_is_kept(void **state)
{
    struct server server;
    FILE *file;

    (void)state;
    listen_at(&server);
    close(server.fd);
    unlink(server.address.sun_path);
    file = fopen(server.address.sun_path, "w");
    assert_non_null(file);
    fclose(file);
    fab_memif_socket_clean(devargs_of(&server, "server"));
    assert_int_equal(unlink(server.address.sun_path), 0);
}

static void
test_a_full_backlog_is_waited_for(void **state)
{
    struct server server;
    struct fab_memif_probe probes[4];

    (void)state;
    listen_at(&server);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(fab_memif_probe_init(&probes[i], devargs_of(&server, "client")));
        assert_int_equal(fab_memif_probe_poll(&probes[i]), FAB_MEMIF_PENDING);
    }
    assert_int_equal(probes[3].fd, -1);
    assert_int_equal(fab_memif_probe_poll(&probes[3]), FAB_MEMIF_PENDING);
    close(server.fd);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(fab_memif_probe_poll(&probes[i]), FAB_MEMIF_ABSENT);
    unlink(server.address.sun_path);
}

static void
test_devargs_are_read_as_the_driver_reads_them(void **state)
{
    struct fab_memif_probe probe;
    char long_path[256] = "role=client,socket=/";

    (void)state;
    assert_true(fab_memif_probe_init(&probe, NULL));
    assert_memory_equal(probe.address.sun_path, "\0/run/memif.sock", 17);
    assert_int_equal(probe.address_size, sizeof(sa_family_t) + 16);
    assert_true(fab_memif_probe_init(&probe, "socket-abstract=no,socket=/x,role=server"));
    assert_string_equal(probe.address.sun_path, "/x");
    memset(long_path + strlen(long_path), 'x', 120);
    assert_false(fab_memif_probe_init(&probe, long_path));
    assert_true(fab_memif_is_server("id=0,role=master"));
    assert_false(fab_memif_is_server("id=0,secret=server"));
    assert_false(fab_memif_is_server(NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_devargs_are_read_as_the_driver_reads_them),
        cmocka_unit_test(test_a_full_backlog_is_waited_for),
        cmocka_unit_test(test_what_is_no_socket_is_kept),
        cmocka_unit_test(test_a_socket_is_removed_when_nobody_listens),
        cmocka_unit_test(test_a_socket_is_kept_when_its_server_is_slow),
        cmocka_unit_test(test_a_client_that_waits_stays_until_it_is_greeted),
        cmocka_unit_test(test_a_client_that_is_closed_stays_until_it_is_greeted),
    };

    driver_start_eal("memif-greeting", 64);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
