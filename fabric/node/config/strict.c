/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One walk over libyaml's document along libcyaml's schema: unknown, doubled and missing keys,
 * wrong types, numbers that do not fit or carry a unit, empty texts, words that are not in a list.
 *
 * The schema stays the only description of a file. Of its types those that we use are handled; a
 * field of type IGNORE is a mapping with free keys and scalar values, which its owner reads from
 * the document.
 */
#include "node/config/strict.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define LIST_SIZE 400 /* bytes of a list of words in a message */

struct walk {
    struct fab_yaml *yaml;
    char path[FAB_YAML_PATH_SIZE];
};

static bool check_value(struct walk *walk, const cyaml_schema_value_t *value,
                        const yaml_node_t *node);

static bool FAB_PRINTF(3, 4)
    refuse(struct walk *walk, const yaml_node_t *node, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fab_yaml_refuse_at(walk->yaml, node->start_mark, walk->path, format, arguments);
    va_end(arguments);
    return false;
}

/* Adds a key or index to the path. Returns the size to which it is to be cut back. */
static size_t FAB_PRINTF(2, 3) descend(struct walk *walk, const char *format, ...)
{
    size_t size = strlen(walk->path);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(walk->path + size, sizeof(walk->path) - size, format, arguments);
    va_end(arguments);
    return size;
}

static const char *
kind_of(const yaml_node_t *node)
{
    switch (node->type) {
    case YAML_MAPPING_NODE:
        return "a mapping";
    case YAML_SEQUENCE_NODE:
        return "a list";
    default:
        return "a single value";
    }
}

static void
add_word(char *list, const char *word)
{
    size_t size = strlen(list);

    snprintf(list + size, LIST_SIZE - size, "%s%s", size ? ", " : "", word);
}

/* Digits, and nothing else: no unit, no fraction, no octal. */
static bool
is_whole_number(const char *text, bool is_signed)
{
    if (is_signed && *text == '-')
        text++;
    if (!isdigit((unsigned char)*text) || (text[0] == '0' && text[1] != '\0'))
        return false;
    return text[strspn(text, "0123456789")] == '\0';
}

static bool
check_unsigned(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    unsigned long long max =
        value->data_size >= 8 ? UINT64_MAX : (1ULL << (8 * value->data_size)) - 1;
    const char *text = fab_yaml_scalar(node);

    if (text && is_whole_number(text, false)) {
        errno = 0;
        if (strtoull(text, NULL, 10) <= max && errno == 0)
            return true;
    }
    return refuse(walk, node, "is %s; write a whole number from 0 to %llu, without a unit",
                  text ? text : kind_of(node), max);
}

static bool
check_signed(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    long long max = value->data_size >= 8 ? INT64_MAX : (1LL << (8 * value->data_size - 1)) - 1;
    const char *text = fab_yaml_scalar(node);

    if (text && is_whole_number(text, true)) {
        long long number = strtoll(text, NULL, 10);

        if (number <= max && number >= -max - 1)
            return true;
    }
    return refuse(walk, node, "is %s; write a whole number from %lld to %lld, without a unit",
                  text ? text : kind_of(node), -max - 1, max);
}

static bool
check_boolean(struct walk *walk, const yaml_node_t *node)
{
    static const char *const words[] = { "true", "false", "yes", "no" };
    const char *text = fab_yaml_scalar(node);

    for (size_t i = 0; text && i < FAB_COUNT_OF(words); i++)
        if (strcmp(text, words[i]) == 0)
            return true;
    return refuse(walk, node, "is %s; write yes or no", text ? text : kind_of(node));
}

static bool
check_word(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    const char *text = fab_yaml_scalar(node);
    char list[LIST_SIZE] = "";

    for (uint32_t i = 0; i < value->enumeration.count; i++) {
        if (text && strcmp(text, value->enumeration.strings[i].str) == 0)
            return true;
        add_word(list, value->enumeration.strings[i].str);
    }
    return refuse(walk, node, "is %s; write one of: %s", text ? text : kind_of(node), list);
}

static bool
check_text(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    const char *text = fab_yaml_scalar(node);

    if (!text)
        return refuse(walk, node, "is %s; write a single text", kind_of(node));
    if (strlen(text) != node->data.scalar.length)
        return refuse(walk, node, "has a NUL character in it");
    if (node->data.scalar.length < value->string.min)
        return refuse(walk, node, "is empty; give it a value or leave the key out");
    if (node->data.scalar.length > value->string.max)
        return refuse(walk, node, "has %zu characters; at most %u are taken",
                      node->data.scalar.length, value->string.max);
    return true;
}

static const cyaml_schema_field_t *
find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

static bool
refuse_key(struct walk *walk, const cyaml_schema_field_t *fields, const yaml_node_t *key)
{
    const char *given = fab_yaml_scalar(key);
    const char *close = NULL;
    char list[LIST_SIZE] = "";

    for (; fields->key; fields++) {
        add_word(list, fields->key);
        if (given && *given && strncmp(fields->key, given, strlen(given)) == 0)
            close = fields->key;
    }
    if (close)
        return refuse(walk, key, "no such key; did you mean %s? Known here: %s", close, list);
    return refuse(walk, key, "no such key; known here: %s", list);
}

/* Refuses a key that stands twice, or is no plain word. */
static bool
check_key(struct walk *walk, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
    yaml_document_t *document = &walk->yaml->document;
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const char *name = fab_yaml_scalar(key);

    if (!name)
        return refuse(walk, key, "%s stands where a key should; write a word", kind_of(key));
    for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++) {
        const char *before = fab_yaml_scalar(yaml_document_get_node(document, other->key));

        if (before && strcmp(before, name) == 0)
            return refuse(walk, key, "%s is given twice; keep one", name);
    }
    return true;
}

static bool
check_pair(struct walk *walk, const cyaml_schema_field_t *fields, const yaml_node_t *mapping,
           const yaml_node_pair_t *pair)
{
    yaml_document_t *document = &walk->yaml->document;
    const yaml_node_t *key = yaml_document_get_node(document, pair->key);
    const cyaml_schema_field_t *field;
    size_t size;
    bool is_good;

    if (!check_key(walk, mapping, pair))
        return false;
    size = descend(walk, "%s%s", *walk->path ? "." : "", fab_yaml_scalar(key));
    field = find_field(fields, fab_yaml_scalar(key));
    is_good = field
                  ? check_value(walk, &field->value, yaml_document_get_node(document, pair->value))
                  : refuse_key(walk, fields, key);
    walk->path[size] = '\0';
    return is_good;
}

static bool
check_mapping(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    const cyaml_schema_field_t *fields = value->mapping.fields;

    if (node->type != YAML_MAPPING_NODE)
        return refuse(walk, node, "is %s; write a mapping, beginning with \"%s:\"", kind_of(node),
                      fields->key);
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++)
        if (!check_pair(walk, fields, node, pair))
            return false;
    for (; fields->key; fields++)
        if (!(fields->value.flags & CYAML_FLAG_OPTIONAL) &&
            !fab_yaml_value(walk->yaml, node, fields->key, strlen(fields->key)))
            return refuse(walk, node, "has no %s; add it", fields->key);
    return true;
}

static bool
check_list(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    size_t count;

    if (node->type != YAML_SEQUENCE_NODE)
        return refuse(walk, node, "is %s; write a list, each entry after a dash", kind_of(node));
    count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (count < value->sequence.min || count > value->sequence.max)
        return refuse(walk, node, "has %zu entries; %u to %u are taken", count, value->sequence.min,
                      value->sequence.max);
    for (size_t i = 0; i < count; i++) {
        size_t size = descend(walk, "[%zu]", i);

        if (!check_value(
                walk, value->sequence.entry,
                yaml_document_get_node(&walk->yaml->document, node->data.sequence.items.start[i])))
            return false;
        walk->path[size] = '\0';
    }
    return true;
}

static bool
check_free_mapping(struct walk *walk, const yaml_node_t *node)
{
    if (node->type != YAML_MAPPING_NODE)
        return refuse(walk, node, "is %s; write a mapping", kind_of(node));
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *value = yaml_document_get_node(&walk->yaml->document, pair->value);

        if (!check_key(walk, node, pair))
            return false;
        if (!fab_yaml_scalar(value))
            return refuse(walk, value, "is %s; write a single value", kind_of(value));
    }
    return true;
}

static bool
check_value(struct walk *walk, const cyaml_schema_value_t *value, const yaml_node_t *node)
{
    switch (value->type) {
    case CYAML_UINT:
        return check_unsigned(walk, value, node);
    case CYAML_INT:
        return check_signed(walk, value, node);
    case CYAML_BOOL:
        return check_boolean(walk, node);
    case CYAML_ENUM:
        return check_word(walk, value, node);
    case CYAML_STRING:
        return check_text(walk, value, node);
    case CYAML_MAPPING:
        return check_mapping(walk, value, node);
    case CYAML_SEQUENCE:
        return check_list(walk, value, node);
    case CYAML_IGNORE:
        return check_free_mapping(walk, node);
    default:
        FAB_ASSERT(false);
    }
    return false;
}

enum myc_status
fab_yaml_check(struct fab_yaml *yaml, const cyaml_schema_value_t *schema)
{
    struct walk walk = { .yaml = yaml };

    return check_value(&walk, schema, yaml_document_get_root_node(&yaml->document)) ? MYC_OK
                                                                                    : MYC_INVALID;
}
