/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/packet.h"

#include <stdbool.h>
#include <string.h>

#include "link/slot.h"

size_t
fab_control_packet_size(uint16_t type)
{
    switch (type) {
    case FAB_CONTROL_HELLO:
    case FAB_CONTROL_WELCOME:
        return sizeof(struct fab_control_offer);
    case FAB_CONTROL_READY:
    case FAB_CONTROL_UP:
    case FAB_CONTROL_RESPONSE:
    case FAB_CONTROL_HEAP:
        return sizeof(struct fab_control_memory);
    case FAB_CONTROL_END:
    case FAB_CONTROL_REQUEST:
        return sizeof(struct fab_control_text);
    default:
        return 0;
    }
}

/* Printable, and ended by zeros. */
static bool
is_text(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    if (length == size)
        return false;
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    for (size_t i = length; i < size; i++) {
        if (text[i] != 0)
            return false;
    }
    return true;
}

static bool
offer_is_valid(const struct fab_control_offer *offer)
{
    static const uint8_t zeros[sizeof(offer->reserved)];

    if (memcmp(offer->reserved, zeros, sizeof(zeros)) != 0 || offer->lcore_count == 0)
        return false;
    if ((offer->flags & ~FAB_CONTROL_IS_CLIENT) || !fab_ring_slots_is_valid(offer->slots))
        return false;
    if (offer->head.type == FAB_CONTROL_HELLO && (offer->given_home || offer->memory_size))
        return false;
    return offer->slot_size > 0 && is_text(offer->name, sizeof(offer->name));
}

static bool
text_is_valid(const struct fab_control_text *text)
{
    bool is_end = text->head.type == FAB_CONTROL_END;

    if (text->reserved != 0 || text->status >= MYC_STATUS_COUNT)
        return false;
    if (is_end != (text->status != MYC_OK))
        return false;
    return is_text(text->text, sizeof(text->text));
}

enum myc_status
fab_control_packet_check(const union fab_control_packet *packet, size_t size)
{
    const struct fab_control_head *head = &packet->head;
    bool is_good = true;

    if (size < sizeof(*head) || head->magic != FAB_CONTROL_MAGIC || head->size != size)
        return MYC_INVALID;
    if (head->version != FAB_CONTROL_VERSION)
        return MYC_VERSION;
    if (head->reserved != 0 || size != fab_control_packet_size(head->type))
        return MYC_INVALID;
    if (size == sizeof(packet->offer))
        is_good = offer_is_valid(&packet->offer);
    else if (size == sizeof(packet->text))
        is_good = text_is_valid(&packet->text);
    else if (head->type == FAB_CONTROL_UP)
        is_good = packet->memory.size == 0;
    return is_good ? MYC_OK : MYC_INVALID;
}

void
fab_control_packet_init(union fab_control_packet *packet, enum fab_control_type type)
{
    memset(packet, 0, sizeof(*packet));
    packet->head = (struct fab_control_head){
        .magic = FAB_CONTROL_MAGIC,
        .version = FAB_CONTROL_VERSION,
        .type = (uint16_t)type,
        .size = (uint32_t)fab_control_packet_size((uint16_t)type),
    };
}
