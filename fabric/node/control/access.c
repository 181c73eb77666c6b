/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/access.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum myc_status
copy_names(struct fab_reach *reach, const struct myc_attach_rule *rule)
{
    char **names = calloc(rule->name_count + 1U, sizeof(*names));

    if (!names)
        return MYC_NO_MEMORY;
    reach->names = (const char *const *)names;
    for (; reach->count < rule->name_count; reach->count++) {
        names[reach->count] = strdup(rule->names[reach->count]);
        if (!names[reach->count])
            return MYC_NO_MEMORY;
    }
    return MYC_OK;
}

enum myc_status
fab_access_init(struct fab_access *access, const struct myc_attach_rule *rules, uint32_t count)
{
    memset(access, 0, sizeof(*access));
    if (count > FAB_ACCESS_RULES_MAX)
        return MYC_INVALID;
    for (; access->count < count; access->count++) {
        const struct myc_attach_rule *from = &rules[access->count];
        struct fab_access_rule *rule = &access->rules[access->count];

        *rule = (struct fab_access_rule){ from->uid, from->gid, from->names != NULL, { 0 } };
        if (from->name_count > FAB_ACCESS_NAMES_MAX)
            return MYC_INVALID;
        if (rule->is_limited && copy_names(&rule->reach, from) != MYC_OK) {
            access->count++; /* what it has is given back with the others */
            return MYC_NO_MEMORY;
        }
    }
    return MYC_OK;
}

void
fab_access_fini(struct fab_access *access)
{
    for (uint32_t i = 0; i < access->count; i++) {
        struct fab_reach *reach = &access->rules[i].reach;

        for (uint32_t n = 0; n < reach->count; n++)
            free((char *)(uintptr_t)reach->names[n]);
        free((void *)(uintptr_t)reach->names);
    }
    access->count = 0;
}

static bool
fits(const struct fab_access_rule *rule, const struct fab_control_credentials *credentials)
{
    return (rule->uid == MYC_ATTACH_ANY || rule->uid == credentials->uid) &&
           (rule->gid == MYC_ATTACH_ANY || rule->gid == credentials->gid);
}

bool
fab_access_allows(const struct fab_access *access,
                  const struct fab_control_credentials *credentials, unsigned mode,
                  const struct fab_reach **reach)
{
    *reach = NULL;
    for (uint32_t i = 0; i < access->count; i++) {
        const struct fab_access_rule *rule = &access->rules[i];

        if (!fits(rule, credentials))
            continue;
        *reach = rule->is_limited ? &rule->reach : NULL;
        return true;
    }
    return fab_control_is_allowed(credentials, access->count > 0 ? 0 : mode);
}
