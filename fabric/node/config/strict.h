/* SPDX-License-Identifier: BSD-3-Clause */
/* Checking a YAML document against a libcyaml schema, more strictly than libcyaml does. */
#ifndef FAB_NODE_CONFIG_STRICT_H
#define FAB_NODE_CONFIG_STRICT_H

#include "node/config/document.h"

/* OK; INVALID with the first fault in yaml->error. */
enum myc_status fab_yaml_check(struct fab_yaml *yaml, const cyaml_schema_value_t *schema);

#endif
