/* SPDX-License-Identifier: BSD-3-Clause */
/* What a spec must fulfil before anything is started. */
#include "supervisor.h"

#include <string.h>

static bool
is_id(const char *id)
{
    size_t size = id == NULL ? 0 : strnlen(id, SUPERVISOR_ID_SIZE);

    return size > 0 && size < SUPERVISOR_ID_SIZE;
}

static enum myc_status
check_flags(const struct myc_supervisor_spec *spec)
{
    bool has_children = spec->children != NULL || spec->child_count == 0;

    if (spec->size != sizeof(*spec) || !has_children || spec->strategy > MYC_DYNAMIC ||
        spec->auto_shutdown > MYC_AUTO_SHUTDOWN_ALL || spec->period_ns == MYC_FOREVER)
        return MYC_INVALID;
    if (spec->intensity > MYC_SUPERVISOR_INTENSITY_MAX && spec->intensity != MYC_INTENSITY_NONE)
        return MYC_INVALID;
    if (spec->backoff_jitter_percent > 100 || (spec->class_count > 0 && spec->classes == NULL))
        return MYC_INVALID;
    if (spec->strategy != MYC_DYNAMIC)
        return MYC_OK;
    if (spec->auto_shutdown != MYC_AUTO_SHUTDOWN_NEVER)
        return MYC_UNSUPPORTED;
    return spec->child_count == 1 ? MYC_OK : MYC_INVALID;
}

static enum myc_status
check_child(const struct myc_supervisor_spec *spec, const struct myc_child_spec *child)
{
    const struct myc_spawn_options *options = child->options;

    if (child->size != sizeof(*child) || !is_id(child->id) || child->class_of == NULL ||
        child->restart > MYC_RESTART_POLICY_TEMPORARY)
        return MYC_INVALID;
    if (options != NULL && (options->size != sizeof(*options) || options->is_linked))
        return MYC_INVALID;
    if (!(child->flags & MYC_CHILD_IS_SIGNIFICANT))
        return MYC_OK;
    if (spec->auto_shutdown == MYC_AUTO_SHUTDOWN_NEVER ||
        child->restart == MYC_RESTART_POLICY_PERMANENT)
        return MYC_UNSUPPORTED;
    return MYC_OK;
}

enum myc_status
myc_supervisor_check(const struct myc_supervisor_spec *spec, uint32_t children_max)
{
    enum myc_status status = check_flags(spec);

    if (status == MYC_OK && spec->child_count > children_max)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; status == MYC_OK && i < spec->child_count; i++) {
        status = check_child(spec, &spec->children[i]);
        for (uint32_t k = 0; status == MYC_OK && k < i; k++)
            if (strcmp(spec->children[k].id, spec->children[i].id) == 0)
                status = MYC_EXISTS;
    }
    return status;
}
