/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a benchmark waits for an end: as long as its node gets on, and its partner lives. */
#include "support/cmocka.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "node/node.h"
#include "wait.h"

#define LINE_SIZE 1024U

/* A node of which nothing is there but its counters; they are read once for each look at each. */
struct fake {
    struct myc_node head;
    sem_t *done;
    unsigned steps; /* that it still gets on, at most one a look */
    uint64_t delivered;
};

static void
fake_counter_each(const struct myc_node *node,
                  void (*each)(void *context, const char *name, const char *text, uint64_t value),
                  void *context)
{
    struct fake *fake = (struct fake *)(uintptr_t)node;

    each(context, "delivered", "", fake->delivered);
    each(context, "epochs_ended", "", 7);
}

static const struct fab_node_ops fake_ops = { .counter_each = fake_counter_each };

/* Runs in each look: the node has got on, and after the last step it is done. */
static void
counting_each(const struct myc_node *node,
              void (*each)(void *context, const char *name, const char *text, uint64_t value),
              void *context)
{
    struct fake *fake = (struct fake *)(uintptr_t)node;

    if (fake->steps > 0 && --fake->steps == 0)
        sem_post(fake->done);
    fake->delivered += fake->steps > 0;
    fake_counter_each(node, each, context);
}

static const struct fab_node_ops counting_ops = { .counter_each = counting_each };

static void
tell(const void *context, char *text)
{
    snprintf(text, BENCH_WAIT_STATE_SIZE, "%s", (const char *)context);
}

/* Waits with stderr going to `line`. */
static enum myc_status
wait_and_read(const struct bench_wait *wait, sem_t *done, char line[LINE_SIZE])
{
    int kept = dup(STDERR_FILENO), ends[2];
    enum myc_status status;
    ssize_t size;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    status = bench_wait(wait, done);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    size = read(ends[0], line, LINE_SIZE - 1);
    line[size > 0 ? size : 0] = '\0';
    close(ends[0]);
    return status;
}

static void
test_wait_goes_on_while_the_node_does(void **state)
{
    struct fake fake = { .head = { .ops = &counting_ops }, .steps = 16 };
    const struct bench_wait wait = { .what = "it", .node = &fake.head, .still_s = 1 };
    char line[LINE_SIZE];
    sem_t done;

    (void)state;
    sem_init(&done, 0, 0);
    fake.done = &done;
    assert_int_equal(wait_and_read(&wait, &done, line), MYC_OK);
    assert_int_equal(fake.steps, 0);
    assert_string_equal(line, "");
}

static void
test_wait_says_what_it_waited_for_and_the_state(void **state)
{
    struct fake fake = { .head = { .ops = &fake_ops }, .delivered = 41 };
    const struct bench_wait wait = {
        .what = "the end",
        .node = &fake.head,
        .tell = tell,
        .context = "step 3 of 5",
        .still_s = 1,
    };
    char line[LINE_SIZE];
    sem_t done;

    (void)state;
    sem_init(&done, 0, 0);
    assert_int_equal(wait_and_read(&wait, &done, line), MYC_TIMEOUT);
    assert_non_null(strstr(line, "waited 1 s for the end"));
    assert_non_null(strstr(line, "step 3 of 5"));
    assert_non_null(strstr(line, "delivered 41"));
    assert_non_null(strstr(line, "epochs_ended 7"));
}

static void
test_wait_sees_that_the_partner_has_ended(void **state)
{
    struct fake fake = { .head = { .ops = &fake_ops } };
    struct bench_wait wait = { .what = "the end", .node = &fake.head };
    char line[LINE_SIZE];
    sem_t done;

    (void)state;
    sem_init(&done, 0, 0);
    wait.partner = fork();
    assert_true(wait.partner >= 0);
    if (wait.partner == 0)
        _exit(3);
    assert_int_equal(wait_and_read(&wait, &done, line), MYC_GONE);
    assert_non_null(strstr(line, "exit code 3"));
    assert_int_equal(waitpid(wait.partner, NULL, 0), wait.partner);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wait_goes_on_while_the_node_does),
        cmocka_unit_test(test_wait_says_what_it_waited_for_and_the_state),
        cmocka_unit_test(test_wait_sees_that_the_partner_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
