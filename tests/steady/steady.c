/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * send_alloc_free: in steady state an lcore allocates nothing, makes no system call and takes no
 * page fault, over a ring, a segment and a flow.
 *
 *      steady WAY                     the test
 *      steady place-b WAY FOLDER      place B, started by the test
 *
 * An actor at A sends, asks and sets timers, one at B answers, in real nodes; after a warm-up the
 * lcore of A counts, from one of its handlers to a later one. System calls of the idle policy are
 * excepted, by their numbers (memif's driver makes none); everything else fails the test. Page
 * faults must be none in one window of some: the kernel may take a page from anybody once in a
 * while.
 */
#include "support/cmocka.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <mycelium/messages.h>
#include <mycelium/monitor.h>
#include <mycelium/timer.h>

#include "conformance/node_places.h"
#include "conformance/place_b.h"
#include "conformance_messages.h"
#include "env/eal.h"
#include "steady/counts.h"

#define IN_FLIGHT      16U
#define WARM_UP        100000U /* messages that came back */
#define WINDOW         20000U
#define WINDOWS        4U
#define TIMER_NS       1000000U /* of one that is set anew with each ask */
#define TICK_NS        100000U  /* of one that goes on */
#define ANSWER_SIZE    64U
#define ASK_TIMEOUT_NS 60000000000U
#define SKIPPED        77

static const struct way *way;
static struct counts windows[WINDOWS];
static struct counts control; /* of what control_counts does */
static _Atomic unsigned windows_done;
static _Atomic unsigned replies_counted, timers_counted; /* that came while it was counted */
static _Atomic unsigned failures; /* sends and asks that were not accepted, and asks that failed */

/* --- actors ----------------------------------------------------------------------------------- */

static const struct myc_type *const accepted[] = { &conf_number_type, &conf_question_type };

static enum myc_status
echo_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct conf_question question;
    struct conf_number number;

    (void)state;
    if (message->kind == MYC_KIND_ASK && conf_question_decode(message, &question))
        return conf_answer_reply(self, myc_message_request(message),
                                 &(struct conf_answer){ question.value });
    return conf_number_decode(message, &number) ? conf_number_send(self, message->from, &number)
                                                : MYC_OK;
}

static const struct myc_class echo_class = {
    .size = sizeof(echo_class),
    .name = "echo",
    .accepts = accepted,
    .accepts_count = 2,
    .receive = echo_receive,
};

struct pinger {
    struct myc_ref echo;
    uint64_t returned;
    uint64_t timer;
    uint64_t tick; /* 0: not begun */
};

static void
note(enum myc_status status)
{
    if (status != MYC_OK && windows_done < WINDOWS)
        failures++;
}

static void
ping(struct myc_self *self, const struct pinger *pinger)
{
    note(conf_number_send(self, pinger->echo, &(struct conf_number){ .value = pinger->returned }));
}

/* An ask that is open, and a timer that is set anew, beside the messages. */
static void
ask_and_set(struct myc_self *self, struct pinger *pinger)
{
    const struct myc_ask_options options = {
        .size = sizeof(options),
        .reply_size_max = ANSWER_SIZE,
        .timeout_ns = ASK_TIMEOUT_NS,
    };
    uint64_t ask;

    note(conf_question_ask(self, pinger->echo, &(struct conf_question){ 1 }, &options, &ask));
    if (pinger->timer)
        (void)myc_timer_cancel(self, pinger->timer);
    note(myc_timer_start(self, TIMER_NS, TIMER_NS, 0, &pinger->timer));
}

/* Does what must be counted: a block taken and given back, three system calls, a page touched. */
static void
control_counts(void)
{
    volatile char *page;
    void *volatile block;

    counts_begin(&control);
    block = malloc(100);
    free(block);
    (void)syscall(SYS_getppid);
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page != MAP_FAILED)
        page[0] = 1;
    counts_end();
    (void)munmap((void *)page, 4096);
}

static void
count(const struct pinger *pinger)
{
    unsigned done = windows_done;

    if (pinger->returned == WARM_UP / 2)
        control_counts();
    if (pinger->returned < WARM_UP || pinger->returned % WINDOW != 0 || done == WINDOWS)
        return;
    if (pinger->returned > WARM_UP) {
        counts_end();
        windows_done = ++done;
    }
    if (done < WINDOWS)
        counts_begin(&windows[done]);
}

static void
begin(struct myc_self *self, struct pinger *pinger)
{
    for (unsigned i = 0; i < IN_FLIGHT; i++)
        ping(self, pinger);
    ask_and_set(self, pinger);
    if (pinger->tick == 0)
        note(myc_timer_start(self, TICK_NS, TICK_NS, 0, &pinger->tick));
}

static enum myc_status
pinger_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct pinger *pinger = state;

    if (args_size != sizeof(pinger->echo))
        return MYC_INVALID;
    memcpy(&pinger->echo, args, sizeof(pinger->echo));
    if (!way->is_one_node)
        return myc_watch_nodes(self);
    begin(self, pinger);
    return MYC_OK;
}

static enum myc_status
pinger_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct pinger *pinger = state;

    if (myc_message_is(message, &myc_node_up_type)) {
        begin(self, pinger);
        return MYC_OK;
    }
    if (message->kind == MYC_KIND_EVENT) {
        timers_counted += pinger->returned > WARM_UP;
        note(myc_message_is(message, &myc_timer_fired_type) ? MYC_OK : MYC_BAD_TYPE);
        return MYC_OK;
    }
    if (message->kind == MYC_KIND_REPLY) {
        replies_counted += pinger->returned > WARM_UP && windows_done < WINDOWS;
        ask_and_set(self, pinger);
        return MYC_OK;
    }
    pinger->returned++;
    count(pinger);
    if (windows_done < WINDOWS)
        ping(self, pinger);
    return MYC_OK;
}

static const struct myc_class pinger_class = {
    .size = sizeof(pinger_class),
    .name = "pinger",
    .state_size = sizeof(struct pinger),
    .accepts = accepted,
    .accepts_count = 2,
    .init = pinger_init,
    .receive = pinger_receive,
};

/* For place B. */
const struct myc_class *
conf_class_lookup(const char *name)
{
    return strcmp(name, echo_class.name) == 0 ? &echo_class : NULL;
}

/* --- the test --------------------------------------------------------------------------------- */

static const struct {
    unsigned number;
    const char *name;
    const char *whose;
} excepted[] = {
    { SYS_sched_yield, "sched_yield", "the idle policy" },
    { SYS_clock_nanosleep, "clock_nanosleep", "the idle policy" },
};

static bool
is_excepted(unsigned number)
{
    for (size_t i = 0; i < sizeof(excepted) / sizeof(excepted[0]); i++)
        if (excepted[i].number == number)
            return true;
    return false;
}

static uint64_t
syscalls_of(unsigned number)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < WINDOWS; i++)
        sum += windows[i].syscalls[number];
    return sum;
}

static void
test_an_lcore_asks_nothing_of_the_system_between_poll_and_flush(void **state)
{
    uint64_t faults_min = UINT64_MAX;

    (void)state;
    for (size_t i = 0; i < sizeof(excepted) / sizeof(excepted[0]); i++)
        printf("# %s: %llu, of %s\n", excepted[i].name,
               (unsigned long long)syscalls_of(excepted[i].number), excepted[i].whose);
    for (unsigned i = 0; i < WINDOWS; i++) {
        printf("# window %u: %llu page faults\n", i, (unsigned long long)windows[i].faults);
        assert_int_equal(windows[i].allocations, 0);
        assert_int_equal(windows[i].frees, 0);
        if (windows[i].faults < faults_min)
            faults_min = windows[i].faults;
    }
    for (unsigned number = 0; number < COUNTS_SYSCALLS_MAX; number++)
        if (!is_excepted(number) && syscalls_of(number) > 0)
            fail_msg("system call %u: %llu times", number, (unsigned long long)syscalls_of(number));
    assert_int_equal(faults_min, 0);
    assert_int_equal(failures, 0);
}

/* Nothing is counted where nothing can be: the counts themselves, and that there was work of each
 * kind. */
static void
test_what_is_asked_of_the_system_is_counted(void **state)
{
    (void)state;
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_int_equal(control.allocations, 1);
    assert_int_equal(control.frees, 1);
#endif
    assert_int_equal(control.syscalls[SYS_getppid], 1);
    assert_true(control.syscalls[SYS_mmap] >= 1); /* malloc may map, too */
    assert_true(control.faults >= 1);
    printf("# %u replies and %u timers while it was counted\n", replies_counted, timers_counted);
    assert_true(replies_counted >= WINDOWS && timers_counted >= 1);
}

/* --- the program ------------------------------------------------------------------------------ */

static struct myc_node *node;
static struct place_b b;
static char folder[64] = "/tmp/steady-XXXXXX";

static enum myc_status
spawn_echo(struct myc_ref *echo)
{
    char self[] = "/proc/self/exe", role[] = "place-b", name[32];
    char *const argv[] = { self, role, name, folder, NULL };
    const struct conf_plan none = { 0 };
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &none,
        .args_size = sizeof(none),
    };

    if (way->is_one_node)
        return myc_node_spawn(node, 1, &echo_class, NULL, echo);
    snprintf(name, sizeof(name), "%s", way->name);
    place_b_start(&b, argv, -1);
    return place_b_spawn(&b, echo_class.name, &options, echo);
}

static bool
run_all(void)
{
    static const struct timespec step = { .tv_nsec = 1000000 };
    struct myc_ref echo;
    const struct myc_spawn_options options = {
        .size = sizeof(options),
        .args = &echo,
        .args_size = sizeof(echo),
    };

    if (!mkdtemp(folder) || place_start(way, CONF_A, folder, true, &node) != MYC_OK ||
        spawn_echo(&echo) != MYC_OK || myc_node_spawn(node, 0, &pinger_class, &options, NULL))
        return false;
    while (windows_done < WINDOWS)
        nanosleep(&step, NULL);
    return true;
}

static bool
end_all(void)
{
    char command[128];

    if (!way->is_one_node)
        place_b_stop(&b);
    myc_node_stop(&node);
    fab_eal_stop();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command) == 0; /* of our own making only */
}

static int
be_place_b(const char *way_name, const char *path)
{
    int code;

    way = way_lookup(way_name);
    if (!way || place_start(way, CONF_B, path, true, &node) != MYC_OK)
        return 1;
    code = place_b_serve(&node, false);
    fab_eal_stop();
    return code;
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_asked_of_the_system_is_counted),
        cmocka_unit_test(test_an_lcore_asks_nothing_of_the_system_between_poll_and_flush),
    };
    const char *why;

    if (argc == 4 && strcmp(argv[1], "place-b") == 0)
        return be_place_b(argv[2], argv[3]);
    way = argc > 1 ? way_lookup(argv[1]) : NULL;
    if (!way) {
        fprintf(stderr, "usage: steady ring|segment|memif\n");
        return 2;
    }
    if (!counts_are_possible(&why)) {
        printf("skipped: %s\n", why);
        return SKIPPED;
    }
    /* Before cmocka takes SIGSYS for its own. */
    if (!run_all() || !end_all())
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
