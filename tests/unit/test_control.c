/* SPDX-License-Identifier: BSD-3-Clause */
/* The control thread with good peers, in the same process; tests/integration/segment has peers in
 * other processes. */
#include "support/control_fixture.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

static void
test_two_nodes_attach_and_talk(void **state)
{
    (void)state;
    start_a();
    start_b_attaching(HOME_B);
    await_both_up();
    assert_true(a.peer_home == HOME_B && b.peer_home == HOME_A);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(control_node_send(&a, i, i), MYC_OK);
        control_node_turn(&a);
        control_node_turn(&b);
    }
    assert_true(CONTROL_WAIT(b.message_count == 1000, &a, &b));
    assert_int_equal(b.wrong_count, 0);
}

static void
test_every_pair_of_lcores_gets_a_link(void **state)
{
    struct fab_control_options options = control_node_options(HOME_A, path_a);
    const char *attach[] = { path_a };

    (void)state;
    options.lcore_count = 3;
    assert_int_equal(control_node_start(&a, options, error, sizeof(error)), MYC_OK);
    options = control_node_options(HOME_B, NULL);
    options.lcore_count = 2;
    options.attach = attach;
    options.attach_count = 1;
    assert_int_equal(control_node_start(&b, options, error, sizeof(error)), MYC_OK);
    assert_true(CONTROL_WAIT(a.up_count == 6 && b.up_count == 6, &a, &b));
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(a.links[i]->link.peer_lcore_count, 2);
        assert_int_equal(b.links[i]->link.peer_lcore_count, 3);
    }
}

static void
test_attaching_waits_until_the_other_is_there(void **state)
{
    (void)state;
    start_b_attaching(HOME_B);
    assert_true(CONTROL_WAIT(b.failed_count > 2, &b, NULL));
    assert_int_equal(b.failed_status, MYC_NOT_FOUND);
    start_a();
    await_both_up();
}

static void
test_a_node_that_leaves_is_down_with_shutdown_and_taken_back(void **state)
{
    (void)state;
    start_a();
    start_b_attaching(HOME_B);
    await_both_up();
    control_node_stop(&a);
    assert_true(CONTROL_WAIT(b.down_count == 1, &b, NULL));
    assert_int_equal(b.down_reason, MYC_SHUTDOWN);
    assert_int_equal(access(path_a, F_OK), -1);
    start_a();
    assert_true(CONTROL_WAIT(b.up_count == 2 && a.up_count == 1, &a, &b));
}

static void
test_two_that_attach_to_each_other_are_linked_once(void **state)
{
    struct fab_control_options options_a = control_node_options(HOME_A, path_a);
    struct fab_control_options options_b = control_node_options(HOME_B, path_b);
    const char *to_a[] = { path_a };
    const char *to_b[] = { path_b };

    (void)state;
    options_a.attach = to_b;
    options_b.attach = to_a;
    options_a.attach_count = options_b.attach_count = 1;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(control_node_start(&a, options_a, error, sizeof(error)), MYC_OK);
        assert_int_equal(control_node_start(&b, options_b, error, sizeof(error)), MYC_OK);
        await_both_up();
        assert_true(CONTROL_WAIT(a.failed_count + b.failed_count > 0, &a, &b));
        assert_int_equal(a.link_count, 1);
        assert_int_equal(b.link_count, 1);
        assert_int_equal(control_node_send(&a, 0, 8), MYC_OK);
        assert_true(CONTROL_WAIT(b.message_count == 1, &a, &b));
        control_node_stop(&a);
        control_node_stop(&b);
    }
}

static void
test_a_client_is_given_an_id_and_keeps_it(void **state)
{
    uint64_t home;

    (void)state;
    start_a();
    start_b_attaching(0x0000123456789abcULL);
    await_both_up();
    home = a.peer_home;
    assert_true(home >> 48 >= FAB_CLIENT_ID_MIN && home >> 48 <= FAB_CLIENT_ID_MAX);
    assert_true((home & 0xffffffffffffULL) == 0x123456789abcULL);
    control_node_stop(&a);
    assert_true(CONTROL_WAIT(b.down_count == 1, &b, NULL));
    start_a();
    assert_true(CONTROL_WAIT(b.up_count == 2 && a.up_count == 1, &a, &b));
    assert_true(a.peer_home == home);
}

static void
test_a_node_id_in_use_is_refused(void **state)
{
    struct fab_control_options options = control_node_options(HOME_B + 1, NULL);
    const char *attach[] = { path_a };
    struct control_node other;

    (void)state;
    start_a();
    start_b_attaching(HOME_B);
    await_both_up();
    options.attach = attach;
    options.attach_count = 1;
    assert_int_equal(control_node_start(&other, options, error, sizeof(error)), MYC_OK);
    assert_true(CONTROL_WAIT(other.failed_count > 0, &a, &other));
    assert_int_equal(other.failed_status, MYC_EXISTS);
    control_node_stop(&other);
    assert_int_equal(a.attached_count, 1);
    assert_int_equal(a.detached_count, 0);
}

static void
test_a_live_socket_is_not_taken_over(void **state)
{
    (void)state;
    start_a();
    assert_int_equal(
        control_node_start(&b, control_node_options(HOME_B, path_a), error, sizeof(error)),
        MYC_EXISTS);
    assert_non_null(strstr(error, path_a));
    assert_non_null(strstr(error, "in use"));
    b.control = NULL;
}

static void
test_a_stale_socket_file_is_replaced(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct stat file;

    (void)state;
    memcpy(address.sun_path, path_a, strlen(path_a));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    start_a();
    assert_int_equal(stat(path_a, &file), 0);
    assert_int_equal(file.st_mode & 0777, 0600);
    start_b_attaching(HOME_B);
    await_both_up();
}

static void
test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    int fd = open(path_a, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(
        control_node_start(&a, control_node_options(HOME_A, path_a), error, sizeof(error)),
        MYC_EXISTS);
    a.control = NULL;
    assert_int_equal(unlink(path_a), 0);
}

static void
test_bad_paths_are_refused_with_a_sentence(void **state)
{
    char longest[200];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(
        control_node_start(&a, control_node_options(HOME_A, longest), error, sizeof(error)),
        MYC_INVALID);
    assert_non_null(strstr(error, "107"));
    assert_int_equal(control_node_start(&a, control_node_options(HOME_A, "/nonexistent/x"), error,
                                        sizeof(error)),
                     MYC_IO_ERROR);
    assert_non_null(strstr(error, "/nonexistent"));
    a.control = NULL;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST(test_two_nodes_attach_and_talk),
        CONTROL_TEST(test_every_pair_of_lcores_gets_a_link),
        CONTROL_TEST(test_attaching_waits_until_the_other_is_there),
        CONTROL_TEST(test_a_node_that_leaves_is_down_with_shutdown_and_taken_back),
        CONTROL_TEST(test_two_that_attach_to_each_other_are_linked_once),
        CONTROL_TEST(test_a_client_is_given_an_id_and_keeps_it),
        CONTROL_TEST(test_a_node_id_in_use_is_refused),
        CONTROL_TEST(test_a_live_socket_is_not_taken_over),
        CONTROL_TEST(test_a_stale_socket_file_is_replaced),
        CONTROL_TEST(test_a_file_that_is_no_socket_is_left_alone),
        CONTROL_TEST(test_bad_paths_are_refused_with_a_sentence),
    };

    fab_log_set_level(FAB_LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
