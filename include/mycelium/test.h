/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file test.h
 * A bench for testing actors: nodes in one thread, in virtual time, with faults to order.
 *
 * Link with libmycelium-test instead of libmycelium. The actors are the program's own, unchanged;
 * so is everything under them but the links, which are queues in memory. Nothing runs unless the
 * test lets it, time passes only when there is nothing else to do, and all that is random comes
 * from one seed: what failed once fails again.
 *
 *     struct myc_test *test = myc_test_create(&(struct myc_test_options){ .size = sizeof(...) });
 *     struct myc_test_probe *probe = myc_test_add_probe(test, 0, 0);
 *
 *     myc_test_spawn(test, 0, 0, &squarer_class, NULL, &squarer);
 *     myc_test_act(probe, ask_the_squarer, &squarer);
 *     reply = myc_test_expect(probe, &hello_answer_type);
 *     ...
 *     myc_test_destroy(&test);
 *
 * A probe is an actor that the test acts through and that keeps what it gets. What is expected is
 * the *next* message: others before it are a failure unless they were allowed. A failure prints a
 * line with the seed and the time, and calls `on_failure`.
 */
#ifndef MYCELIUM_TEST_H
#define MYCELIUM_TEST_H

#include <mycelium/node.h>

MYC_BEGIN_DECLS

struct myc_test;
struct myc_test_probe;

#define MYC_TEST_NODES_MAX  4U
#define MYC_TEST_LCORES_MAX 4U /**< of each node */

/** A bench; zero everywhere but `size` gives the defaults in brackets. */
struct myc_test_options {
    size_t size;         /**< sizeof(struct myc_test_options) */
    uint8_t node_count;  /**< 1 to MYC_TEST_NODES_MAX [1]; each linked with each */
    uint8_t lcore_count; /**< of each node, 1 to MYC_TEST_LCORES_MAX [1] */
    bool is_other_host;  /**< nodes are joined as by flows, not as by segments */
    bool is_shuffled;    /**< each turn: lcores in a random order, some not at all, small budgets */
    uint64_t seed;       /**< of all that is random [1] */
    uint32_t link_capacity; /**< messages that a link holds each way [64] */
    uint64_t delay_ns_max;  /**< a message between nodes takes a random time up to this [0] */
    uint64_t patience_ns;   /**< virtual time that an expectation waits [10 s] */
    /** How much faster each node's clock runs than the bench's, in millionths; may be negative. [0]
     */
    int32_t drift_ppm[MYC_TEST_NODES_MAX];
    struct myc_limits limits; /**< of each lcore; small ones by default, so that tests reach them */
    /** Told of a failed expectation in words; it may leave by longjmp. [NULL: abort] */
    void (*on_failure)(void *context, const char *text);
    void *context; /**< not owned */
};

/**
 * Makes a bench; every lcore has its registry, as in a node.
 * @return the bench, ended by myc_test_destroy; never NULL (it aborts without memory).
 * Context: any one thread, the same for all functions here.
 */
MYC_API struct myc_test *myc_test_create(const struct myc_test_options *options);

/**
 * Stops all actors, asserts that nothing that the fabric gave is still held, frees everything.
 * @param test  set to NULL; the probes go with it.
 * Context: as create.
 */
MYC_API void myc_test_destroy(struct myc_test **test);

/** Spawns an actor. @return as myc_spawn; GONE (the node has crashed). Context: as create. */
MYC_API MYC_MUST_CHECK enum myc_status myc_test_spawn(struct myc_test *test, uint8_t node,
                                                      uint8_t lcore,
                                                      const struct myc_class *class_of,
                                                      const struct myc_spawn_options *options,
                                                      struct myc_ref *ref);

/** Lets everything run until nobody has anything to do now; timers to come do not count.
 * Context: as create. */
MYC_API void myc_test_settle(struct myc_test *test);

/** Lets time pass: all that is due within it happens. Context: as create. */
MYC_API void myc_test_advance(struct myc_test *test, uint64_t ns);

/** The virtual time, as the actors' myc_now_ns. Context: as create. */
MYC_API uint64_t myc_test_now_ns(const struct myc_test *test);

/** A random number of the bench's own, for the test's choices. Context: as create. */
MYC_API uint64_t myc_test_random(struct myc_test *test);

/** Value of a counter of one lcore, such as "undelivered"; asserts that there is such a counter.
 * Context: as create. */
MYC_API uint64_t myc_test_counter(const struct myc_test *test, uint8_t node, uint8_t lcore,
                                  const char *name);

/** Actors that live on an lcore, its registry among them; 0 when the node has crashed. Context: as
 * create. */
MYC_API uint32_t myc_test_actor_count(const struct myc_test *test, uint8_t node, uint8_t lcore);

/* --- faults ----------------------------------------------------------------------------------- */

/** Cuts the links between two nodes: what is on its way is in doubt. Context: as create. */
MYC_API void myc_test_cut(struct myc_test *test, uint8_t node, uint8_t other);

/** Joins two nodes again. Context: as create. */
MYC_API void myc_test_heal(struct myc_test *test, uint8_t node, uint8_t other);

/** Ends a node as a crash would: no stop function runs. Its probes are no more. Context: as create.
 */
MYC_API void myc_test_crash(struct myc_test *test, uint8_t node);

/** Starts a crashed node again, with a new incarnation and no actors but registries. Context: as
 * create. */
MYC_API void myc_test_restart(struct myc_test *test, uint8_t node);

/** Whether a node runs at all; a paused one keeps its links and does nothing. Context: as create.
 */
MYC_API void myc_test_pause(struct myc_test *test, uint8_t node, bool is_paused);

/* --- probes ----------------------------------------------------------------------------------- */

/** A new probe on that lcore; owned by the bench. Context: as create. */
MYC_API struct myc_test_probe *myc_test_add_probe(struct myc_test *test, uint8_t node,
                                                  uint8_t lcore);

/** Its ref, for others to send to. Context: as create. */
MYC_API struct myc_ref myc_test_probe_ref(const struct myc_test_probe *probe);

/** Runs code as a handler of the probe's actor: there it may send, ask, monitor, spawn. Context: as
 * create. */
MYC_API void myc_test_act(struct myc_test_probe *probe,
                          void (*act)(struct myc_self *self, void *context), void *context);

/** Sends a message in the probe's name. @return as myc_send. Context: as create. */
MYC_API enum myc_status myc_test_send(struct myc_test_probe *probe, struct myc_ref to,
                                      const struct myc_type *type, const void *body, uint32_t size);

/** Asks in the probe's name. @return as myc_ask. Context: as create. */
MYC_API enum myc_status myc_test_ask(struct myc_test_probe *probe, struct myc_ref to,
                                     const struct myc_type *type, const void *body, uint32_t size,
                                     const struct myc_ask_options *options);

/** From now on messages of the type may come at any time and are passed over. Context: as create.
 */
MYC_API void myc_test_allow(struct myc_test_probe *probe, const struct myc_type *type);

/** From now on a message of the type is a failure, whenever it comes. Context: as create. */
MYC_API void myc_test_disallow(struct myc_test_probe *probe, const struct myc_type *type);

/**
 * Lets everything run until the probe gets a message, which must be of that type.
 * @return the message, valid until the next expectation of this probe; NULL after a failure.
 * Context: as create.
 */
MYC_API const struct myc_message *myc_test_expect(struct myc_test_probe *probe,
                                                  const struct myc_type *type);

/** Lets a time pass in which nothing may come but what is allowed. Context: as create. */
MYC_API void myc_test_expect_none(struct myc_test_probe *probe, uint64_t ns);

MYC_END_DECLS

#endif
