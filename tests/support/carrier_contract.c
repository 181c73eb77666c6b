/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/carrier_contract.h"

#include "base/compiler.h"

static uint8_t
pattern(uint64_t tag, uint32_t index)
{
    return (uint8_t)(tag * 7U + index * 13U);
}

static bool
is_as_written(const struct fab_msg *msg)
{
    const uint8_t *body = fab_msg_body_const(msg);

    for (uint32_t i = 0; i < msg->size; i++) {
        if (body[i] != pattern(msg->tag, i))
            return false;
    }
    return true;
}

static void
on_message(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct carrier_end *end = context;

    assert_ptr_equal(end->link, link);
    assert_true(end->tag_count < CARRIER_TAGS_MAX);
    end->tags[end->tag_count++] = msg->tag;
    end->torn_count += !is_as_written(msg);
    if (end->on_message)
        end->on_message(end, msg);
}

static void
on_up(void *context, struct fab_link *link)
{
    struct carrier_end *end = context;

    assert_ptr_equal(end->link, link);
    end->up_count++;
}

static void
on_down(void *context, struct fab_link *link, enum myc_status reason)
{
    struct carrier_end *end = context;

    assert_ptr_equal(end->link, link);
    assert_false(link->is_up);
    end->down_count++;
    end->reason = reason;
}

static void
on_in_doubt(void *context, struct fab_link *link, const struct fab_msg *msg)
{
    struct carrier_end *end = context;

    assert_ptr_equal(end->link, link);
    assert_int_equal(end->down_count, 0);
    end->doubts[end->doubt_count++] = msg->tag;
    end->torn_count += !is_as_written(msg);
}

static void
on_room(void *context, struct fab_link *link)
{
    struct carrier_end *end = context;

    assert_ptr_equal(end->link, link);
    end->room_count++;
}

static const struct fab_link_sink sink = {
    .on_message = on_message,
    .on_up = on_up,
    .on_down = on_down,
    .on_in_doubt = on_in_doubt,
    .on_room = on_room,
};

void
carrier_end_init(struct carrier_end *end, struct fab_link *link)
{
    memset(end, 0, sizeof(*end));
    end->link = link;
    link->sink = &sink;
    link->core = end;
}

static void
write_record(struct fab_msg *record, const struct fab_msg *header)
{
    *record = *header;
    for (uint32_t i = 0; i < header->size; i++)
        ((uint8_t *)fab_msg_body(record))[i] = pattern(header->tag, i);
}

enum myc_status
carrier_send(struct carrier_end *end, enum fab_lane lane, uint64_t tag, uint32_t size)
{
    const struct fab_msg header = { .to = 1, .from = 2, .size = size, .tag = tag };
    struct fab_link *link = end->link;
    struct fab_msg *record;
    enum myc_status status;

    /* Through an open window and past it, in turn, as a core does. */
    if (lane == FAB_LANE_USER && link->window.left > 0 && tag % 2 == 0 &&
        fab_msg_stride(&header) <= FAB_RING_SLOT_SIZE) {
        write_record(fab_link_take(link, size), &header);
        return MYC_OK;
    }
    status = link->ops->claim(link, lane, fab_msg_stride(&header), header.to, &record);
    if (status != MYC_OK)
        return status;
    write_record(record, &header);
    link->ops->commit(link);
    return MYC_OK;
}

unsigned
carrier_fill(struct carrier_end *end, uint64_t tag, uint32_t size)
{
    unsigned count = 0;

    while (carrier_send(end, FAB_LANE_USER, tag + count, size) == MYC_OK)
        count++;
    return count;
}

unsigned
carrier_poll(struct carrier_end *end, unsigned budget)
{
    bool is_quiet = fab_link_is_quiet(end->link);
    unsigned work = end->link->ops->poll(end->link, budget, 0);

    if (is_quiet)
        assert_int_equal(work, 0);
    return work;
}

void
carrier_pump(struct carrier_end *from, struct carrier_end *to)
{
    from->link->ops->flush(from->link, 0);
    while (carrier_poll(to, 32) > 0)
        ;
}

/* Both ends are up and nothing but that has happened. */
static struct carrier_pair *
fresh(void **state)
{
    struct carrier_pair *pair = *state;

    carrier_pump(&pair->a, &pair->b);
    carrier_pump(&pair->b, &pair->a);
    assert_true(pair->a.link->is_up && pair->b.link->is_up);
    assert_int_equal(pair->a.tag_count + pair->b.tag_count, 0);
    return pair;
}

static void
assert_tags_from(const struct carrier_end *end, uint64_t first, unsigned count)
{
    assert_int_equal(end->tag_count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(end->tags[i], first + i);
    assert_int_equal(end->torn_count, 0);
}

static void
test_both_ends_know_each_other(void **state)
{
    struct carrier_pair *pair = fresh(state);

    assert_int_equal(pair->a.link->peer_lcore, 1);
    assert_int_equal(pair->b.link->peer_lcore, 0);
    assert_int_equal(pair->a.link->peer_lcore_count, 2);
    assert_true(pair->a.link->peer_home == CARRIER_HOME_B);
    assert_true(pair->b.link->peer_home == CARRIER_HOME_A);
}

static void
test_messages_arrive_once_in_order_and_whole(void **state)
{
    static const uint32_t sizes[] = { 0, 1, 16, 17, 80, 81, 200, 1000, FAB_MSG_SMALL_MAX };
    struct carrier_pair *pair = fresh(state);

    /* Many laps, so that records of every span cross the end of the ring at every place. */
    for (unsigned i = 0; i < 3000; i++) {
        uint32_t size = sizes[(i * i + i / 7) % FAB_COUNT_OF(sizes)];

        assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, CARRIER_TAG_START + i, size),
                         MYC_OK);
        if (i % 3 == 2)
            carrier_pump(&pair->a, &pair->b);
    }
    assert_tags_from(&pair->b, CARRIER_TAG_START, 3000);
    assert_int_equal(pair->a.link->counters.sent, 3000);
    assert_int_equal(pair->b.link->counters.received, 3000);
    assert_int_equal(pair->b.link->counters.bad_records, 0);
}

static void
test_nothing_is_seen_before_the_flush(void **state)
{
    struct carrier_pair *pair = fresh(state);

    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 1, 8), MYC_OK);
    assert_int_equal(carrier_poll(&pair->b, 32), 0);
    carrier_pump(&pair->a, &pair->b);
    assert_tags_from(&pair->b, 1, 1);
}

static void
test_a_full_burst_is_seen_without_a_flush(void **state)
{
    struct carrier_pair *pair = fresh(state);

    for (unsigned i = 0; i < FAB_RING_BURST; i++)
        assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, i, 8), MYC_OK);
    assert_int_equal(carrier_poll(&pair->b, 64), FAB_RING_BURST);
}

static void
test_poll_keeps_to_its_budget(void **state)
{
    struct carrier_pair *pair = fresh(state);

    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, i, 100), MYC_OK);
    pair->a.link->ops->flush(pair->a.link, 0);
    assert_int_equal(carrier_poll(&pair->b, 7), 7);
    assert_int_equal(pair->b.tag_count, 7);
    carrier_pump(&pair->a, &pair->b);
    assert_tags_from(&pair->b, 0, 20);
}

static void
test_a_claim_not_committed_is_forgotten(void **state)
{
    struct carrier_pair *pair = fresh(state);
    struct fab_msg *record;

    assert_int_equal(pair->a.link->ops->claim(pair->a.link, FAB_LANE_USER, 600, 1, &record),
                     MYC_OK);
    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 5, 8), MYC_OK);
    assert_int_equal(pair->a.link->ops->claim(pair->a.link, FAB_LANE_USER, 64, 1, &record), MYC_OK);
    carrier_pump(&pair->a, &pair->b);
    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 6, 8), MYC_OK);
    carrier_pump(&pair->a, &pair->b);
    assert_tags_from(&pair->b, 5, 2);
}

static void
test_too_big_is_refused_and_counted(void **state)
{
    struct carrier_pair *pair = fresh(state);
    struct fab_msg *record;

    assert_int_equal(pair->a.link->ops->claim(pair->a.link, FAB_LANE_SYSTEM,
                                              FAB_RING_RECORD_MAX + 8U, 1, &record),
                     MYC_TOO_BIG);
    assert_int_equal(pair->a.link->counters.too_big, 1);
}

static void
test_full_refuses_the_user_lane_and_spares_the_reserve(void **state)
{
    struct carrier_pair *pair = fresh(state);
    unsigned reserve = fab_ring_reserve(CARRIER_SLOTS);
    unsigned sent = carrier_fill(&pair->a, 0, 8);
    unsigned more = 0;

    assert_true(sent >= CARRIER_SLOTS - 1 - reserve && sent <= CARRIER_SLOTS - reserve);
    assert_int_equal(pair->a.link->counters.full, 1);
    while (carrier_send(&pair->a, more % 2 ? FAB_LANE_SYSTEM : FAB_LANE_REPLY, sent + more, 8) ==
           MYC_OK)
        more++;
    assert_int_equal(more, reserve);
    assert_int_equal(pair->a.link->counters.full, 2);
    carrier_pump(&pair->a, &pair->b);
    assert_tags_from(&pair->b, 0, sent + more);
}

static void
test_room_is_told_once_after_full(void **state)
{
    struct carrier_pair *pair = fresh(state);
    unsigned sent = carrier_fill(&pair->a, 0, 8);

    pair->a.link->ops->flush(pair->a.link, 0);
    assert_int_equal(carrier_poll(&pair->a, 32), 0);
    assert_int_equal(pair->a.room_count, 0);
    carrier_poll(&pair->b, 1);
    carrier_poll(&pair->a, 32);
    assert_int_equal(pair->a.room_count, 0);
    carrier_pump(&pair->a, &pair->b);
    carrier_poll(&pair->a, 32);
    carrier_poll(&pair->a, 32);
    assert_int_equal(pair->a.room_count, 1);
    assert_true(carrier_fill(&pair->a, sent, 8) > CARRIER_SLOTS / 4);
}

/* So that an lcore need not ask the many that are idle. */
static void
test_the_bell_is_quiet_only_while_nothing_is_to_be_found(void **state)
{
    struct carrier_pair *pair = fresh(state);

    assert_true(fab_link_is_quiet(pair->a.link) && fab_link_is_quiet(pair->b.link));
    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 0, 8), MYC_OK);
    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 1, 8), MYC_OK);
    assert_true(fab_link_is_quiet(pair->b.link));
    pair->a.link->ops->flush(pair->a.link, 0);
    assert_false(fab_link_is_quiet(pair->b.link));
    assert_int_equal(carrier_poll(&pair->b, 1), 1);
    assert_false(fab_link_is_quiet(pair->b.link)); /* there is a second one */
    assert_int_equal(carrier_poll(&pair->b, 1), 1);
    assert_true(fab_link_is_quiet(pair->b.link));

    carrier_fill(&pair->a, 2, 8);
    assert_false(fab_link_is_quiet(pair->a.link)); /* waits for room */
    carrier_pump(&pair->a, &pair->b);
    carrier_pump(&pair->b, &pair->a);
    assert_int_equal(pair->a.room_count, 1);
    assert_true(fab_link_is_quiet(pair->a.link));
}

static void
echo(struct carrier_end *end, const struct fab_msg *msg)
{
    assert_int_equal(carrier_send(end, FAB_LANE_USER, msg->tag, msg->size), MYC_OK);
}

static void
test_the_sink_may_send(void **state)
{
    struct carrier_pair *pair = fresh(state);

    pair->b.on_message = echo;
    for (unsigned i = 0; i < 500; i++) {
        assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, i, i), MYC_OK);
        carrier_pump(&pair->a, &pair->b);
        carrier_pump(&pair->b, &pair->a);
    }
    assert_tags_from(&pair->b, 0, 500);
    assert_tags_from(&pair->a, 0, 500);
}

static void
test_what_a_leaving_end_had_sent_still_arrives(void **state)
{
    struct carrier_pair *pair = fresh(state);

    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, i, 8), MYC_OK);
    pair->a.link->ops->close(pair->a.link);
    carrier_pump(&pair->b, &pair->b);
    assert_tags_from(&pair->b, 0, 40);
}

static void
test_a_closed_end_refuses_and_is_silent(void **state)
{
    struct carrier_pair *pair = fresh(state);

    assert_int_equal(carrier_send(&pair->b, FAB_LANE_USER, 1, 8), MYC_OK);
    pair->b.link->ops->flush(pair->b.link, 0);
    pair->a.link->ops->close(pair->a.link);
    assert_int_equal(carrier_send(&pair->a, FAB_LANE_USER, 1, 8), MYC_UNREACHABLE);
    assert_int_equal(pair->a.link->counters.unreachable, 1);
    assert_int_equal(pair->a.tag_count + pair->a.down_count, 0);
}

#define CONTRACT_TEST(name) cmocka_unit_test_setup_teardown(name, carrier_setup, carrier_teardown)

const struct CMUnitTest carrier_contract_tests[] = {
    CONTRACT_TEST(test_both_ends_know_each_other),
    CONTRACT_TEST(test_messages_arrive_once_in_order_and_whole),
    CONTRACT_TEST(test_nothing_is_seen_before_the_flush),
    CONTRACT_TEST(test_a_full_burst_is_seen_without_a_flush),
    CONTRACT_TEST(test_poll_keeps_to_its_budget),
    CONTRACT_TEST(test_a_claim_not_committed_is_forgotten),
    CONTRACT_TEST(test_too_big_is_refused_and_counted),
    CONTRACT_TEST(test_full_refuses_the_user_lane_and_spares_the_reserve),
    CONTRACT_TEST(test_room_is_told_once_after_full),
    CONTRACT_TEST(test_the_bell_is_quiet_only_while_nothing_is_to_be_found),
    CONTRACT_TEST(test_the_sink_may_send),
    CONTRACT_TEST(test_what_a_leaving_end_had_sent_still_arrives),
    CONTRACT_TEST(test_a_closed_end_refuses_and_is_silent),
};
const size_t carrier_contract_count = FAB_COUNT_OF(carrier_contract_tests);
