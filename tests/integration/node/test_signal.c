/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A word from a signal handler to an actor: SPDK's critical msg. Nothing of the API may be called
 * in a signal handler; a lock-free atomic may be written there, and a poller of the actor's, which
 * runs each turn on the actor's own lcore, takes what is in it by an exchange. Here signals
 * interrupt the actor's lcore wherever it is, in handlers and in the fabric, and another thread.
 */
#include "support/any_bytes.h"
#include "support/cmocka.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "small_node.h"
#include "support/clock.h"

#define SIGNALS 300U
#define WAIT_NS 20000000000ULL
#define TARGET  1U /* lcore of the actor */

static const struct myc_type word_type = {
    .name = "Word", .schema_id = 903, .template_id = 1, .block_length = 8, .verify = any_bytes
};
static const struct myc_type again_type = {
    .name = "Again", .schema_id = 903, .template_id = 2, .block_length = 0, .verify = any_bytes
};
static const struct myc_type *const types[] = { &word_type, &again_type };

static _Atomic uint64_t slot; /* the next word; 0: empty */

/* Of the signal handler, which runs on one thread at a time. */
static _Atomic uint64_t put;     /* words that found the slot empty; they are numbers from 1 up */
static _Atomic uint64_t refused; /* those that found one in it, which nobody had taken yet */

/* Of the actors. */
static _Atomic uint64_t taken, witnessed, wrong;
static pthread_t target_thread;
static _Atomic bool is_target_there;
static struct myc_ref witness;

static void
on_signal(int number)
{
    uint64_t empty = 0;

    (void)number;
    if (atomic_compare_exchange_strong(&slot, &empty, atomic_load(&put) + 1))
        atomic_fetch_add(&put, 1);
    else
        atomic_fetch_add(&refused, 1);
}

/* --- actors ----------------------------------------------------------------------------------- */

static unsigned
take_word(struct myc_self *self, void *state)
{
    uint64_t word = atomic_exchange(&slot, 0);

    (void)state;
    if (word == 0)
        return 0;
    atomic_fetch_add(&wrong, word != atomic_load(&taken) + 1 || myc_self_lcore(self) != TARGET ||
                                 !pthread_equal(pthread_self(), target_thread));
    atomic_fetch_add(&taken, 1);
    /* It is as good a place to send from as a handler. */
    atomic_fetch_add(&wrong, myc_send(self, witness, &word_type, &word, sizeof(word)) != MYC_OK);
    return 1;
}

/* Always has one more thing to do, so that signals come while something is done. */
static enum myc_status
target_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    (void)state, (void)message;
    return myc_send(self, myc_self_ref(self), &again_type, "", 0);
}

static enum myc_status
target_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)args, (void)args_size;
    target_thread = pthread_self();
    atomic_store(&is_target_there, true);
    if (myc_poller_start(self, take_word, 0, NULL) != MYC_OK)
        return MYC_FAILED;
    return target_receive(self, state, NULL);
}

static const struct myc_class target_class = {
    .size = sizeof(target_class),
    .name = "target",
    .accepts = types,
    .accepts_count = 2,
    .init = target_init,
    .receive = target_receive,
};

static enum myc_status
witness_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    uint64_t word;

    (void)self, (void)state;
    memcpy(&word, message->body, sizeof(word));
    atomic_fetch_add(&wrong, word != atomic_load(&witnessed) + 1);
    atomic_fetch_add(&witnessed, 1);
    return MYC_OK;
}

static const struct myc_class witness_class = {
    .size = sizeof(witness_class),
    .name = "witness",
    .accepts = types,
    .accepts_count = 1,
    .receive = witness_receive,
};

/* --- the case --------------------------------------------------------------------------------- */

static void
await(const _Atomic uint64_t *value, uint64_t at_least)
{
    uint64_t end_ns = clock_now_ns() + WAIT_NS;

    while (atomic_load(value) < at_least && clock_now_ns() < end_ns)
        nanosleep(&(struct timespec){ .tv_nsec = 1000 }, NULL);
    assert_true(atomic_load(value) >= at_least);
}

/* Signals to a thread, one at a time, whether or not the word before has been taken. */
static void
interrupt(pthread_t thread)
{
    for (uint64_t i = 0; i < SIGNALS; i++) {
        uint64_t before = atomic_load(&put) + atomic_load(&refused);
        uint64_t end_ns = clock_now_ns() + WAIT_NS;

        assert_int_equal(pthread_kill(thread, SIGUSR1), 0);
        while (atomic_load(&put) + atomic_load(&refused) == before && clock_now_ns() < end_ns)
            ;
        assert_int_equal(atomic_load(&put) + atomic_load(&refused), before + 1);
    }
}

static void
test_critical_msg_of_a_signal_handler_comes_once_in_order_and_on_its_lcore(void **state)
{
    const struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
    struct sigaction before;
    struct myc_node *node;

    (void)state;
    assert_true(atomic_is_lock_free(&slot));
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    node = small_node_start((struct myc_node_options){ .stop_timeout_ms = 1000 });
    assert_int_equal(myc_node_spawn(node, 0, &witness_class, NULL, &witness), MYC_OK);
    assert_int_equal(myc_node_spawn(node, TARGET, &target_class, NULL, NULL), MYC_OK);
    assert_true(atomic_load(&is_target_there));
    interrupt(target_thread);
    interrupt(pthread_self());
    await(&witnessed, atomic_load(&put));
    small_node_stop(&node);
    sigaction(SIGUSR1, &before, NULL);
    assert_int_equal(atomic_load(&wrong), 0);
    assert_int_equal(atomic_load(&put) + atomic_load(&refused), 2 * SIGNALS);
    assert_int_equal(atomic_load(&taken), atomic_load(&put));
    assert_int_equal(atomic_load(&witnessed), atomic_load(&put));
    /* What was not taken within the time of a signal is the exception. */
    assert_true(atomic_load(&put) > SIGNALS / 10);
}

static int
run(void)
{
    const struct CMUnitTest tests[] = {
        SMALL_NODE_TEST(test_critical_msg_of_a_signal_handler_comes_once_in_order_and_on_its_lcore),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

int
main(void)
{
    return small_node_run("signal", run);
}
