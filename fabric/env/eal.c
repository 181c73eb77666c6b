/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/eal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>

/* rte_eal_init wants a program name, and may reorder the array (it gets a copy). */
static int
init_with_name(int argc, char *const argv[])
{
    char name[] = "mycelium";
    char **copy = calloc((size_t)argc + 2, sizeof(*copy));
    int result;

    if (!copy)
        return -1;
    copy[0] = name;
    memcpy(copy + 1, argv, (size_t)argc * sizeof(*copy));
    result = rte_eal_init(argc + 1, copy);
    free(copy);
    return result;
}

static const struct {
    int code;
    enum myc_status status;
    const char *remedy;
} causes[] = {
    { EALREADY, MYC_EXISTS,
      "an EAL was started before in this process: pass eal_argc -1 to use it" },
    { ENOMEM, MYC_NO_MEMORY,
      "no memory: reserve hugepages (echo 512 > /proc/sys/vm/nr_hugepages) or add --no-huge" },
    { EACCES, MYC_REFUSED,
      "permission denied: run as root, or give the user the hugepage mount and device files" },
    { EPERM, MYC_REFUSED, "not permitted: run as root, or set XDG_RUNTIME_DIR and add --no-huge" },
    { EINVAL, MYC_INVALID,
      "an argument is wrong; a lcore on a CPU that is not there looks like this, too: see "
      "`lscpu`" },
    { ENODEV, MYC_NOT_FOUND, "a device is not there: see the EAL's own lines above" },
};

static enum myc_status
explain(int code, char *error, size_t error_size)
{
    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (causes[i].code != code)
            continue;
        snprintf(error, error_size, "the EAL did not start: %s", causes[i].remedy);
        return causes[i].status;
    }
    snprintf(error, error_size,
             "the EAL did not start (%s): its own lines above say more; too few hugepages is the "
             "usual cause: reserve some (echo 512 > /proc/sys/vm/nr_hugepages) or add --no-huge",
             strerror(code));
    return MYC_IO_ERROR;
}

enum myc_status
fab_eal_start(int argc, char *const argv[], char *error, size_t error_size)
{
    if (argc >= 0)
        return init_with_name(argc, argv) >= 0 ? MYC_OK : explain(rte_errno, error, error_size);
    if (rte_eal_process_type() != RTE_PROC_INVALID && rte_lcore_count() > 0)
        return MYC_OK;
    snprintf(error, error_size, "no EAL is up: call rte_eal_init first, or give its arguments");
    return MYC_BAD_STATE;
}

void
fab_eal_stop(void)
{
    rte_eal_cleanup();
}

bool
fab_eal_has_worker(uint32_t eal_lcore)
{
    return eal_lcore < RTE_MAX_LCORE && rte_lcore_is_enabled(eal_lcore) &&
           eal_lcore != rte_get_main_lcore();
}

int
fab_eal_socket(uint32_t eal_lcore)
{
    return (int)rte_lcore_to_socket_id(eal_lcore);
}

enum myc_status
fab_eal_launch(uint32_t eal_lcore, int (*run)(void *argument), void *argument)
{
    if (!fab_eal_has_worker(eal_lcore))
        return MYC_NOT_FOUND;
    return rte_eal_remote_launch(run, argument, eal_lcore) == 0 ? MYC_OK : MYC_BAD_STATE;
}

void
fab_eal_wait(uint32_t eal_lcore)
{
    rte_eal_wait_lcore(eal_lcore);
}
