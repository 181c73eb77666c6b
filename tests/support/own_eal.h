/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An EAL that is the test program's own, as a feed handler's is: started by rte_eal_init and not by
 * the fabric, on ordinary pages, without cards and telemetry.
 */
#ifndef TESTS_SUPPORT_OWN_EAL_H
#define TESTS_SUPPORT_OWN_EAL_H

#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>
#include <rte_errno.h>

#define OWN_EAL_SKIPS 77 /* exit code of a program that cannot have one here */

/* `name` goes before the process's id in the names of its files; `lcores` is for --lcores. False,
 * with a line that says so: there can be none here. */
static inline bool
own_eal_start(const char *name, const char *lcores, unsigned megabytes)
{
    char program[] = "own_eal", option[] = "--lcores", prefix[64], set[64], size[24];
    char no_huge[] = "--no-huge", no_pci[] = "--no-pci", no_telemetry[] = "--no-telemetry";
    char level[] = "--log-level=err", memory[] = "-m";
    char *arguments[] = { program, option, set,          memory, size,
                          no_huge, no_pci, no_telemetry, prefix, level };

    snprintf(prefix, sizeof(prefix), "--file-prefix=%s-%d", name, (int)getpid());
    snprintf(set, sizeof(set), "%s", lcores);
    snprintf(size, sizeof(size), "%u", megabytes);
    if (rte_eal_init((int)RTE_DIM(arguments), arguments) >= 0)
        return true;
    printf("skipped: no EAL here: %s\n", rte_strerror(rte_errno));
    return false;
}

#endif
