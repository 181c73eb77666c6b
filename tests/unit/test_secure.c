/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The handshake with fixed secrets: its frames are checked in as hexadecimal text, so that another
 * implementation can be held against them.
 *
 * The pre-shared key is 00 01 .. 1f. Each side draws 00 01 02 .. and 80 81 82 .. in this order:
 * eight bytes for its seed, then its X25519 secret.
 */
#include "support/cmocka.h"

#include <stdlib.h>

#include "proto/flow.h"
#include "support/golden.h"
#include "support/quiet_flow.h"

#define NOW_NS 1000000000ULL

struct side {
    struct fab_flow *flow;
    uint8_t next; /* byte to draw */
    uint64_t received;
};

static struct fab_sealer *sealer;

static bool
on_message(void *context, enum fab_lane lane, const struct fab_msg *msg)
{
    struct side *side = context;

    (void)lane;
    side->received += msg->tag;
    return true;
}

static void
on_obstacle(void *context, enum fab_flow_obstacle obstacle, const struct fab_hello *hello)
{
    (void)context;
    (void)hello;
    fail_msg("obstacle %d", (int)obstacle);
}

static void
draw(void *context, uint8_t *bytes, size_t size)
{
    struct side *side = context;

    for (size_t i = 0; i < size; i++)
        bytes[i] = side->next++;
}

static const struct fab_flow_ops ops = {
    .on_message = on_message,
    .on_up = quiet_on_up,
    .on_down = quiet_on_down,
    .on_in_doubt = quiet_on_in_doubt,
    .on_writable = quiet_on_writable,
    .on_suspect = quiet_on_suspect,
    .on_obstacle = on_obstacle,
    .draw = draw,
};

static void
make(struct side *side, uint16_t node, enum fab_security security)
{
    uint8_t key[FAB_SECRET_SIZE];
    struct fab_flow_config config;

    for (uint8_t i = 0; i < FAB_SECRET_SIZE; i++)
        key[i] = i;
    fab_flow_config_default(&config);
    config.home = (uint64_t)node << 48 | 0xa1b2c3d4e5f6ULL;
    config.peer_node = (uint16_t)(3 - node);
    config.is_initiator = node == 1;
    config.first_number = 100;
    config.features_left = ~(uint32_t)FAB_FEATURE_SKIP; /* later ones do not change the files */
    config.secure = (struct fab_secure_config){ security, 0, sealer, key };
    *side = (struct side){ .next = node == 1 ? 0x00 : 0x80 };
    side->flow = fab_flow_init(aligned_alloc(FAB_FLOW_ALIGN, fab_flow_size(&config)), &config, &ops,
                               side, NOW_NS);
}

static void
unmake(struct side *side)
{
    fab_flow_fini(side->flow);
    free(side->flow);
}

static void
check_golden(const uint8_t *frame, size_t size, const char *name)
{
    uint8_t bytes[512];

    assert_int_equal(golden_read(GOLDEN_FOLDER, name, bytes, sizeof(bytes)), size);
    assert_memory_equal(frame, bytes, size);
}

/* What one side says next, handed to the other. */
static size_t
pass(struct side *from, struct side *to, uint8_t frame[FAB_FRAME_SIZE_MAX])
{
    size_t size = fab_flow_prepare(from->flow, frame, FAB_FRAME_SIZE_MAX, NOW_NS);

    assert_true(size > 0);
    fab_flow_incoming(to->flow, frame, size, NOW_NS);
    return size;
}

static void
send_record(struct side *side)
{
    struct fab_msg *msg;

    assert_int_equal(fab_flow_claim(side->flow, FAB_LANE_USER, 5, FAB_MSG_HEADER_SIZE + 8, &msg),
                     MYC_OK);
    memset(msg, 0, FAB_MSG_HEADER_SIZE + 8);
    msg->size = 8;
    msg->tag = 77;
    memcpy(fab_msg_body(msg), "in clear", 8);
    fab_flow_commit(side->flow);
}

static void
check_handshake(enum fab_security security, const char *const names[3])
{
    _Alignas(8) uint8_t frame[FAB_FRAME_SIZE_MAX];
    struct side a, b;
    size_t size;

    make(&a, 1, security);
    make(&b, 2, security);
    size = pass(&a, &b, frame);
    check_golden(frame, size, names[0]);
    size = pass(&b, &a, frame);
    check_golden(frame, size, names[1]);
    assert_int_equal(fab_flow_state(a.flow), FAB_FLOW_UP);
    send_record(&a);
    size = pass(&a, &b, frame);
    check_golden(frame, size, names[2]);
    assert_int_equal(fab_flow_state(b.flow), FAB_FLOW_UP);
    assert_int_equal(b.received, 77);
    unmake(&a);
    unmake(&b);
}

static void
test_authenticated_frames_are_as_the_golden_files_say(void **state)
{
    static const char *const names[] = { "hello_auth", "hello_auth_answer", "data_auth" };

    (void)state;
    check_handshake(FAB_SECURITY_AUTH, names);
}

static void
test_encrypted_frames_are_as_the_golden_files_say(void **state)
{
    static const char *const names[] = { "hello_encrypt", "hello_encrypt_answer", "data_encrypt" };

    (void)state;
    check_handshake(FAB_SECURITY_ENCRYPT, names);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_authenticated_frames_are_as_the_golden_files_say),
        cmocka_unit_test(test_encrypted_frames_are_as_the_golden_files_say),
    };
    int failed;

    sealer = fab_sealer_create();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    fab_sealer_destroy(&sealer);
    return failed;
}
