/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Prints the root block of any message from its descriptor: for logs, traces and `mycelium ls`.
 *
 * The text is built in a buffer that may be too small, as snprintf does: what does not fit is
 * counted, not written, so that the caller learns how much room the whole text wants.
 */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/message.h>

struct text {
    char *start;
    size_t capacity; /* at least 1 */
    size_t size;     /* of the whole text, also what did not fit */
};

__attribute__((format(printf, 2, 3))) static void
append(struct text *text, const char *format, ...)
{
    size_t used = text->size < text->capacity ? text->size : text->capacity;
    va_list arguments;
    int count;

    va_start(arguments, format);
    count = vsnprintf(text->start + used, text->capacity - used, format, arguments);
    va_end(arguments);
    if (count > 0)
        text->size += (size_t)count;
}

static size_t
size_of(enum myc_primitive primitive)
{
    switch (primitive) {
    case MYC_PRIMITIVE_CHAR:
    case MYC_PRIMITIVE_INT8:
    case MYC_PRIMITIVE_UINT8:
        return 1;
    case MYC_PRIMITIVE_INT16:
    case MYC_PRIMITIVE_UINT16:
        return 2;
    case MYC_PRIMITIVE_INT32:
    case MYC_PRIMITIVE_UINT32:
    case MYC_PRIMITIVE_FLOAT:
        return 4;
    case MYC_PRIMITIVE_INT64:
    case MYC_PRIMITIVE_UINT64:
    case MYC_PRIMITIVE_DOUBLE:
        return 8;
    }
    return 1;
}

static bool
is_signed(enum myc_primitive primitive)
{
    return primitive == MYC_PRIMITIVE_INT8 || primitive == MYC_PRIMITIVE_INT16 ||
           primitive == MYC_PRIMITIVE_INT32 || primitive == MYC_PRIMITIVE_INT64;
}

/* The bits of one element, sign-extended where it has a sign. */
static uint64_t
load(const struct myc_field *field, const uint8_t *at)
{
    size_t size = size_of(field->primitive);
    uint64_t bits = 0;

    for (size_t i = 0; i < size; i++)
        bits |= (uint64_t)at[field->is_big_endian ? size - 1 - i : i] << (8 * i);
    if (is_signed(field->primitive) && size < 8 && (bits >> (8 * size - 1)) != 0)
        bits |= UINT64_MAX << (8 * size);
    return bits;
}

static double
real_of(enum myc_primitive primitive, uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    double wide;
    float narrow;

    if (primitive == MYC_PRIMITIVE_DOUBLE) {
        memcpy(&wide, &bits, sizeof(wide));
        return wide;
    }
    memcpy(&narrow, &low, sizeof(narrow));
    return (double)narrow;
}

static void
append_character(struct text *text, char c)
{
    if (c == '"' || c == '\\')
        append(text, "\\%c", c);
    else if (c >= ' ' && c <= '~')
        append(text, "%c", c);
    else
        append(text, "\\x%02x", (unsigned)(uint8_t)c);
}

static void
append_text(struct text *text, const uint8_t *at, size_t count)
{
    size_t size = 0;

    while (size < count && at[size] != 0)
        size++;
    append(text, "\"");
    for (size_t i = 0; i < size; i++)
        append_character(text, (char)at[i]);
    append(text, "\"");
}

static void
append_number(struct text *text, const struct myc_field *field, uint64_t bits)
{
    if (field->primitive == MYC_PRIMITIVE_FLOAT || field->primitive == MYC_PRIMITIVE_DOUBLE) {
        double value = real_of(field->primitive, bits);

        if (field->is_optional && isnan(value))
            append(text, "null");
        else
            append(text, "%.*g", field->primitive == MYC_PRIMITIVE_DOUBLE ? 17 : 9, value);
    } else if (field->is_optional && bits == field->null_value) {
        append(text, "null");
    } else if (field->primitive == MYC_PRIMITIVE_CHAR) {
        append(text, "'");
        append_character(text, (char)bits);
        append(text, "'");
    } else if (is_signed(field->primitive)) {
        append(text, "%" PRId64, (int64_t)bits);
    } else {
        append(text, "%" PRIu64, bits);
    }
}

static void
append_enum(struct text *text, const struct myc_field *field, uint64_t bits)
{
    for (uint16_t i = 0; i < field->choice_count; i++) {
        if (field->choices[i].value == bits) {
            append(text, "%s", field->choices[i].name);
            return;
        }
    }
    append_number(text, field, bits);
}

static void
append_set(struct text *text, const struct myc_field *field, uint64_t bits)
{
    const char *between = "";

    append(text, "{");
    for (uint16_t i = 0; i < field->choice_count; i++) {
        uint64_t bit = UINT64_C(1) << field->choices[i].value;

        if ((bits & bit) == 0)
            continue;
        append(text, "%s%s", between, field->choices[i].name);
        between = "|";
        bits &= ~bit;
    }
    if (bits != 0)
        append(text, "%s0x%" PRIx64, between, bits);
    append(text, "}");
}

static void
append_field(struct text *text, const struct myc_field *field, const uint8_t *at)
{
    if (field->kind == MYC_FIELD_ENUM) {
        append_enum(text, field, load(field, at));
    } else if (field->kind == MYC_FIELD_SET) {
        append_set(text, field, load(field, at));
    } else if (field->count == 1) {
        append_number(text, field, load(field, at));
    } else if (field->primitive == MYC_PRIMITIVE_CHAR) {
        append_text(text, at, field->count);
    } else {
        append(text, "[");
        for (uint16_t i = 0; i < field->count; i++) {
            append(text, i > 0 ? " " : "");
            append_number(text, field, load(field, at + i * size_of(field->primitive)));
        }
        append(text, "]");
    }
}

size_t
myc_type_format(const struct myc_type *type, const void *body, uint32_t size, char *buffer,
                size_t capacity)
{
    struct text text = { .start = buffer, .capacity = capacity };
    const char *between = "";

    buffer[0] = '\0';
    append(&text, "%s{", type->name);
    for (uint16_t i = 0; i < type->field_count; i++) {
        const struct myc_field *field = &type->fields[i];

        /* A sender of an older version has a shorter block: what it lacks is left out. */
        if (field->offset + field->count * size_of(field->primitive) > size)
            continue;
        append(&text, "%s%s=", between, field->name);
        append_field(&text, field, (const uint8_t *)body + field->offset);
        between = ", ";
    }
    append(&text, "}");
    return text.size;
}
