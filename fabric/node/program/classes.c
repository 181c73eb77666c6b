/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/program/classes.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/plugin.h>

#include "builtin_classes.h"

static const struct myc_class *
find(const struct myc_class *const *classes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(classes[i]->name, name) == 0)
            return classes[i];
    return NULL;
}

const struct myc_class *
fab_classes_lookup_builtin(const char *name)
{
    return find(myc_builtin_classes, myc_builtin_class_count, name);
}

static enum myc_status
check_plugin(const struct myc_plugin *plugin, const char *library, char *error, size_t error_size)
{
    if (plugin->version == MYC_PLUGIN_VERSION && plugin->size == sizeof(*plugin))
        return MYC_OK;
    snprintf(
        error, error_size,
        "%s was built for plugin version %u, this program has %u: build it against the installed "
        "headers",
        library, plugin->version, MYC_PLUGIN_VERSION);
    return MYC_VERSION;
}

enum myc_status
fab_classes_load(const char *library, const char *name, const struct myc_class **class_of,
                 char *error, size_t error_size)
{
    void *object = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    const struct myc_plugin *plugin;
    enum myc_status status;

    if (!object) {
        snprintf(error, error_size, "cannot open the shared object: %s", dlerror());
        return MYC_NOT_FOUND;
    }
    plugin = dlsym(object, MYC_PLUGIN_SYMBOL);
    if (!plugin) {
        snprintf(error, error_size,
                 "%s is no plugin: it has no symbol `%s`; use MYC_PLUGIN_DEFINE of "
                 "<mycelium/plugin.h>",
                 library, MYC_PLUGIN_SYMBOL);
        return MYC_INVALID;
    }
    status = check_plugin(plugin, library, error, error_size);
    if (status != MYC_OK)
        return status;
    *class_of = find(plugin->classes, plugin->class_count, name);
    if (*class_of)
        return MYC_OK;
    snprintf(error, error_size, "%s has no actor class `%s`", library, name);
    return MYC_NOT_FOUND;
}
