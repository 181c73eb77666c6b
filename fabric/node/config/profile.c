/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/config/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 4096
#define LIST_MAX 32

static const cyaml_strval_t buses[] = {
    { "vdev", FAB_BUS_VDEV },
    { "pci", FAB_BUS_PCI },
};

static const cyaml_strval_t kinds[] = {
    { "text", FAB_PARAMETER_TEXT },           { "number", FAB_PARAMETER_NUMBER },
    { "choice", FAB_PARAMETER_CHOICE },       { "path", FAB_PARAMETER_PATH },
    { "interface", FAB_PARAMETER_INTERFACE }, { "pci_address", FAB_PARAMETER_PCI_ADDRESS },
};

static const cyaml_strval_t steerings[] = {
    { "none", FAB_STEERING_NONE },
    { "rss", FAB_STEERING_RSS },
    { "rte_flow", FAB_STEERING_RTE_FLOW },
};

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX),
};

/* clang-format off */
#define TEXT(key, structure, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, structure, member, 1, TEXT_MAX)
#define TEXT_MAYBE(key, structure, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, structure, member, 1, \
                           TEXT_MAX)
#define WORD(key, structure, member, words) \
    CYAML_FIELD_ENUM(key, CYAML_FLAG_STRICT, structure, member, words, FAB_COUNT_OF(words))

static const cyaml_schema_field_t parameter_fields[] = {
    TEXT("name", struct fab_profile_parameter, name),
    TEXT_MAYBE("argument", struct fab_profile_parameter, argument),
    WORD("kind", struct fab_profile_parameter, kind, kinds),
    CYAML_FIELD_BOOL("is_required", CYAML_FLAG_OPTIONAL, struct fab_profile_parameter, is_required),
    TEXT_MAYBE("default", struct fab_profile_parameter, value),
    CYAML_FIELD_SEQUENCE("choices", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct fab_profile_parameter, choices, &text_value, 1, LIST_MAX),
    CYAML_FIELD_UINT("min", CYAML_FLAG_OPTIONAL, struct fab_profile_parameter, min),
    CYAML_FIELD_UINT("max", CYAML_FLAG_OPTIONAL, struct fab_profile_parameter, max),
    TEXT("summary", struct fab_profile_parameter, summary),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t parameter_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct fab_profile_parameter, parameter_fields),
};

#define NUMBER(member) \
    CYAML_FIELD_UINT(#member, CYAML_FLAG_DEFAULT, struct fab_port_profile, member)
#define YES_NO(member) \
    CYAML_FIELD_BOOL(#member, CYAML_FLAG_DEFAULT, struct fab_port_profile, member)

static const cyaml_schema_field_t profile_fields[] = {
    TEXT("profile", struct fab_port_profile, profile),
    TEXT("summary", struct fab_port_profile, summary),
    TEXT("driver", struct fab_port_profile, driver),
    WORD("bus", struct fab_port_profile, bus, buses),
    TEXT_MAYBE("arguments", struct fab_port_profile, arguments),
    CYAML_FIELD_SEQUENCE("parameters", CYAML_FLAG_POINTER, struct fab_port_profile, parameters,
                         &parameter_value, 1, LIST_MAX),
    NUMBER(mtu_bytes),
    NUMBER(mtu_bytes_min),
    NUMBER(mtu_bytes_max),
    NUMBER(rx_descriptors),
    NUMBER(tx_descriptors),
    NUMBER(mbuf_count),
    NUMBER(queue_pairs_max),
    NUMBER(burst_frames),
    WORD("steering", struct fab_port_profile, steering, steerings),
    YES_NO(can_set_mtu),
    YES_NO(can_transmit),
    YES_NO(can_offload_checksums),
    YES_NO(can_timestamp),
    YES_NO(needs_server_first),
    YES_NO(needs_hugepages),
    YES_NO(needs_root),
    CYAML_FIELD_SEQUENCE("needs_packages", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                         struct fab_port_profile, needs_packages, &text_value, 0, LIST_MAX),
    TEXT_MAYBE("host_setup", struct fab_port_profile, host_setup),
    CYAML_FIELD_END,
};
/* clang-format on */

static const cyaml_schema_value_t profile_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct fab_port_profile, profile_fields),
};

static enum myc_status
check_range(struct fab_yaml *yaml, const char *path, uint64_t value, uint64_t min, uint64_t max)
{
    if (value >= min && value <= max)
        return MYC_OK;
    return fab_yaml_refuse(yaml, path, "is %llu; choose %llu to %llu", (unsigned long long)value,
                           (unsigned long long)min, (unsigned long long)max);
}

static enum myc_status
check_parameter(struct fab_yaml *yaml, const struct fab_port_profile *profile, uint32_t index)
{
    const struct fab_profile_parameter *parameter = &profile->parameters[index];
    bool is_address = parameter->kind == FAB_PARAMETER_PCI_ADDRESS;
    char path[FAB_YAML_PATH_SIZE];

    snprintf(path, sizeof(path), "parameters[%u]", index);
    if (is_address != !parameter->argument)
        return fab_yaml_refuse(yaml, path, "%s",
                               is_address ? "a PCI address is no argument; remove `argument`"
                                          : "has no argument; add the driver's key");
    if (is_address && profile->bus != FAB_BUS_PCI)
        return fab_yaml_refuse(yaml, path, "a PCI address, but the bus is vdev; make it pci");
    if ((parameter->kind == FAB_PARAMETER_CHOICE) != (parameter->choices_count > 0))
        return fab_yaml_refuse(yaml, path, "choices belong to the kind choice; give both, or none");
    if ((parameter->kind == FAB_PARAMETER_NUMBER) != (parameter->max > 0))
        return fab_yaml_refuse(yaml, path,
                               "min and max belong to the kind number; give all, or none");
    if (parameter->is_required && parameter->value)
        return fab_yaml_refuse(yaml, path, "is required and has a default; keep one");
    return MYC_OK;
}

static enum myc_status
check_numbers(struct fab_yaml *yaml, const struct fab_port_profile *profile)
{
    enum myc_status status;

    if ((status = check_range(yaml, "mtu_bytes_min", profile->mtu_bytes_min, 68, 9000)) != MYC_OK ||
        (status = check_range(yaml, "mtu_bytes_max", profile->mtu_bytes_max, profile->mtu_bytes_min,
                              65535)) != MYC_OK ||
        (status = check_range(yaml, "mtu_bytes", profile->mtu_bytes, profile->mtu_bytes_min,
                              profile->mtu_bytes_max)) != MYC_OK ||
        (status = check_range(yaml, "rx_descriptors", profile->rx_descriptors, 32, 32768)) !=
            MYC_OK ||
        (status = check_range(yaml, "tx_descriptors", profile->tx_descriptors, 32, 32768)) !=
            MYC_OK ||
        (status = check_range(yaml, "queue_pairs_max", profile->queue_pairs_max, 1, 1024)) !=
            MYC_OK ||
        (status = check_range(yaml, "burst_frames", profile->burst_frames, 1, 512)) != MYC_OK)
        return status;
    if (profile->mbuf_count < (uint32_t)profile->rx_descriptors + profile->tx_descriptors)
        return fab_yaml_refuse(
            yaml, "mbuf_count", "is %u, but the descriptors alone hold %u; choose more",
            profile->mbuf_count, (uint32_t)profile->rx_descriptors + profile->tx_descriptors);
    return MYC_OK;
}

static enum myc_status
check_profile(struct fab_yaml *yaml, const struct fab_port_profile *profile)
{
    enum myc_status status = check_numbers(yaml, profile);
    uint32_t addresses = 0;

    for (uint32_t i = 0; status == MYC_OK && i < profile->parameters_count; i++) {
        status = check_parameter(yaml, profile, i);
        addresses += profile->parameters[i].kind == FAB_PARAMETER_PCI_ADDRESS;
    }
    if (status == MYC_OK && addresses != (profile->bus == FAB_BUS_PCI ? 1 : 0))
        return fab_yaml_refuse(yaml, "parameters", "has %u PCI addresses; a pci profile has one",
                               addresses);
    return status;
}

enum myc_status
fab_port_profile_load(const char *file, struct fab_port_profile **profile, char *error)
{
    struct fab_port_profile *loaded = NULL;
    struct fab_yaml yaml;
    enum myc_status status = fab_yaml_open(&yaml, file, error);

    if (status == MYC_OK)
        status = fab_yaml_load(&yaml, &profile_value, (void **)&loaded);
    if (status == MYC_OK)
        status = check_profile(&yaml, loaded);
    fab_yaml_close(&yaml);
    if (status == MYC_OK)
        *profile = loaded;
    else
        fab_port_profile_free(&loaded);
    return status;
}

void
fab_port_profile_free(struct fab_port_profile **profile)
{
    fab_yaml_free(&profile_value, *profile);
    *profile = NULL;
}

enum myc_status
fab_port_profile_find(const char *name, const char *folder, char *file, size_t file_size)
{
    const char *own = getenv("MYCELIUM_PMD_CONFIG");
    const char *const folders[] = { own ? own : FAB_PROFILES_SOURCE, FAB_PROFILES_INSTALLED };

    if (strchr(name, '/')) {
        snprintf(file, file_size, "%s%s%s", *name == '/' ? "" : folder, *name == '/' ? "" : "/",
                 name);
        return access(file, R_OK) == 0 ? MYC_OK : MYC_NOT_FOUND;
    }
    for (size_t i = 0; i < FAB_COUNT_OF(folders); i++) {
        snprintf(file, file_size, "%s/%s.yaml", folders[i], name);
        if (access(file, R_OK) == 0)
            return MYC_OK;
        if (own)
            break;
    }
    return MYC_NOT_FOUND;
}
