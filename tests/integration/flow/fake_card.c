/* SPDX-License-Identifier: BSD-3-Clause */
/* The calls that are replaced are experimental in 22.11. */
#define ALLOW_EXPERIMENTAL_API
#include "fake_card.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_memory.h>

#define RUN_STEP 5U /* pages between the first ones of runs */
#define MAPS_MAX 4096U

struct map {
    uint64_t iova;
    size_t size;
};

struct fake_card fake_card;

static char words[FAKE_CARD_LOG_SIZE];
static char last[32];
static unsigned last_count;
static struct map maps[MAPS_MAX];
static unsigned map_count;
static unsigned maps_asked;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* --- what was done ---------------------------------------------------------------------------- */

static void
put_last(void)
{
    size_t used = strlen(words);

    if (last_count == 1)
        snprintf(words + used, sizeof(words) - used, "%s%s", used ? " " : "", last);
    else if (last_count > 1)
        snprintf(words + used, sizeof(words) - used, "%s%s*%u", used ? " " : "", last, last_count);
    last_count = 0;
}

static void
note(const char *word)
{
    if (strcmp(last, word) != 0)
        put_last();
    snprintf(last, sizeof(last), "%s", word);
    last_count++;
}

const char *
fake_card_log(void)
{
    put_last();
    return words;
}

void
fake_card_reset(void)
{
    memset(&fake_card, 0, sizeof(fake_card));
    fake_card.driver = "net_card";
    fake_card.bus = "pci";
    words[0] = last[0] = '\0';
    last_count = map_count = maps_asked = 0;
}

bool
fake_card_may_read(uint64_t iova, size_t size)
{
    for (unsigned i = 0; i < map_count; i++)
        if (iova >= maps[i].iova && iova + size <= maps[i].iova + maps[i].size)
            return true;
    return false;
}

/* --- memory ----------------------------------------------------------------------------------- */

/* The first page of a run is never the neighbour of the one before it. */
static uint64_t
physical_of(uintptr_t address)
{
    uint64_t page = address / FAKE_CARD_PAGE;

    page = page / FAKE_CARD_RUN * RUN_STEP + page % FAKE_CARD_RUN;
    return page * FAKE_CARD_PAGE + address % FAKE_CARD_PAGE;
}

const uint8_t *
fake_card_memory(uint64_t iova)
{
    uint64_t page = iova / FAKE_CARD_PAGE;

    page = page / RUN_STEP * FAKE_CARD_RUN + page % RUN_STEP;
    return (const uint8_t *)(uintptr_t)(page * FAKE_CARD_PAGE + iova % FAKE_CARD_PAGE);
}

enum rte_iova_mode
rte_eal_iova_mode(void)
{
    return fake_card.is_physical ? RTE_IOVA_PA : RTE_IOVA_VA;
}

rte_iova_t
rte_mem_virt2iova(const void *address)
{
    if (!fake_card.is_physical || rte_mem_virt2memseg_list(address))
        return (uintptr_t)address;
    return fake_card.is_unknown ? RTE_BAD_IOVA : physical_of((uintptr_t)address);
}

int
rte_extmem_register(void *address, size_t size, rte_iova_t iova[], unsigned count, size_t page)
{
    (void)address, (void)iova;
    if (fake_card.register_error || count * page != size) {
        rte_errno = fake_card.register_error ? fake_card.register_error : EINVAL;
        return -1;
    }
    note("register");
    return 0;
}

int
rte_extmem_unregister(void *address, size_t size)
{
    (void)address, (void)size;
    note("unregister");
    return 0;
}

/* --- the bus ---------------------------------------------------------------------------------- */

/* Devices that are numbers have no inside to look into. */
static bool
is_number(const struct rte_device *device)
{
    return (uintptr_t)device < FAKE_CARD_PAGE;
}

const char *
rte_dev_name(const struct rte_device *device)
{
    return is_number(device) ? "card" : REAL(rte_dev_name)(device);
}

const struct rte_bus *
rte_dev_bus(const struct rte_device *device)
{
    return is_number(device) ? NULL : REAL(rte_dev_bus)(device);
}

const char *
rte_bus_name(const struct rte_bus *bus)
{
    return fake_card.bus ? fake_card.bus : REAL(rte_bus_name)(bus);
}

int
rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
    int result = REAL(rte_eth_dev_info_get)(port, info);

    if (fake_card.driver)
        info->driver_name = fake_card.driver;
    if (fake_card.has_no_chains)
        info->tx_offload_capa &= ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
    return result;
}

int
rte_dev_dma_map(struct rte_device *device, void *address, uint64_t iova, size_t size)
{
    (void)device, (void)address;
    if (fake_card.map_error && maps_asked++ >= fake_card.map_fails_from) {
        rte_errno = fake_card.map_error;
        return -1;
    }
    maps[map_count++] = (struct map){ iova, size };
    note("map");
    return 0;
}

int
rte_dev_dma_unmap(struct rte_device *device, void *address, uint64_t iova, size_t size)
{
    (void)device, (void)address;
    note("unmap");
    for (unsigned i = 0; i < map_count; i++) {
        if (maps[i].iova != iova || maps[i].size != size)
            continue;
        maps[i] = maps[--map_count];
        return 0;
    }
    note("unmap of nothing");
    return -1;
}

ssize_t
readlink(const char *path, char *target, size_t size)
{
    static const char driver[] = "../../../bus/pci/drivers/vfio-pci";

    if (strncmp(path, "/sys/bus/pci/devices/", 21) != 0 || !fake_card.has_vfio)
        return REAL(readlink)(path, target, size);
    memcpy(target, driver, sizeof(driver) - 1);
    return (ssize_t)(sizeof(driver) - 1);
}
