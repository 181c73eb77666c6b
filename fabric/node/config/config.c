/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE 4096

static char *
folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* The `device:` of a port as a list. Returns how many there are; the texts are the document's. */
static uint32_t
device_values(struct fab_yaml *yaml, uint32_t port, struct fab_device_value *values, uint32_t max)
{
    char path[FAB_YAML_PATH_SIZE];
    yaml_node_t *node;
    uint32_t count = 0;

    snprintf(path, sizeof(path), "ports[%u].device", port);
    node = fab_yaml_lookup(yaml, path);
    if (!node)
        return 0;
    for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top && count < max; pair++, count++) {
        values[count].name = fab_yaml_scalar(yaml_document_get_node(&yaml->document, pair->key));
        values[count].value = fab_yaml_scalar(yaml_document_get_node(&yaml->document, pair->value));
    }
    return count;
}

static enum myc_status
load_profile(struct fab_yaml *yaml, struct fab_config *config, uint32_t port)
{
    const char *name = config->file->ports[port].profile;
    char path[FAB_YAML_PATH_SIZE];
    char error[FAB_YAML_ERROR_SIZE];
    char file[PATH_SIZE];
    enum myc_status status;

    snprintf(path, sizeof(path), "ports[%u].profile", port);
    if (fab_port_profile_find(name, config->folder, file, sizeof(file)) != MYC_OK)
        return fab_yaml_refuse(yaml, path,
                               "there is no profile %s (no file %s); see pmd-config/ for those "
                               "that there are",
                               name, file);
    status = fab_port_profile_load(file, &config->profiles[port], error);
    return status == MYC_OK ? MYC_OK : fab_yaml_refuse(yaml, path, "%s", error);
}

static enum myc_status
make_device(struct fab_yaml *yaml, struct fab_config *config, uint32_t port)
{
    struct fab_device_value values[64];
    uint32_t count = device_values(yaml, port, values, FAB_COUNT_OF(values));
    const char *name = config->file->ports[port].name;
    char path[FAB_YAML_PATH_SIZE];
    char error[FAB_YAML_ERROR_SIZE];
    uint32_t culprit;

    if (fab_device_make(config->profiles[port], name, values, count, &config->devices[port],
                        &culprit, error) == MYC_OK)
        return MYC_OK;
    if (culprit < count)
        snprintf(path, sizeof(path), "ports[%u].device.%.64s", port, values[culprit].name);
    else
        snprintf(path, sizeof(path), "ports[%u].device", port);
    return fab_yaml_refuse(yaml, path, "%s", error);
}

static enum myc_status
check_mtu(struct fab_yaml *yaml, const struct fab_config *config, uint32_t port)
{
    const struct fab_port_profile *profile = config->profiles[port];
    uint16_t mtu = config->file->ports[port].mtu_bytes;
    char path[FAB_YAML_PATH_SIZE];

    if (mtu == 0 || (mtu >= profile->mtu_bytes_min && mtu <= profile->mtu_bytes_max))
        return MYC_OK;
    snprintf(path, sizeof(path), "ports[%u].mtu_bytes", port);
    return fab_yaml_refuse(yaml, path, "is %u; the profile %s takes %u to %u", mtu,
                           profile->profile, profile->mtu_bytes_min, profile->mtu_bytes_max);
}

enum myc_status
fab_config_devices(struct fab_yaml *yaml, struct fab_config *config)
{
    enum myc_status status = MYC_OK;

    config->profiles = calloc(config->file->ports_count + 1, sizeof(config->profiles[0]));
    config->devices = calloc(config->file->ports_count + 1, sizeof(config->devices[0]));
    if (!config->profiles || !config->devices)
        return MYC_NO_MEMORY;
    for (uint32_t i = 0; status == MYC_OK && i < config->file->ports_count; i++) {
        if (config->file->ports[i].borrowed)
            continue; /* the program's: there is nothing to make */
        status = load_profile(yaml, config, i);
        if (status == MYC_OK)
            status = make_device(yaml, config, i);
        if (status == MYC_OK)
            status = check_mtu(yaml, config, i);
    }
    return status;
}

static enum myc_status
load(struct fab_yaml *yaml, struct fab_config *config)
{
    enum myc_status status;

    if ((status = fab_yaml_load(yaml, &fab_config_schema, (void **)&config->file)) != MYC_OK ||
        (status = fab_config_check(yaml, config->file)) != MYC_OK ||
        (status = fab_config_devices(yaml, config)) != MYC_OK ||
        (status = fab_config_eal(yaml, config)) != MYC_OK)
        return status;
    return fab_config_options(config);
}

enum myc_status
fab_config_load(const char *path, struct fab_config **config, char *error)
{
    struct fab_config *loaded = calloc(1, sizeof(*loaded));
    struct fab_yaml yaml;
    enum myc_status status;

    if (!loaded)
        return MYC_NO_MEMORY;
    status = fab_yaml_open(&yaml, path, error);
    loaded->folder = folder_of(path);
    if (status == MYC_OK)
        status = loaded->folder ? load(&yaml, loaded) : MYC_NO_MEMORY;
    if (status == MYC_NO_MEMORY && error[0] == '\0')
        snprintf(error, FAB_YAML_ERROR_SIZE, "%s: no memory to read it", path);
    fab_yaml_close(&yaml);
    if (status == MYC_OK)
        *config = loaded;
    else
        fab_config_free(&loaded);
    return status;
}

void
fab_config_free(struct fab_config **config)
{
    struct fab_config *old = *config;

    *config = NULL;
    if (!old)
        return;
    for (uint32_t i = 0; old->profiles && i < old->file->ports_count; i++)
        fab_port_profile_free(&old->profiles[i]);
    for (int i = 0; i < old->argument_count; i++)
        free(old->arguments[i]);
    for (uint32_t i = 0; i < old->actor_count; i++)
        free(old->actors[i].library);
    free(old->arguments);
    free(old->profiles);
    free(old->devices);
    free(old->lcores);
    free(old->ports);
    free(old->borrowed);
    for (uint32_t i = 0; old->key_files && i < old->file->peers_count; i++)
        free(old->key_files[i]);
    free(old->key_files);
    free(old->peers);
    free(old->allow);
    free(old->actors);
    free(old->folder);
    fab_yaml_free(&fab_config_schema, old->file);
    free(old);
}
