/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include <stdlib.h>

#include "proto/neighbour.h"

#define MS 1000000ULL
#define S  1000000000ULL

static const struct fab_mac mac_a = { { 2, 0, 0, 0, 0, 0xa } };
static const struct fab_mac mac_b = { { 2, 0, 0, 0, 0, 0xb } };

static struct fab_ip
ip_of(const char *text)
{
    struct fab_ip ip;

    assert_true(fab_ip_parse(text, &ip));
    return ip;
}

static struct fab_neighbours *
table(uint32_t capacity)
{
    struct fab_neighbour_config config = { .gateway = ip_of("10.0.0.254"), .capacity = capacity };
    void *memory = calloc(1, fab_neighbours_size(capacity));

    assert_true(fab_ip_prefix_parse("10.0.0.1/24", &config.local));
    return fab_neighbours_init(memory, &config);
}

/* Questions asked until the time, moving from deadline to deadline. */
static unsigned
questions_until(struct fab_neighbours *neighbours, uint64_t *now_ns, uint64_t end_ns,
                struct fab_neighbour_question *last)
{
    unsigned count = 0;

    for (; *now_ns <= end_ns; *now_ns = fab_neighbours_deadline(neighbours))
        while (fab_neighbours_ask(neighbours, *now_ns, last))
            count += !last->is_announcement;
    *now_ns = end_ns;
    return count;
}

static void
test_other_subnets_go_by_the_gateway(void **state)
{
    struct fab_neighbours *neighbours = table(4);
    struct fab_ip near = ip_of("10.0.0.2");
    struct fab_ip far = ip_of("192.168.0.1");
    struct fab_ip farther = ip_of("192.168.9.1");
    struct fab_ip other_family = ip_of("fd00::1");
    uint32_t index[3];

    (void)state;
    assert_int_equal(fab_neighbours_add(neighbours, &near, &index[0]), MYC_OK);
    assert_int_equal(fab_neighbours_add(neighbours, &far, &index[1]), MYC_OK);
    assert_int_equal(fab_neighbours_add(neighbours, &farther, &index[2]), MYC_OK);
    assert_int_not_equal(index[0], index[1]);
    assert_int_equal(index[1], index[2]);
    assert_int_equal(fab_neighbours_at(neighbours, index[1])->ip.bytes[3], 254);
    assert_int_equal(fab_neighbours_add(neighbours, &other_family, index), MYC_UNREACHABLE);
    free(neighbours);
}

static void
test_unknown_hop_is_asked_for_ever_slower_and_for_ever(void **state)
{
    struct fab_neighbours *neighbours = table(4);
    struct fab_ip hop = ip_of("10.0.0.2");
    struct fab_neighbour_question question = { 0 };
    uint64_t now_ns = 1 * S;
    uint32_t index;

    (void)state;
    assert_int_equal(fab_neighbours_add(neighbours, &hop, &index), MYC_OK);
    assert_int_equal(questions_until(neighbours, &now_ns, 1 * S, &question), 1);
    assert_int_equal(question.mac.bytes[5], 0);
    /* 100, 300, 700, 1500 ms, then each second. */
    assert_int_equal(questions_until(neighbours, &now_ns, 3 * S, &question), 4);
    assert_int_equal(questions_until(neighbours, &now_ns, 103 * S, &question), 100);
    free(neighbours);
}

static void
test_answer_makes_a_hop_usable_and_is_refreshed_before_it_is_lost(void **state)
{
    struct fab_neighbours *neighbours = table(4);
    struct fab_ip hop = ip_of("10.0.0.2");
    struct fab_neighbour_question question;
    const struct fab_neighbour *entry;
    uint64_t now_ns = 1 * S;
    uint32_t index;

    (void)state;
    assert_int_equal(fab_neighbours_add(neighbours, &hop, &index), MYC_OK);
    entry = fab_neighbours_at(neighbours, index);
    assert_int_equal(entry->state, FAB_NEIGHBOUR_ASKING);
    fab_neighbours_on_answer(neighbours, &hop, &mac_a, now_ns);
    assert_int_equal(entry->state, FAB_NEIGHBOUR_KNOWN);
    assert_int_equal(questions_until(neighbours, &now_ns, 30 * S, &question), 0);
    assert_int_equal(questions_until(neighbours, &now_ns, 31 * S + 50 * MS, &question), 1);
    assert_int_equal(entry->state, FAB_NEIGHBOUR_PROBING);
    assert_memory_equal(question.mac.bytes, mac_a.bytes, 6);
    fab_neighbours_on_answer(neighbours, &hop, &mac_a, now_ns);
    assert_int_equal(entry->state, FAB_NEIGHBOUR_KNOWN);
    assert_int_equal(entry->version, 1);
    questions_until(neighbours, &now_ns, 70 * S, &question);
    assert_int_equal(entry->state, FAB_NEIGHBOUR_ASKING);
    assert_int_equal(entry->version, 2);
    assert_int_equal(fab_neighbours_counters(neighbours)->lost, 1);
    free(neighbours);
}

static void
test_moved_mac_is_followed_and_strangers_change_nothing(void **state)
{
    struct fab_neighbours *neighbours = table(1);
    struct fab_ip hop = ip_of("10.0.0.2");
    struct fab_ip stranger = ip_of("10.0.0.3");
    const struct fab_neighbour *entry;
    uint32_t index;

    (void)state;
    assert_int_equal(fab_neighbours_add(neighbours, &hop, &index), MYC_OK);
    assert_int_equal(fab_neighbours_add(neighbours, &stranger, &index), MYC_NO_MEMORY);
    entry = fab_neighbours_at(neighbours, 0);
    fab_neighbours_on_answer(neighbours, &hop, &mac_a, 1 * S);
    fab_neighbours_on_answer(neighbours, &stranger, &mac_b, 1 * S);
    fab_neighbours_on_answer(neighbours, &hop, &fab_mac_broadcast, 1 * S);
    assert_memory_equal(entry->mac.bytes, mac_a.bytes, 6);
    assert_int_equal(entry->version, 1);
    fab_neighbours_on_answer(neighbours, &hop, &mac_b, 2 * S);
    assert_memory_equal(entry->mac.bytes, mac_b.bytes, 6);
    assert_int_equal(entry->version, 2);
    assert_int_equal(fab_neighbours_counters(neighbours)->moved, 1);
    assert_int_equal(fab_neighbours_counters(neighbours)->foreign, 2);
    free(neighbours);
}

static void
test_own_address_is_announced_three_times_a_second_apart(void **state)
{
    static const uint64_t expected[] = { 5 * S, 6 * S, 7 * S };
    struct fab_neighbours *neighbours = table(1);
    struct fab_neighbour_question question;
    uint64_t now_ns = 5 * S;
    unsigned seen = 0;

    (void)state;
    for (; now_ns < 60 * S; now_ns = fab_neighbours_deadline(neighbours)) {
        while (fab_neighbours_ask(neighbours, now_ns, &question)) {
            assert_true(question.is_announcement && seen < 3);
            assert_int_equal(question.ip.bytes[3], 1);
            assert_true(now_ns >= expected[seen] && now_ns < expected[seen] + 50 * MS);
            seen++;
        }
    }
    assert_int_equal(seen, 3);
    free(neighbours);
}

static void
test_hop_of_a_silent_peer_is_asked_at_once_and_then_everybody(void **state)
{
    struct fab_neighbours *neighbours = table(1);
    struct fab_ip hop = ip_of("10.0.0.2");
    struct fab_neighbour_question question;
    uint64_t now_ns = 10 * S;
    uint32_t index;

    (void)state;
    assert_int_equal(fab_neighbours_add(neighbours, &hop, &index), MYC_OK);
    fab_neighbours_on_answer(neighbours, &hop, &mac_a, 1 * S);
    questions_until(neighbours, &now_ns, 10 * S, &question);
    fab_neighbours_doubt(neighbours, index, now_ns);
    fab_neighbours_doubt(neighbours, index, now_ns); /* by the flow of another lcore */
    assert_int_equal(fab_neighbours_counters(neighbours)->doubted, 1);
    assert_true(fab_neighbours_deadline(neighbours) <= now_ns);
    assert_int_equal(questions_until(neighbours, &now_ns, 10 * S, &question), 1);
    assert_memory_equal(question.mac.bytes, mac_a.bytes, 6);
    now_ns += 20 * MS;
    questions_until(neighbours, &now_ns, 13 * S + 100 * MS, &question);
    assert_int_equal(question.mac.bytes[0], 0); /* nobody is there any more */
    fab_neighbours_on_answer(neighbours, &hop, &mac_b, now_ns);
    assert_int_equal(fab_neighbours_at(neighbours, index)->state, FAB_NEIGHBOUR_KNOWN);
    free(neighbours);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_subnets_go_by_the_gateway),
        cmocka_unit_test(test_unknown_hop_is_asked_for_ever_slower_and_for_ever),
        cmocka_unit_test(test_answer_makes_a_hop_usable_and_is_refreshed_before_it_is_lost),
        cmocka_unit_test(test_moved_mac_is_followed_and_strangers_change_nothing),
        cmocka_unit_test(test_own_address_is_announced_three_times_a_second_apart),
        cmocka_unit_test(test_hop_of_a_silent_peer_is_asked_at_once_and_then_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
