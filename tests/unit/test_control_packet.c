/* SPDX-License-Identifier: BSD-3-Clause */
#include "support/cmocka.h"

#include "base/compiler.h"
#include "link/slot.h"
#include "node/control/packet.h"

static union fab_control_packet
good(enum fab_control_type type)
{
    union fab_control_packet packet;

    fab_control_packet_init(&packet, type);
    if (type == FAB_CONTROL_HELLO || type == FAB_CONTROL_WELCOME) {
        packet.offer.home = 0x0001000000000001ULL;
        packet.offer.slots = 1024;
        packet.offer.slot_size = FAB_RING_SLOT_SIZE;
        packet.offer.lcore_count = 2;
        memcpy(packet.offer.name, "alpha", 5);
    } else if (type == FAB_CONTROL_READY || type == FAB_CONTROL_RESPONSE) {
        packet.memory.size = 4096;
    } else if (type == FAB_CONTROL_END) {
        packet.text.status = MYC_SHUTDOWN;
        memcpy(packet.text.text, "bye", 3);
    } else if (type == FAB_CONTROL_REQUEST) {
        memcpy(packet.text.text, "ls", 2);
    }
    return packet;
}

static void
test_good_packets_are_accepted(void **state)
{
    (void)state;
    for (uint16_t type = FAB_CONTROL_HELLO; type < FAB_CONTROL_TYPE_END; type++) {
        union fab_control_packet packet = good((enum fab_control_type)type);

        assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_OK);
    }
}

static void
test_every_cut_is_refused(void **state)
{
    (void)state;
    for (uint16_t type = FAB_CONTROL_HELLO; type < FAB_CONTROL_TYPE_END; type++) {
        union fab_control_packet packet = good((enum fab_control_type)type);

        for (uint32_t size = 0; size < packet.head.size; size++)
            assert_int_equal(fab_control_packet_check(&packet, size), MYC_INVALID);
        packet.head.size--;
        assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_INVALID);
    }
}

static void
test_another_version_is_told_apart(void **state)
{
    union fab_control_packet packet = good(FAB_CONTROL_HELLO);

    (void)state;
    packet.head.version++;
    assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_VERSION);
    packet.head.type = 77;
    assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_VERSION);
}

static void
test_fields_out_of_range_are_refused(void **state)
{
    static const struct {
        enum fab_control_type type;
        size_t offset;
        uint8_t value;
    } bad[] = {
        { FAB_CONTROL_UP, offsetof(struct fab_control_head, magic), 0 },
        { FAB_CONTROL_UP, offsetof(struct fab_control_head, type), 0 },
        { FAB_CONTROL_UP, offsetof(struct fab_control_head, type), FAB_CONTROL_TYPE_END },
        { FAB_CONTROL_UP, offsetof(struct fab_control_head, reserved), 1 },
        { FAB_CONTROL_UP, offsetof(struct fab_control_memory, size), 1 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, given_home), 1 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, memory_size), 1 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, slots), 1 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, slots) + 2, 2 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, slot_size), 0 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, lcore_count), 0 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, flags), 2 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, reserved) + 5, 1 },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, name), '\n' },
        { FAB_CONTROL_HELLO, offsetof(struct fab_control_offer, name) + 31, 'x' },
        { FAB_CONTROL_END, offsetof(struct fab_control_text, status), MYC_OK },
        { FAB_CONTROL_END, offsetof(struct fab_control_text, status), MYC_STATUS_COUNT },
        { FAB_CONTROL_END, offsetof(struct fab_control_text, reserved), 1 },
        { FAB_CONTROL_REQUEST, offsetof(struct fab_control_text, status), 1 },
        { FAB_CONTROL_REQUEST, offsetof(struct fab_control_text, text) + 1, 0x1b },
    };

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(bad); i++) {
        union fab_control_packet packet = good(bad[i].type);

        ((uint8_t *)&packet)[bad[i].offset] = bad[i].value;
        assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_INVALID);
    }
}

static void
test_a_name_that_fills_its_field_is_refused(void **state)
{
    union fab_control_packet packet = good(FAB_CONTROL_HELLO);

    (void)state;
    memset(packet.offer.name, 'x', sizeof(packet.offer.name));
    assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_INVALID);
    packet.offer.name[sizeof(packet.offer.name) - 1] = '\0';
    assert_int_equal(fab_control_packet_check(&packet, packet.head.size), MYC_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_packets_are_accepted),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_another_version_is_told_apart),
        cmocka_unit_test(test_fields_out_of_range_are_refused),
        cmocka_unit_test(test_a_name_that_fills_its_field_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
