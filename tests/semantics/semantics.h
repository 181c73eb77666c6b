/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the semantic tests share: a bench that fails through cmocka, at a level.
 *
 * SEMANTICS_LEVEL in the environment (local, ring, segment, flow; local without it) says where
 * those live who are tested: the probe is on lcore 0 of node 0, they are *there*. A test of several
 * nodes joins them as by segments, with SEMANTICS_LEVEL=flow as by flows.
 */
#ifndef TESTS_SEMANTICS_SEMANTICS_H
#define TESTS_SEMANTICS_SEMANTICS_H

#include "support/cmocka.h"

#include <stdlib.h>

#include <mycelium/messages.h>
#include <mycelium/test.h>

#include "conformance_messages.h"

#define MS 1000000ULL
#define S  1000000000ULL

static inline void
semantics_on_failure(void *context, const char *text)
{
    (void)context;
    fail_msg("%s", text);
}

static inline bool
semantics_level_is(const char *level)
{
    const char *wanted = getenv("SEMANTICS_LEVEL");

    return strcmp(wanted ? wanted : "local", level) == 0;
}

static inline struct myc_test *
semantics_bench(struct myc_test_options options)
{
    options.size = sizeof(options);
    options.on_failure = semantics_on_failure;
    options.is_other_host |= semantics_level_is("flow");
    return myc_test_create(&options);
}

/* Where those live who are tested. */
static inline uint8_t
semantics_node(void)
{
    return semantics_level_is("segment") || semantics_level_is("flow");
}

static inline uint8_t
semantics_lcore(void)
{
    return semantics_level_is("ring");
}

static inline bool
semantics_is_local(void)
{
    return semantics_node() == 0 && semantics_lcore() == 0;
}

/* A bench that has a place for them. */
static inline struct myc_test *
semantics_bench_at_level(struct myc_test_options options)
{
    options.node_count = (uint8_t)(semantics_node() + 1);
    options.lcore_count = (uint8_t)(semantics_lcore() + 1);
    return semantics_bench(options);
}

static inline enum myc_status
semantics_spawn(struct myc_test *bench, const struct myc_class *class_of,
                const struct myc_spawn_options *options, struct myc_ref *ref)
{
    return myc_test_spawn(bench, semantics_node(), semantics_lcore(), class_of, options, ref);
}

/* So many places, each with each: lcores of one node or nodes. */
static inline struct myc_test *
semantics_bench_of(uint8_t places)
{
    bool is_one_node = semantics_level_is("ring");

    return semantics_bench((struct myc_test_options){ .node_count = is_one_node ? 1 : places,
                                                      .lcore_count = is_one_node ? places : 1 });
}

static inline enum myc_status
semantics_spawn_at(struct myc_test *bench, uint8_t place, const struct myc_class *class_of,
                   const struct myc_spawn_options *options, struct myc_ref *ref)
{
    bool is_one_node = semantics_level_is("ring");

    return myc_test_spawn(bench, is_one_node ? 0 : place, is_one_node ? place : 0, class_of,
                          options, ref);
}

/* Actors there. */
static inline uint32_t
semantics_count(const struct myc_test *bench)
{
    return myc_test_actor_count(bench, semantics_node(), semantics_lcore());
}

static inline uint64_t
semantics_counter(const struct myc_test *bench, const char *name)
{
    return myc_test_counter(bench, semantics_node(), semantics_lcore(), name);
}

/* The actor that was spawned after this one: slots are taken in order. */
static inline struct myc_ref
semantics_next(struct myc_ref ref)
{
    return (struct myc_ref){ ref.home, ref.actor + (1ULL << 32) };
}

/* A number to somebody in the probe's name. */
static inline enum myc_status
semantics_send(struct myc_test_probe *probe, struct myc_ref to, uint64_t value)
{
    uint8_t body[CONF_NUMBER_SIZE];

    conf_number_encode(&(struct conf_number){ .value = value }, body);
    return myc_test_send(probe, to, &conf_number_type, body, sizeof(body));
}

/* Who is there does not take a number: told at once, or from elsewhere by a notice. */
static inline void
semantics_expect_refused(struct myc_test_probe *probe, struct myc_ref to, uint64_t value,
                         enum myc_status reason)
{
    struct myc_undelivered notice = { .status = MYC_OK };

    if (semantics_is_local()) {
        assert_int_equal(semantics_send(probe, to, value), reason);
        return;
    }
    assert_int_equal(semantics_send(probe, to, value), MYC_OK);
    assert_true(myc_undelivered_decode(myc_test_expect(probe, &myc_undelivered_type), &notice));
    assert_int_equal(notice.status, reason);
}

/* The value of the number that the probe gets next. */
static inline uint64_t
semantics_expect_number(struct myc_test_probe *probe)
{
    struct conf_number number = { .value = UINT64_MAX };

    assert_true(conf_number_decode(myc_test_expect(probe, &conf_number_type), &number));
    return number.value;
}

#endif
