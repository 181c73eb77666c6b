/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device's name and EAL argument, from a profile and the values that a config gives.
 *
 * EAL splits the argument at commas and knows no escape, so a value with a comma is refused.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/config/profile.h"

#define INTERFACE_NAME_MAX 15 /* IFNAMSIZ without its NUL */
#define WORDS_SIZE         400

static enum myc_status FAB_PRINTF(2, 3) refuse(char *error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, FAB_YAML_ERROR_SIZE, format, arguments);
    va_end(arguments);
    return MYC_INVALID;
}

static enum myc_status
check_number(const struct fab_profile_parameter *parameter, const char *value, char *error)
{
    unsigned long long number;

    errno = 0;
    number = strtoull(value, NULL, 10);
    if (*value && value[strspn(value, "0123456789")] == '\0' && errno == 0 &&
        number >= parameter->min && number <= parameter->max)
        return MYC_OK;
    return refuse(error, "is %s; write a whole number from %llu to %llu", value,
                  (unsigned long long)parameter->min, (unsigned long long)parameter->max);
}

static enum myc_status
check_choice(const struct fab_profile_parameter *parameter, const char *value, char *error)
{
    char words[WORDS_SIZE] = "";

    for (uint32_t i = 0; i < parameter->choices_count; i++) {
        size_t size = strlen(words);

        if (strcmp(parameter->choices[i], value) == 0)
            return MYC_OK;
        snprintf(words + size, sizeof(words) - size, "%s%s", size ? ", " : "",
                 parameter->choices[i]);
    }
    return refuse(error, "is %s; write one of: %s", value, words);
}

static enum myc_status
check_pci_address(const char *value, char *error)
{
    static const char shape[] = "hhhh:hh:hh.d";
    size_t i = 0;

    while (shape[i] && value[i] &&
           (shape[i] == 'h'   ? isxdigit((unsigned char)value[i]) != 0
            : shape[i] == 'd' ? value[i] >= '0' && value[i] <= '7'
                              : value[i] == shape[i]))
        i++;
    if (!shape[i] && !value[i])
        return MYC_OK;
    return refuse(error, "is %s; write a PCI address such as 0000:01:00.0 (see dpdk-devbind.py -s)",
                  value);
}

static enum myc_status
check_interface(const char *value, char *error)
{
    if (*value && strlen(value) <= INTERFACE_NAME_MAX && !strpbrk(value, "/ \t"))
        return MYC_OK;
    return refuse(error, "is %s; write the name of a kernel interface (see ip -br link)", value);
}

static enum myc_status
check_value(const struct fab_profile_parameter *parameter, const char *value, char *error)
{
    if (strpbrk(value, ",\n"))
        return refuse(error, "has a comma or a line break in it, which EAL cannot take");
    switch (parameter->kind) {
    case FAB_PARAMETER_NUMBER:
        return check_number(parameter, value, error);
    case FAB_PARAMETER_CHOICE:
        return check_choice(parameter, value, error);
    case FAB_PARAMETER_PCI_ADDRESS:
        return check_pci_address(value, error);
    case FAB_PARAMETER_INTERFACE:
        return check_interface(value, error);
    case FAB_PARAMETER_TEXT:
    case FAB_PARAMETER_PATH:
        break;
    }
    return *value ? MYC_OK : refuse(error, "is empty; give it a value or leave the key out");
}

static const struct fab_device_value *
find_value(const struct fab_device_value *values, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(values[i].name, name) == 0)
            return &values[i];
    return NULL;
}

static bool
has_parameter(const struct fab_port_profile *profile, const char *name)
{
    for (uint32_t i = 0; i < profile->parameters_count; i++)
        if (strcmp(profile->parameters[i].name, name) == 0)
            return true;
    return false;
}

static enum myc_status
check_names(const struct fab_port_profile *profile, const struct fab_device_value *values,
            uint32_t count, uint32_t *culprit, char *error)
{
    char words[WORDS_SIZE] = "";

    for (uint32_t i = 0; i < profile->parameters_count; i++) {
        size_t size = strlen(words);

        snprintf(words + size, sizeof(words) - size, "%s%s", size ? ", " : "",
                 profile->parameters[i].name);
    }
    for (*culprit = 0; *culprit < count; ++*culprit)
        if (!has_parameter(profile, values[*culprit].name))
            return refuse(error, "no such key; the profile %s knows: %s", profile->profile, words);
    return MYC_OK;
}

/* Appends ",key=value"; false when the text is full. */
static bool
append(struct fab_device *device, const char *key, const char *value)
{
    size_t size = strlen(device->text);
    int added = snprintf(device->text + size, sizeof(device->text) - size, ",%s%s%s", key,
                         value ? "=" : "", value ? value : "");

    return added >= 0 && size + (size_t)added < sizeof(device->text);
}

/* The address of a PCI device, or the driver's name and the port's. */
static enum myc_status
name_device(const struct fab_port_profile *profile, const char *port,
            const struct fab_device_value *values, uint32_t count, struct fab_device *device,
            char *error)
{
    int size = 0;

    if (profile->bus == FAB_BUS_VDEV)
        size = snprintf(device->name, sizeof(device->name), "%s_%s", profile->driver, port);
    for (uint32_t i = 0; i < profile->parameters_count; i++)
        if (profile->parameters[i].kind == FAB_PARAMETER_PCI_ADDRESS)
            size = snprintf(device->name, sizeof(device->name), "%s",
                            find_value(values, count, profile->parameters[i].name)->value);
    if ((size_t)size >= sizeof(device->name))
        return refuse(error, "the port's name is too long for a device; at most %zu characters",
                      sizeof(device->name) - strlen(profile->driver) - 2);
    memcpy(device->text, device->name, sizeof(device->name));
    return MYC_OK;
}

static enum myc_status
check_parameter(const struct fab_port_profile *profile,
                const struct fab_profile_parameter *parameter, const struct fab_device_value *given,
                char *error)
{
    if (given)
        return check_value(parameter, given->value, error);
    if (parameter->is_required)
        return refuse(error, "has no %s, which the profile %s needs: %s", parameter->name,
                      profile->profile, parameter->summary);
    return MYC_OK;
}

static enum myc_status
write_text(const struct fab_port_profile *profile, const struct fab_device_value *values,
           uint32_t count, struct fab_device *device, char *error)
{
    bool has_room = !profile->arguments || append(device, profile->arguments, NULL);

    for (uint32_t i = 0; i < profile->parameters_count; i++) {
        const struct fab_profile_parameter *parameter = &profile->parameters[i];
        const struct fab_device_value *given = find_value(values, count, parameter->name);
        const char *value = given ? given->value : parameter->value;

        if (value && parameter->argument)
            has_room = has_room && append(device, parameter->argument, value);
    }
    if (has_room)
        return MYC_OK;
    return refuse(error, "makes the device's arguments longer than %d characters",
                  FAB_DEVICE_TEXT_SIZE - 1);
}

enum myc_status
fab_device_make(const struct fab_port_profile *profile, const char *port,
                const struct fab_device_value *values, uint32_t count, struct fab_device *device,
                uint32_t *culprit, char *error)
{
    enum myc_status status = check_names(profile, values, count, culprit, error);

    memset(device, 0, sizeof(*device));
    device->bus = profile->bus;
    for (uint32_t i = 0; status == MYC_OK && i < profile->parameters_count; i++) {
        const struct fab_device_value *given =
            find_value(values, count, profile->parameters[i].name);

        *culprit = given ? (uint32_t)(given - values) : count;
        status = check_parameter(profile, &profile->parameters[i], given, error);
    }
    if (status != MYC_OK)
        return status;
    *culprit = count;
    status = name_device(profile, port, values, count, device, error);
    return status == MYC_OK ? write_text(profile, values, count, device, error) : status;
}
