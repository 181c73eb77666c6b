/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/config/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/config/strict.h"

static const cyaml_config_t cyaml_settings = {
    .mem_fn = cyaml_mem,
    .log_level = CYAML_LOG_ERROR,
};

static enum myc_status
refuse_file(struct fab_yaml *yaml, enum myc_status status, const char *why)
{
    snprintf(yaml->error, FAB_YAML_ERROR_SIZE, "%s: %s", yaml->file, why);
    return status;
}

static enum myc_status
read_file(struct fab_yaml *yaml)
{
    FILE *file = fopen(yaml->file, "rb");
    enum myc_status status = MYC_OK;

    if (!file)
        return refuse_file(yaml, errno == ENOENT ? MYC_NOT_FOUND : MYC_IO_ERROR, strerror(errno));
    yaml->text = malloc(FAB_YAML_FILE_MAX + 1);
    if (!yaml->text) {
        status = refuse_file(yaml, MYC_NO_MEMORY, "no memory to read it");
        goto close_file;
    }
    yaml->size = fread(yaml->text, 1, FAB_YAML_FILE_MAX + 1, file);
    if (ferror(file))
        status = refuse_file(yaml, MYC_IO_ERROR, "cannot be read; is it a file?");
    else if (yaml->size > FAB_YAML_FILE_MAX)
        status = refuse_file(yaml, MYC_INVALID, "is larger than 1 MiB; is it the right file?");
close_file:
    fclose(file);
    return status;
}

static enum myc_status
refuse_syntax(struct fab_yaml *yaml, const yaml_parser_t *parser)
{
    snprintf(yaml->error, FAB_YAML_ERROR_SIZE, "%s:%zu:%zu: not YAML: %s%s%s", yaml->file,
             parser->problem_mark.line + 1, parser->problem_mark.column + 1,
             parser->problem ? parser->problem : "unreadable", parser->context ? ", " : "",
             parser->context ? parser->context : "");
    return MYC_INVALID;
}

static enum myc_status
expect_no_more(struct fab_yaml *yaml, yaml_parser_t *parser)
{
    enum myc_status status = MYC_OK;
    yaml_document_t more;

    if (!yaml_parser_load(parser, &more))
        return refuse_syntax(yaml, parser);
    if (yaml_document_get_root_node(&more)) {
        snprintf(yaml->error, FAB_YAML_ERROR_SIZE,
                 "%s:%zu:1: a second document begins here; one file holds one", yaml->file,
                 more.start_mark.line + 1);
        status = MYC_INVALID;
    }
    yaml_document_delete(&more);
    return status;
}

static enum myc_status
parse(struct fab_yaml *yaml)
{
    enum myc_status status;
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser))
        return refuse_file(yaml, MYC_NO_MEMORY, "no memory to read it");
    yaml_parser_set_input_string(&parser, yaml->text, yaml->size);
    if (!yaml_parser_load(&parser, &yaml->document)) {
        status = refuse_syntax(yaml, &parser);
    } else {
        yaml->has_document = true;
        if (yaml_document_get_root_node(&yaml->document))
            status = expect_no_more(yaml, &parser);
        else
            status = refuse_file(yaml, MYC_INVALID, "says nothing; see deploy/examples");
    }
    yaml_parser_delete(&parser);
    return status;
}

enum myc_status
fab_yaml_open(struct fab_yaml *yaml, const char *file, char *error)
{
    enum myc_status status;

    memset(yaml, 0, sizeof(*yaml));
    yaml->error = error;
    error[0] = '\0';
    yaml->file = strdup(file);
    if (!yaml->file)
        return MYC_NO_MEMORY;
    status = read_file(yaml);
    return status == MYC_OK ? parse(yaml) : status;
}

void
fab_yaml_close(struct fab_yaml *yaml)
{
    if (yaml->has_document)
        yaml_document_delete(&yaml->document);
    free(yaml->text);
    free(yaml->file);
    memset(yaml, 0, sizeof(*yaml));
}

enum myc_status
fab_yaml_load(struct fab_yaml *yaml, const cyaml_schema_value_t *schema, void **data)
{
    enum myc_status status = fab_yaml_check(yaml, schema);
    cyaml_err_t outcome;

    if (status != MYC_OK)
        return status;
    outcome = cyaml_load_data(yaml->text, yaml->size, &cyaml_settings, schema, data, NULL);
    if (outcome == CYAML_OK)
        return MYC_OK;
    return refuse_file(yaml, outcome == CYAML_ERR_OOM ? MYC_NO_MEMORY : MYC_INVALID,
                       cyaml_strerror(outcome));
}

void
fab_yaml_free(const cyaml_schema_value_t *schema, void *data)
{
    if (data)
        cyaml_free(&cyaml_settings, schema, data, 0);
}

const char *
fab_yaml_scalar(const yaml_node_t *node)
{
    return node && node->type == YAML_SCALAR_NODE ? (const char *)node->data.scalar.value : NULL;
}

yaml_node_t *
fab_yaml_value(struct fab_yaml *yaml, const yaml_node_t *mapping, const char *key, size_t key_size)
{
    if (!mapping || mapping->type != YAML_MAPPING_NODE)
        return NULL;
    for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
         pair < mapping->data.mapping.pairs.top; pair++) {
        const char *name = fab_yaml_scalar(yaml_document_get_node(&yaml->document, pair->key));

        if (name && strlen(name) == key_size && memcmp(name, key, key_size) == 0)
            return yaml_document_get_node(&yaml->document, pair->value);
    }
    return NULL;
}

static yaml_node_t *
item_of(struct fab_yaml *yaml, const yaml_node_t *sequence, size_t index)
{
    if (!sequence || sequence->type != YAML_SEQUENCE_NODE)
        return NULL;
    if (index >= (size_t)(sequence->data.sequence.items.top - sequence->data.sequence.items.start))
        return NULL;
    return yaml_document_get_node(&yaml->document, sequence->data.sequence.items.start[index]);
}

/* Follows a path as far as the file goes along. Returns whether that was all of it. */
static bool
follow(struct fab_yaml *yaml, const char *path, yaml_node_t **place)
{
    yaml_node_t *node = yaml_document_get_root_node(&yaml->document);

    *place = node;
    while (*path) {
        if (*path == '[') {
            char *end;

            node = item_of(yaml, node, strtoul(path + 1, &end, 10));
            path = end + 1;
        } else {
            size_t size = strcspn(path += *path == '.', ".[");

            node = fab_yaml_value(yaml, node, path, size);
            path += size;
        }
        if (!node)
            return false;
        *place = node;
    }
    return true;
}

yaml_node_t *
fab_yaml_lookup(struct fab_yaml *yaml, const char *path)
{
    yaml_node_t *place;

    return follow(yaml, path, &place) ? place : NULL;
}

enum myc_status
fab_yaml_refuse_at(struct fab_yaml *yaml, yaml_mark_t mark, const char *path, const char *format,
                   va_list arguments)
{
    int size = snprintf(yaml->error, FAB_YAML_ERROR_SIZE, "%s:%zu:%zu: %s%s", yaml->file,
                        mark.line + 1, mark.column + 1, path, *path ? ": " : "");

    if (size > 0 && size < FAB_YAML_ERROR_SIZE)
        vsnprintf(yaml->error + size, FAB_YAML_ERROR_SIZE - (size_t)size, format, arguments);
    return MYC_INVALID;
}

enum myc_status
fab_yaml_refuse(struct fab_yaml *yaml, const char *path, const char *format, ...)
{
    yaml_node_t *place;
    va_list arguments;

    follow(yaml, path, &place);
    va_start(arguments, format);
    fab_yaml_refuse_at(yaml, place->start_mark, path, format, arguments);
    va_end(arguments);
    return MYC_INVALID;
}
