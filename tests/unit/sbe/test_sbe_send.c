/* SPDX-License-Identifier: BSD-3-Clause */
/* The wrappers that send, over a stand-in for the four functions of the fabric that they call. */
#include "support/cmocka.h"

#include "sbe_all.h"

static struct {
    uint8_t bytes[256];
    const struct myc_type *type;
    struct myc_ref to;
    uint32_t size;
    unsigned claims, commits, sends, asks, replies;
    enum myc_status answer;
} seen;

enum myc_status
myc_send_claim(struct myc_self *self, struct myc_ref to, const struct myc_type *type, uint32_t size,
               void **body)
{
    (void)self;
    seen.claims++;
    seen.to = to;
    seen.type = type;
    seen.size = size;
    if (seen.answer == MYC_OK)
        *body = seen.bytes;
    return seen.answer;
}

void
myc_send_commit(struct myc_self *self)
{
    (void)self;
    seen.commits++;
}

static enum myc_status
take(const struct myc_type *type, const void *body, uint32_t size)
{
    seen.type = type;
    seen.size = size;
    memcpy(seen.bytes, body, size);
    return seen.answer;
}

enum myc_status
myc_send(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
         uint32_t size)
{
    (void)self;
    seen.sends++;
    seen.to = to;
    return take(type, body, size);
}

enum myc_status
myc_send_with(struct myc_self *self, struct myc_ref to, const struct myc_type *type,
              const void *body, uint32_t size, const struct myc_send_options *options)
{
    assert_int_equal(options->tag, 77);
    return myc_send(self, to, type, body, size);
}

enum myc_status
myc_ask(struct myc_self *self, struct myc_ref to, const struct myc_type *type, const void *body,
        uint32_t size, const struct myc_ask_options *options, uint64_t *ask)
{
    (void)self;
    (void)to;
    seen.asks++;
    *ask = options->tag;
    return take(type, body, size);
}

enum myc_status
myc_reply(struct myc_self *self, struct myc_request request, const struct myc_type *type,
          const void *body, uint32_t size)
{
    (void)self;
    assert_int_equal(request.ask, 5);
    seen.replies++;
    return take(type, body, size);
}

static const struct all_order order = { .symbol = "ACME", .side = ALL_SIDE_BUY };
static const struct myc_ref somebody = { 1, 2 };

static int
forget(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    return 0;
}

static void
assert_order_was_taken(void)
{
    uint8_t body[ALL_ORDER_SIZE];

    all_order_encode(&order, body);
    assert_ptr_equal(seen.type, &all_order_type);
    assert_int_equal(seen.size, ALL_ORDER_SIZE);
    assert_memory_equal(seen.bytes, body, sizeof(body));
}

static void
test_send_encodes_in_the_claimed_memory_and_commits(void **state)
{
    (void)state;
    assert_int_equal(all_order_send(NULL, somebody, &order), MYC_OK);
    assert_int_equal(seen.claims, 1);
    assert_int_equal(seen.commits, 1);
    assert_true(myc_ref_is_equal(seen.to, somebody));
    assert_order_was_taken();
}

static void
test_a_refused_claim_is_answered_and_nothing_is_committed(void **state)
{
    (void)state;
    seen.answer = MYC_FULL;
    assert_int_equal(all_order_send(NULL, somebody, &order), MYC_FULL);
    assert_int_equal(seen.commits, 0);
}

static void
test_a_typed_ref_sends_what_its_protocol_accepts(void **state)
{
    struct all_gateway_ref gateway = all_gateway_ref_of(somebody);

    (void)state;
    assert_int_equal(ALL_GATEWAY_ACCEPTS_COUNT, 2);
    assert_ptr_equal(all_gateway_accepts[0], &all_order_type);
    assert_int_equal(all_gateway_send_order(NULL, gateway, &order), MYC_OK);
    assert_true(myc_ref_is_equal(seen.to, somebody));
    assert_order_was_taken();
}

static void
test_options_asks_and_replies_carry_the_same_bytes(void **state)
{
    const struct myc_send_options send = { .size = sizeof(send), .tag = 77 };
    const struct myc_ask_options options = { .size = sizeof(options), .tag = 9 };
    const struct myc_request request = { somebody, 5 };
    uint64_t ask = 0;

    (void)state;
    assert_int_equal(all_order_send_with(NULL, somebody, &order, &send), MYC_OK);
    assert_order_was_taken();
    forget(NULL);
    assert_int_equal(
        all_gateway_ask_order(NULL, all_gateway_ref_of(somebody), &order, &options, &ask), MYC_OK);
    assert_int_equal(ask, 9);
    assert_order_was_taken();
    forget(NULL);
    assert_int_equal(all_order_reply(NULL, request, &order), MYC_OK);
    assert_int_equal(seen.replies, 1);
    assert_order_was_taken();
}

static void
test_a_message_without_fields_is_sent_with_no_bytes(void **state)
{
    struct all_nothing nothing = { 0 };
    const struct myc_request request = { somebody, 5 };

    (void)state;
    assert_int_equal(all_nothing_send(NULL, somebody, &nothing), MYC_OK);
    assert_int_equal(seen.size, 0);
    assert_int_equal(all_nothing_reply(NULL, request, &nothing), MYC_OK);
    assert_int_equal(seen.size, 0);
}

static void
test_a_built_body_goes_through_a_typed_ref(void **state)
{
    uint8_t body[64];
    struct myc_sbe_writer writer;
    uint32_t size;

    (void)state;
    all_basket_build(&writer, body, sizeof(body));
    all_basket_legs_start(&writer, 0);
    all_basket_parties_start(&writer, 0);
    all_basket_append_note(&writer, "abc", 3);
    all_basket_append_blob(&writer, NULL, 0);
    size = myc_sbe_written(&writer);
    assert_int_equal(all_gateway_send_basket_body(NULL, all_gateway_ref_of(somebody), body, size),
                     MYC_OK);
    assert_ptr_equal(seen.type, &all_basket_type);
    assert_int_equal(seen.size, size);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_send_encodes_in_the_claimed_memory_and_commits, forget),
        cmocka_unit_test_setup(test_a_refused_claim_is_answered_and_nothing_is_committed, forget),
        cmocka_unit_test_setup(test_a_typed_ref_sends_what_its_protocol_accepts, forget),
        cmocka_unit_test_setup(test_options_asks_and_replies_carry_the_same_bytes, forget),
        cmocka_unit_test_setup(test_a_message_without_fields_is_sent_with_no_bytes, forget),
        cmocka_unit_test_setup(test_a_built_body_goes_through_a_typed_ref, forget),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
