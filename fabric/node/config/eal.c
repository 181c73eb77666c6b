/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * EAL's arguments from a config: lcores, memory, devices.
 *
 * EAL lcore 0 is the main thread, which only waits; lcore i of the config is EAL lcore i + 1,
 * placed on its CPU with --lcores, because several lcores may share a CPU. A secondary process
 * counts from SECONDARY_LCORE instead: a mempool has a cache for each lcore id, which the processes
 * that share it would otherwise use at the same time. It takes memory and devices as the primary
 * has them. EAL takes no path for an lcore that does not exist but ends the process with a line of
 * its own, so CPUs are checked here.
 */
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "env/hugepages.h"
#include "env/port.h"
#include "node/config/config.h"

#define BASE_MB        64  /* EAL itself, tables, names */
#define LCORE_MB       160 /* with the default limits: messages, state of actors, rings */
#define FRAME_MORE     768 /* bytes of a buffer besides the frame: headroom, mbuf, pool */
#define ARGUMENTS_MORE 24  /* besides devices and those of the config */
#define LCORES_SIZE    8192
#define PREFIX_SIZE    32
/* A third of EAL's lcore ids is left to primaries. */
#define SECONDARY_LCORE     40
#define SECONDARY_LCORE_MAX 127 /* RTE_MAX_LCORE - 1 */

static bool
add(struct fab_config *config, const char *text)
{
    char *copy = strdup(text);

    if (copy)
        config->arguments[config->argument_count++] = copy;
    return copy != NULL;
}

static bool
add_pair(struct fab_config *config, const char *name, const char *value)
{
    return add(config, name) && add(config, value);
}

static uint32_t
main_lcore(const struct fab_config *config)
{
    return config->file->eal.is_secondary ? SECONDARY_LCORE : 0;
}

uint32_t
fab_config_lcore(const struct fab_config *config, uint32_t index)
{
    return main_lcore(config) + 1 + index;
}

static int
first_cpu(const cpu_set_t *set)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set))
            return cpu;
    return 0;
}

static enum myc_status
check_cpu(struct fab_yaml *yaml, const cpu_set_t *set, const char *path, uint32_t cpu)
{
    char list[128] = "";

    if (cpu < CPU_SETSIZE && CPU_ISSET(cpu, set))
        return MYC_OK;
    for (int i = 0; i < CPU_SETSIZE; i++) {
        size_t size = strlen(list);

        if (CPU_ISSET(i, set))
            snprintf(list + size, sizeof(list) - size, "%s%d", size ? " " : "", i);
    }
    return fab_yaml_refuse(yaml, path, "CPU %u is not one that this process may use; choose of: %s",
                           cpu, list);
}

static enum myc_status
check_cpus(struct fab_yaml *yaml, const struct fab_file_eal *eal, const cpu_set_t *set)
{
    enum myc_status status = MYC_OK;

    if (fab_yaml_lookup(yaml, "eal.main_cpu"))
        status = check_cpu(yaml, set, "eal.main_cpu", eal->main_cpu);
    for (uint32_t i = 0; status == MYC_OK && i < eal->lcores_count; i++) {
        char path[FAB_YAML_PATH_SIZE];

        snprintf(path, sizeof(path), "eal.lcores[%u].cpu", i);
        status = check_cpu(yaml, set, path, eal->lcores[i].cpu);
    }
    return status;
}

static enum myc_status
add_lcores(struct fab_yaml *yaml, struct fab_config *config)
{
    const struct fab_file_eal *eal = &config->file->eal;
    char text[LCORES_SIZE];
    enum myc_status status;
    cpu_set_t set;
    int size;

    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof(set), &set);
    status = check_cpus(yaml, eal, &set);
    if (status != MYC_OK)
        return status;
    size = snprintf(text, sizeof(text), "%u@%d", main_lcore(config),
                    fab_yaml_lookup(yaml, "eal.main_cpu") ? (int)eal->main_cpu : first_cpu(&set));
    for (uint32_t i = 0; i < eal->lcores_count; i++)
        size += snprintf(text + size, sizeof(text) - (size_t)size, ",%u@%u",
                         fab_config_lcore(config, i), eal->lcores[i].cpu);
    if (!add_pair(config, "--lcores", text))
        return MYC_NO_MEMORY;
    snprintf(text, sizeof(text), "%u", main_lcore(config));
    return add_pair(config, "--main-lcore", text) ? MYC_OK : MYC_NO_MEMORY;
}

static const char *
file_prefix_of(const struct fab_config *config, char *own, size_t size)
{
    snprintf(own, size, "mycelium-%u", config->file->node.id);
    return config->file->eal.file_prefix ? config->file->eal.file_prefix : own;
}

static enum myc_status
choose_pages(struct fab_yaml *yaml, struct fab_config *config, uint32_t memory_mb)
{
    char own[PREFIX_SIZE];
    uint32_t free_mb = 0;

    config->has_hugepages = false;
    if (config->file->eal.hugepages == FAB_HUGEPAGES_NO)
        return MYC_OK;
    if (fab_hugepages_reclaim(file_prefix_of(config, own, sizeof(own))))
        free_mb = fab_hugepages_free_mb();
    config->has_hugepages = free_mb >= memory_mb;
    if (!config->has_hugepages && config->file->eal.hugepages == FAB_HUGEPAGES_YES)
        return fab_yaml_refuse(yaml, "eal.hugepages",
                               "%u MB are wanted in hugepages of 2 MB and %u MB are free and "
                               "mounted; reserve them (echo %u >/proc/sys/vm/nr_hugepages), or say "
                               "auto",
                               memory_mb, free_mb, memory_mb / FAB_HUGEPAGE_MB);
    return MYC_OK;
}

/* Queues that the port may get, each with a pool. */
static uint32_t
queue_count(const struct fab_config *config, const struct fab_file_port *port,
            const struct fab_port_profile *profile)
{
    uint32_t lcores = config->file->eal.lcores_count;

    if (port->steering == MYC_STEERING_SOFTWARE ||
        (port->steering == MYC_STEERING_BEST && profile->steering == FAB_STEERING_NONE))
        return 1;
    return lcores < FAB_PORT_QUEUES_MAX ? lcores : FAB_PORT_QUEUES_MAX;
}

/* What lcores and ports need with the default limits. */
static uint32_t
default_memory_mb(const struct fab_config *config)
{
    uint64_t frame_bytes = 0;

    for (uint32_t i = 0; i < config->file->ports_count; i++) {
        const struct fab_file_port *port = &config->file->ports[i];
        const struct fab_port_profile *profile = config->profiles[i];
        uint64_t count = port->mbuf_count ? port->mbuf_count : profile->mbuf_count;
        uint64_t mtu = port->mtu_bytes ? port->mtu_bytes : profile->mtu_bytes;

        frame_bytes += queue_count(config, port, profile) * count * (mtu + FRAME_MORE);
    }
    return BASE_MB + LCORE_MB * config->file->eal.lcores_count + (uint32_t)(frame_bytes >> 20);
}

/* What a port's profile asks of the host before its driver can work at all. */
static enum myc_status
check_profile(struct fab_yaml *yaml, const struct fab_config *config, uint32_t index)
{
    const struct fab_port_profile *profile = config->profiles[index];
    char path[FAB_YAML_PATH_SIZE];

    snprintf(path, sizeof(path), "ports[%u].profile", index);
    if (profile->needs_hugepages && !config->has_hugepages)
        return fab_yaml_refuse(yaml, path,
                               "%s needs hugepages, and this node has none; reserve them (echo 512 "
                               ">/proc/sys/vm/nr_hugepages) and say hugepages: auto",
                               profile->profile);
    if (profile->needs_root && geteuid() != 0)
        return fab_yaml_refuse(yaml, path, "%s needs root: run this through sudo",
                               profile->profile);
    return MYC_OK;
}

static enum myc_status
add_memory(struct fab_yaml *yaml, struct fab_config *config)
{
    const struct fab_file_eal *eal = &config->file->eal;
    uint32_t memory_mb = eal->memory_mb ? eal->memory_mb : default_memory_mb(config);
    enum myc_status status = choose_pages(yaml, config, memory_mb);
    char text[64];

    for (uint32_t i = 0; status == MYC_OK && i < config->file->ports_count; i++)
        status = check_profile(yaml, config, i);
    if (status != MYC_OK)
        return status;
    snprintf(text, sizeof(text), "%u", memory_mb);
    if (!add_pair(config, "-m", text) || (!config->has_hugepages && !add(config, "--no-huge")))
        return MYC_NO_MEMORY;
    return add_pair(config, "--file-prefix", file_prefix_of(config, text, sizeof(text)))
               ? MYC_OK
               : MYC_NO_MEMORY;
}

/* Everything else is the primary's. */
static enum myc_status
add_primary(struct fab_yaml *yaml, struct fab_config *config)
{
    const struct fab_file_eal *eal = &config->file->eal;

    if (fab_config_lcore(config, eal->lcores_count - 1) > SECONDARY_LCORE_MAX)
        return fab_yaml_refuse(yaml, "eal.lcores", "has %u entries; a secondary has at most %u",
                               eal->lcores_count, SECONDARY_LCORE_MAX - SECONDARY_LCORE);
    config->has_hugepages = true;
    if (!add_pair(config, "--proc-type", "secondary") ||
        (eal->file_prefix && !add_pair(config, "--file-prefix", eal->file_prefix)))
        return MYC_NO_MEMORY;
    return MYC_OK;
}

/* "0000:01:00.0", as against the name of a virtual device. */
static bool
is_pci_address(const char *device)
{
    return device[0] >= '0' && strspn(device, "0123456789abcdefABCDEF:.") == strlen(device) &&
           strchr(device, ':');
}

static enum myc_status
add_device(struct fab_config *config, uint32_t index, bool *has_pci)
{
    const struct fab_file_borrowed *borrowed = config->file->ports[index].borrowed;
    const struct fab_device *device = &config->devices[index];
    bool is_pci = borrowed ? is_pci_address(borrowed->device) : device->bus == FAB_BUS_PCI;

    *has_pci = *has_pci || is_pci;
    if (borrowed && !is_pci) /* EAL learns it from the primary */
        return MYC_OK;
    return add_pair(config, is_pci ? "-a" : "--vdev", borrowed ? borrowed->device : device->text)
               ? MYC_OK
               : MYC_NO_MEMORY;
}

static enum myc_status
add_devices(struct fab_config *config)
{
    bool has_pci = false;

    for (uint32_t i = 0; i < config->file->ports_count; i++) {
        if (add_device(config, i, &has_pci) != MYC_OK)
            return MYC_NO_MEMORY;
    }
    return has_pci || add(config, "--no-pci") ? MYC_OK : MYC_NO_MEMORY;
}

enum myc_status
fab_config_eal(struct fab_yaml *yaml, struct fab_config *config)
{
    const struct fab_file_eal *eal = &config->file->eal;
    enum myc_status status;

    config->arguments =
        calloc(ARGUMENTS_MORE + eal->arguments_count + 2 * config->file->ports_count,
               sizeof(config->arguments[0]));
    if (!config->arguments)
        return MYC_NO_MEMORY;
    if ((status = add_lcores(yaml, config)) != MYC_OK ||
        (status = eal->is_secondary ? add_primary(yaml, config) : add_memory(yaml, config)) !=
            MYC_OK ||
        (status = add_devices(config)) != MYC_OK)
        return status;
    for (uint32_t i = 0; i < eal->arguments_count; i++)
        if (!add(config, eal->arguments[i]))
            return MYC_NO_MEMORY;
    config->options.eal_argc = config->argument_count;
    config->options.eal_argv = config->arguments;
    return MYC_OK;
}
