/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a message of a generated type: verify decides, and what it lets through may be read
 * by every view, printed and written again. The input is a type, a version and a block length,
 * then the body, which lies at an odd address and ends where the memory ends.
 */
#include <stdlib.h>
#include <string.h>

#define MYC_SBE_WITHOUT_SEND
#include "sbe_all.h"
#include "sbe_big.h"

#define HEAD_SIZE 4U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct myc_type *const types[] = {
    &all_numbers_type, &all_order_type,   &all_options_type, &all_grown_type,
    &all_basket_type,  &all_nothing_type, &big_numbers_type, &all_listing_type,
};

static uint64_t sum; /* so that no read is optimised away */

static void
take(struct myc_sbe_bytes bytes)
{
    for (uint32_t i = 0; i < bytes.size; i++)
        sum += bytes.at[i];
}

static void
read_basket(const struct myc_message *message)
{
    struct all_basket_view view = all_basket_view_of(message);
    struct myc_sbe_iterator legs, fills, parties;
    struct all_basket_legs_view leg;
    struct all_basket_legs_fills_view fill;
    struct all_basket_parties_view party;
    uint32_t counted = 0;

    for (uint32_t i = 0; i < ALL_BASKET_KEY_COUNT; i++)
        sum += all_basket_get_key(&view, i);
    all_basket_legs_begin(&view, &legs);
    for (uint32_t expected = legs.left; all_basket_legs_next(&legs, &leg); expected--) {
        struct all_basket_legs values;

        if (expected == 0)
            abort();
        all_basket_legs_read(&leg, &values);
        if (!all_side_is_valid((char)values.side))
            abort();
        all_basket_legs_fills_begin(&leg, &fills);
        while (all_basket_legs_fills_next(&fills, &fill))
            sum += (uint64_t)all_basket_legs_fills_get_price(&fill);
        take(all_basket_legs_get_label(&leg));
    }
    all_basket_parties_begin(&view, &parties);
    for (counted = parties.left; all_basket_parties_next(&parties, &party); counted--)
        sum += all_basket_parties_get_id(&party);
    if (counted != 0)
        abort();
    take(all_basket_get_note(&view));
    take(all_basket_get_blob(&view));
}

static void
read_grown(const struct myc_message *message)
{
    struct all_grown_view view = all_grown_view_of(message);
    const char *symbol = all_grown_get_symbol(&view);
    struct myc_sbe_iterator added;
    struct all_grown_added_view entry;
    struct all_grown value;

    all_grown_read(&view, &value);
    if (all_grown_has_two(&view) != (message->version >= 1))
        abort();
    if (symbol != NULL && memcmp(symbol, value.symbol, sizeof(value.symbol)) != 0)
        abort();
    all_grown_added_begin(&view, &added);
    while (all_grown_added_next(&added, &entry))
        sum += all_grown_added_get_value(&entry);
    take(all_grown_get_note(&view));
}

static void
read_big(const struct myc_message *message)
{
    struct big_numbers_view view = big_numbers_view_of(message);
    struct myc_sbe_iterator entries;
    struct big_numbers_no_md_entries_view entry;

    for (uint32_t i = 0; i < BIG_NUMBERS_THREE_COUNT; i++)
        sum += (uint64_t)big_numbers_get_three(&view, i);
    big_numbers_no_md_entries_begin(&view, &entries);
    while (big_numbers_no_md_entries_next(&entries, &entry))
        sum += (uint64_t)big_numbers_no_md_entries_get_md_entry_px(&entry);
    take(big_numbers_get_text(&view));
}

static void
read_listing(const struct myc_message *message)
{
    struct all_listing_view view = all_listing_view_of(message);
    struct myc_sbe_iterator names;
    struct all_listing_names_view name;

    all_listing_names_begin(&view, &names);
    while (all_listing_names_next(&names, &name))
        take(all_listing_names_get_name(&name));
}

/* What is read and written again has the same bytes, as far as fields cover them. */
static void
read_numbers(const struct myc_message *message)
{
    struct all_numbers value;
    uint8_t again[ALL_NUMBERS_SIZE];

    if (!all_numbers_decode(message, &value))
        abort();
    all_numbers_encode(&value, again);
    if (memcmp(again, message->body, sizeof(again)) != 0)
        abort();
}

static void
read_all(const struct myc_message *message)
{
    struct all_order order;
    struct all_options options;

    switch (myc_message_key(message)) {
    case ALL_NUMBERS_KEY:
        read_numbers(message);
        break;
    case ALL_ORDER_KEY:
        if (!all_order_decode(message, &order) || !all_side_is_valid((char)order.leg.side))
            abort();
        break;
    case ALL_OPTIONS_KEY:
        if (!all_options_decode(message, &options))
            abort();
        break;
    case ALL_GROWN_KEY:
        read_grown(message);
        break;
    case ALL_BASKET_KEY:
        read_basket(message);
        break;
    case BIG_NUMBERS_KEY:
        read_big(message);
        break;
    case ALL_LISTING_KEY:
        read_listing(message);
        break;
    default:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct myc_type *type;
    struct myc_message message = { 0 };
    uint8_t *memory;
    char text[64];

    if (size < HEAD_SIZE)
        return 0;
    type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
    message.size = (uint32_t)(size - HEAD_SIZE);
    message.template_id = type->template_id;
    message.schema_id = type->schema_id;
    message.version = data[1];
    message.block_length = (uint16_t)(data[2] | data[3] << 8);
    memory = (uint8_t *)malloc(message.size + 1U);
    if (memory == NULL)
        abort();
    if (message.size > 0)
        memcpy(memory + 1, data + HEAD_SIZE, message.size);
    message.body = memory + 1;
    if (type->verify(message.body, message.size, message.block_length, message.version)) {
        read_all(&message);
        sum += myc_type_format(type, message.body, message.block_length, text, sizeof(text));
    }
    free(memory);
    return 0;
}
