/* SPDX-License-Identifier: BSD-3-Clause */
/* The TCP session of actors/examples against a real kernel TCP peer, the test itself. Everything
 * runs in this one thread: were any call of the actor to wait for the peer, nothing would go on. */
#include "semantics.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mycelium/name.h>
#include <mycelium/supervisor.h>

#include "examples.h"
#include "examples_messages.h"

#define PATIENCE_MS 20000
#define RECORDS     200U

static struct myc_test *bench;
static struct myc_test_probe *owner;
static struct myc_ref session;
static int listener, peer;

/* Lets the actors run for a little virtual time, and the kernel for a little of its own. */
static void
turn(int fd, short events, int wait_ms)
{
    struct pollfd poller = { .fd = fd, .events = events };

    myc_test_advance(bench, MS / 10);
    (void)poll(&poller, 1, wait_ms);
}

static void
listen_anywhere(struct example_tcp_args *args)
{
    struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof(name);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&name, &size), 0);
    args->address = INADDR_LOOPBACK;
    args->port = ntohs(name.sin_port);
}

static void
accept_one(void)
{
    peer = -1;
    for (unsigned i = 0; peer < 0 && i < PATIENCE_MS; i++) {
        turn(listener, POLLIN, 1);
        peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    }
    assert_true(peer >= 0);
}

static void
find(struct myc_self *self, void *context)
{
    (void)context;
    assert_int_equal(myc_lookup(self, "session", &session), MYC_OK);
}

/* A session under a supervisor, connected to us. */
static int
begin(void **state)
{
    static struct example_tcp_args args;
    static struct myc_spawn_options child_options;
    static struct myc_child_spec child;
    const struct myc_supervisor_spec spec = {
        .size = sizeof(spec),
        .intensity = 100,
        .children = &child,
        .child_count = 1,
    };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &spec,
        .args_size = sizeof(spec),
    };

    (void)state;
    bench = semantics_bench((struct myc_test_options){ 0 });
    owner = myc_test_add_probe(bench, 0, 0);
    listen_anywhere(&args);
    args.owner = myc_test_probe_ref(owner);
    child_options = (struct myc_spawn_options){
        .size = sizeof(child_options),
        .args = &args,
        .args_size = sizeof(args),
        .name = "session",
    };
    child = (struct myc_child_spec){
        .size = sizeof(child),
        .id = "session",
        .class_of = &example_tcp_class,
        .options = &child_options,
    };
    assert_int_equal(myc_test_spawn(bench, 0, 0, &myc_supervisor_class, &options, NULL), MYC_OK);
    myc_test_act(owner, find, NULL);
    accept_one();
    return 0;
}

static int
end(void **state)
{
    (void)state;
    myc_test_destroy(&bench);
    close(peer);
    close(listener);
    return 0;
}

static enum myc_status
send_job(uint64_t number)
{
    uint8_t body[EXAMPLE_JOB_SIZE];

    example_job_encode(&(struct example_job){ number, 1 }, body);
    return myc_test_send(owner, session, &example_job_type, body, sizeof(body));
}

/* What came over the socket next. */
static void
read_record(uint64_t number)
{
    uint8_t expected[EXAMPLE_JOB_SIZE], bytes[EXAMPLE_JOB_SIZE];
    size_t size = 0;

    example_job_encode(&(struct example_job){ number, 1 }, expected);
    for (unsigned i = 0; size < sizeof(bytes) && i < PATIENCE_MS; i++) {
        ssize_t got = recv(peer, bytes + size, sizeof(bytes) - size, 0);

        if (got > 0)
            size += (size_t)got;
        else
            turn(peer, POLLIN, 1);
    }
    assert_int_equal(size, sizeof(bytes));
    assert_memory_equal(bytes, expected, sizeof(bytes));
}

static void
test_jobs_go_out_and_records_come_in_in_order(void **state)
{
    struct example_job job;

    (void)state;
    for (uint64_t i = 0; i < RECORDS; i++)
        assert_int_equal(send_job(i), MYC_OK);
    for (uint64_t i = 0; i < RECORDS; i++) {
        uint8_t body[EXAMPLE_JOB_SIZE];

        read_record(i);
        example_job_encode(&(struct example_job){ i, -1 }, body);
        /* In two pieces: a record need not come in one. */
        assert_int_equal(send(peer, body, 5, 0), 5);
        turn(peer, POLLOUT, 0);
        assert_int_equal(send(peer, body + 5, sizeof(body) - 5, 0), sizeof(body) - 5);
        assert_true(example_job_decode(myc_test_expect(owner, &example_job_type), &job));
        assert_int_equal(job.number, i);
    }
}

/* The kernel's buffers fill first, then the session's. */
static void
test_a_peer_that_does_not_read_is_a_failure_and_holds_up_nobody(void **state)
{
    int deaf = peer;

    (void)state;
    for (uint64_t i = 0; myc_test_counter(bench, 0, 0, "restarted") == 0; i++) {
        (void)send_job(i);
        myc_test_advance(bench, MS / 1000);
    }
    accept_one();
    close(deaf);
}

static void
test_a_peer_that_goes_is_a_failure_and_the_session_connects_again(void **state)
{
    (void)state;
    assert_int_equal(send_job(1), MYC_OK);
    read_record(1);
    close(peer);
    accept_one();
    assert_int_equal(send_job(2), MYC_OK); /* under the same ref */
    read_record(2);
    assert_true(myc_test_counter(bench, 0, 0, "restarted") >= 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_jobs_go_out_and_records_come_in_in_order, begin, end),
        cmocka_unit_test_setup_teardown(
            test_a_peer_that_does_not_read_is_a_failure_and_holds_up_nobody, begin, end),
        cmocka_unit_test_setup_teardown(
            test_a_peer_that_goes_is_a_failure_and_the_session_connects_again, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
