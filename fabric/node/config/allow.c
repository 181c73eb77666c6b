/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may attach: users and groups of the file become numbers. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/config/config.h"
#include "node/config/document.h"
#include "node/config/schema.h"

static bool
is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0' && strlen(text) < 10;
}

static bool
uid_of(const char *user, uint32_t *uid)
{
    const struct passwd *entry = user && !is_number(user) ? getpwnam(user) : NULL;

    *uid = !user ? MYC_ATTACH_ANY : entry ? entry->pw_uid : (uint32_t)strtoul(user, NULL, 10);
    return !user || entry || is_number(user);
}

static bool
gid_of(const char *group, uint32_t *gid)
{
    const struct group *entry = group && !is_number(group) ? getgrnam(group) : NULL;

    *gid = !group ? MYC_ATTACH_ANY : entry ? entry->gr_gid : (uint32_t)strtoul(group, NULL, 10);
    return !group || entry || is_number(group);
}

enum myc_status
fab_config_check_allow(struct fab_yaml *yaml, const struct fab_config_file *file)
{
    const struct fab_file_segments *segments = &file->segments;
    uint32_t id;

    for (uint32_t i = 0; i < segments->attach_allow_count; i++) {
        const struct fab_file_allow *allow = &segments->attach_allow[i];
        char path[64];

        snprintf(path, sizeof(path), "segments.attach_allow[%u].user", i);
        if (!uid_of(allow->user, &id))
            return fab_yaml_refuse(yaml, path, "is %s, and this machine has no such user",
                                   allow->user);
        snprintf(path, sizeof(path), "segments.attach_allow[%u].group", i);
        if (!gid_of(allow->group, &id))
            return fab_yaml_refuse(yaml, path, "is %s, and this machine has no such group",
                                   allow->group);
    }
    return MYC_OK;
}

enum myc_status
fab_config_allow(struct fab_config *config)
{
    const struct fab_file_segments *segments = &config->file->segments;
    uint32_t count = segments->attach_allow_count;

    config->allow = calloc(count + 1, sizeof(config->allow[0]));
    if (!config->allow)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; i < count; i++) {
        const struct fab_file_allow *allow = &segments->attach_allow[i];
        struct myc_attach_rule *rule = &config->allow[i];

        (void)uid_of(allow->user, &rule->uid);
        (void)gid_of(allow->group, &rule->gid);
        rule->names = (const char *const *)allow->names;
        rule->name_count = allow->names_count;
    }
    config->options.attach_allow = config->allow;
    config->options.attach_allow_count = count;
    return MYC_OK;
}
