/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A YAML file whose errors have a place.
 *
 * libcyaml fills a struct from a file as its schema says, but it is lenient ("5us" reads as 5, a
 * leading zero means octal) and its places are those of what surrounds the fault. So the file is
 * read twice: strict.c walks libyaml's document along the same schema and says what is wrong,
 * where, and what to do; only then libcyaml fills the struct. Checks that need the struct (ranges,
 * names that must exist elsewhere) come after, and give a path such as "ports[1].mtu_bytes", which
 * is looked up in the document for its line and column.
 *
 * Every error is one line: FILE:LINE:COLUMN: PATH: what is wrong; what to do.
 */
#ifndef FAB_NODE_CONFIG_DOCUMENT_H
#define FAB_NODE_CONFIG_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <cyaml/cyaml.h>
#include <yaml.h>

#include <mycelium/status.h>

#include "base/compiler.h"

#define FAB_YAML_ERROR_SIZE 768           /* bytes of one error with its NUL */
#define FAB_YAML_PATH_SIZE  192           /* bytes of a path within a file with its NUL */
#define FAB_YAML_FILE_MAX   (1024 * 1024) /* bytes of a file that is read at all */

struct fab_yaml {
    char *file;          /* as it was given, for messages */
    unsigned char *text; /* of the whole file */
    size_t size;         /* bytes of text */
    yaml_document_t document;
    bool has_document;
    char *error; /* FAB_YAML_ERROR_SIZE bytes of the caller's; not owned */
};

/*
 * Reads a file. `error` takes the sentence of this and every later failure.
 * OK; NOT_FOUND (no such file); IO_ERROR; INVALID (not YAML, or more than one document).
 * To be closed in any case.
 */
enum myc_status fab_yaml_open(struct fab_yaml *yaml, const char *file, char *error);
void fab_yaml_close(struct fab_yaml *yaml);

/* Checks the document against a schema and fills a struct with it, to be freed by fab_yaml_free.
 * OK; INVALID; NO_MEMORY. */
enum myc_status fab_yaml_load(struct fab_yaml *yaml, const cyaml_schema_value_t *schema,
                              void **data);
void fab_yaml_free(const cyaml_schema_value_t *schema, void *data);

/* Writes the error line for a place. Returns INVALID, so that a check can end with it. */
enum myc_status fab_yaml_refuse(struct fab_yaml *yaml, const char *path, const char *format, ...)
    FAB_PRINTF(3, 4);

/* The same for a node that is at hand. */
enum myc_status fab_yaml_refuse_at(struct fab_yaml *yaml, yaml_mark_t mark, const char *path,
                                   const char *format, va_list arguments);

/* The node at a path; NULL when the file does not say it. */
yaml_node_t *fab_yaml_lookup(struct fab_yaml *yaml, const char *path);

/* The text of a scalar node; NULL when it is something else. */
const char *fab_yaml_scalar(const yaml_node_t *node);

/* The value of a key in a mapping node; NULL when it has none. */
yaml_node_t *fab_yaml_value(struct fab_yaml *yaml, const yaml_node_t *mapping, const char *key,
                            size_t key_size);

#endif
