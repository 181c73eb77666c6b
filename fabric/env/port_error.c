/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's answers about ports, in our own words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_ethdev.h>

#include "env/port_state.h"

/* DPDK answers with 0 or up for success, and with -errno; a few with -1 and rte_errno. */
int
fab_port_cause(int result)
{
    return result == -1 && rte_errno ? rte_errno : -result;
}

enum myc_status
fab_port_status(int result)
{
    switch (fab_port_cause(result)) {
    case ENOMEM:
        return MYC_NO_MEMORY;
    case EINVAL:
        return MYC_INVALID;
    case EBUSY:
    case EEXIST:
        return MYC_EXISTS;
    case ENODEV:
        return MYC_NOT_FOUND;
    case ENOSPC:
        return MYC_FULL;
    case ENOTSUP:
    case ENOSYS:
        return MYC_UNSUPPORTED;
    default:
        return MYC_IO_ERROR;
    }
}

enum myc_status
fab_port_refused(const struct fab_port_opening *opening, const char *what, int result)
{
    return FAB_REFUSE(opening->options, fab_port_status(result), "port '%s' (%s): cannot %s: %s",
                      opening->port->info.device, opening->port->info.driver, what,
                      rte_strerror(fab_port_cause(result)));
}

const char *
fab_port_list(char text[FAB_PORT_LIST_SIZE])
{
    char name[RTE_ETH_NAME_MAX_LEN];
    size_t at = 0;

    strcpy(text, "none");
    for (uint16_t id = 0; id < RTE_MAX_ETHPORTS && at < FAB_PORT_LIST_SIZE; id++) {
        if (rte_eth_dev_is_valid_port(id) && rte_eth_dev_get_name_by_port(id, name) == 0)
            at +=
                (size_t)snprintf(text + at, FAB_PORT_LIST_SIZE - at, "%s%s", at ? ", " : "", name);
    }
    return text;
}
