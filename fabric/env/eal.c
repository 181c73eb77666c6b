/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_intr_instance_alloc and what fills it are stable from 23.11 on. */
#define ALLOW_EXPERIMENTAL_API
#include "env/eal.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_alarm.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_interrupts.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_memory.h>

#include "base/log.h"
#include "env/memif_socket.h"
#include "env/numa.h"

#define SETTLE_ALARMS 3U

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static bool is_ours; /* the EAL was started here, and is to be ended here; main thread only */

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

/* Sockets that a crashed node of ours has left must go before the EAL makes its devices. */
static void
clean_memif_sockets(int argc, char *const argv[])
{
    static const char option[] = "--vdev";

    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], option, sizeof(option) - 1) != 0)
            continue;
        if (argv[i][sizeof(option) - 1] == '=')
            fab_memif_socket_clean(argv[i] + sizeof(option));
        else if (i + 1 < argc)
            fab_memif_socket_clean(argv[i + 1]);
    }
}

/* Starts the EAL with its log lines in `lines` (freed by the caller; may be NULL), so that the
 * error can quote the one that says why. The log is then the host program's again. */
static int
init_listening(int argc, char *const argv[], char **lines)
{
    size_t size;
    FILE *stream = open_memstream(lines, &size);
    int result;

    clean_memif_sockets(argc, argv);
    if (stream)
        rte_openlog_stream(stream);
    result = init_with_name(argc, argv);
    if (!stream)
        return result;
    rte_openlog_stream(NULL);
    fclose(stream);
    return result;
}

/* The last line that tells of a failure, without the EAL's own prefix; "" when there is none. */
static char *
last_complaint(char *lines)
{
    static char none[] = "";
    char *found = none;
    char *rest = NULL;

    for (char *line = lines ? strtok_r(lines, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        bool is_generic = strstr(line, "Invalid 'command line'") || strstr(line, "FATAL");

        if (strncmp(line, "EAL: ", 5) == 0 && !strstr(line, "Detected") && !(is_generic && *found))
            found = line + 5;
    }
    return found;
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
    { ENODEV, MYC_NOT_FOUND,
      "a device is not there: see `ip link`, dpdk-devbind.py -s and its --vdev arguments" },
};

/* A device that the EAL could not make does not keep it from starting: pass on what it said. */
static void
pass_on_complaints(char *lines)
{
    char *rest = NULL;

    for (char *line = lines ? strtok_r(lines, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strstr(line, "ailed") || strstr(line, "annot") || strstr(line, "rror"))
            fab_log(FAB_LOG_WARNING, "the EAL says: %s", line);
    }
}

static bool
is_secondary(int argc, char *const argv[])
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--proc-type=secondary") == 0)
            return true;
        if (strcmp(argv[i], "--proc-type") == 0 && i + 1 < argc &&
            strcmp(argv[i + 1], "secondary") == 0)
            return true;
    }
    return false;
}

/* A secondary has no memory of its own that could be too little: it has the primary's, or none. */
static enum myc_status
explain_secondary(char *lines, char *error, size_t error_size)
{
    const char *complaint = last_complaint(lines);

    if (strstr(complaint, "init config")) {
        snprintf(error, error_size,
                 "the EAL did not start: no primary process runs with this --file-prefix: start it "
                 "first, by the same user and with the same DPDK; it says: %s",
                 complaint);
        return MYC_NOT_FOUND;
    }
    snprintf(error, error_size,
             "the EAL did not start: the memory of the primary process cannot be mapped here where "
             "the primary has it: start again, or give the primary a --base-virtaddr that is free "
             "in both; it says: %s",
             complaint);
    return MYC_IO_ERROR;
}

static enum myc_status
explain(int code, char *lines, char *error, size_t error_size)
{
    const char *complaint = last_complaint(lines);

    for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
        if (causes[i].code != code)
            continue;
        snprintf(error, error_size, "the EAL did not start: %s%s%s", causes[i].remedy,
                 *complaint ? "; it says: " : "", complaint);
        return causes[i].status;
    }
    snprintf(error, error_size,
             "the EAL did not start (%s): %s; too few hugepages is the usual cause: reserve some "
             "(echo 512 > /proc/sys/vm/nr_hugepages) or add --no-huge",
             strerror(code), complaint);
    return MYC_IO_ERROR;
}

/* Hugepages are there when they are mapped. Ordinary pages come at the first touch, which would be
 * a fault on the hot path, so they are touched here; locked as far as the limit allows. */
static int
touch(const struct rte_memseg_list *list, const struct rte_memseg *segment, size_t size,
      void *context)
{
    (void)list, (void)context;
    if (madvise(segment->addr, size, MADV_POPULATE_WRITE) == 0)
        (void)mlock(segment->addr, size);
    return 0;
}

enum myc_status
fab_eal_start(int argc, char *const argv[], char *error, size_t error_size)
{
    enum myc_status status = MYC_OK;
    char *lines = NULL;

    if (argc < 0) {
        if (rte_eal_process_type() != RTE_PROC_INVALID && rte_lcore_count() > 0)
            return MYC_OK;
        snprintf(error, error_size, "no EAL is up: call rte_eal_init first, or give its arguments");
        return MYC_BAD_STATE;
    }
    if (init_listening(argc, argv, &lines) >= 0) {
        is_ours = true;
        if (!rte_eal_has_hugepages())
            rte_memseg_contig_walk(touch, NULL);
        pass_on_complaints(lines);
    } else {
        int code = rte_errno;

        if (is_secondary(argc, argv) && code != EALREADY && code != EINVAL)
            status = explain_secondary(lines, error, error_size);
        else
            status = explain(code, lines, error, error_size);
    }
    free(lines);
    return status;
}

static void
on_alarm(void *argument)
{
    atomic_store_explicit((_Atomic bool *)argument, true, memory_order_release);
}

/* Lets the interrupt thread finish what ports that were closed have asked of it: alarms run on it.
 * A walk asked for before the first one is over when the next has run. */
static void
settle_interrupts(void)
{
    for (unsigned i = 0; i < SETTLE_ALARMS; i++) {
        _Atomic bool is_done;

        atomic_store_explicit(&is_done, false, memory_order_relaxed);
        if (rte_eal_alarm_set(1, on_alarm, (void *)&is_done) != 0)
            return;
        while (!atomic_load_explicit(&is_done, memory_order_acquire))
            sched_yield();
    }
}

struct ending {
    pthread_t thread; /* the interrupt thread, valid once it is told */
    _Atomic bool is_told;
};

static void
on_ending(void *argument)
{
    struct ending *ending = argument;

    ending->thread = pthread_self();
    atomic_store_explicit(&ending->is_told, true, memory_order_release);
    pthread_exit(NULL);
}

/* The interrupt thread would go on while rte_eal_cleanup unmaps the memory with its handles; at the
 * end of a memif it was still walking through them, and died. The EAL has no call to end it, so a
 * callback does, which it runs. Not that of an alarm: the EAL waits for those at the end. */
static void
end_interrupts(void)
{
    struct rte_intr_handle *handle = rte_intr_instance_alloc(RTE_INTR_INSTANCE_F_PRIVATE);
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK); /* ready at once */
    struct ending ending;

    atomic_store_explicit(&ending.is_told, false, memory_order_relaxed);
    if (handle && fd >= 0 && rte_intr_fd_set(handle, fd) == 0 &&
        rte_intr_type_set(handle, RTE_INTR_HANDLE_EXT) == 0 &&
        rte_intr_callback_register(handle, on_ending, &ending) == 0) {
        while (!atomic_load_explicit(&ending.is_told, memory_order_acquire))
            sched_yield();
        pthread_join(ending.thread, NULL);
    }
    rte_intr_instance_free(handle);
    if (fd >= 0)
        close(fd);
}

void
fab_eal_stop(void)
{
    if (!is_ours)
        return;
    is_ours = false;
    settle_interrupts();
    end_interrupts();
    rte_eal_cleanup();
}

bool
fab_eal_has_worker(uint32_t eal_lcore)
{
    return eal_lcore < RTE_MAX_LCORE && rte_lcore_is_enabled(eal_lcore) &&
           eal_lcore != rte_get_main_lcore();
}

bool
fab_eal_is_secondary(void)
{
    return rte_eal_process_type() == RTE_PROC_SECONDARY;
}

bool
fab_eal_has_lost_primary(void)
{
    return fab_eal_is_secondary() && !rte_eal_primary_proc_alive(NULL);
}

bool
fab_eal_is_huge(void)
{
    return rte_eal_has_hugepages() != 0;
}

int
fab_eal_socket(uint32_t eal_lcore)
{
    return fab_numa_of_lcore(eal_lcore, (int)rte_lcore_to_socket_id(eal_lcore));
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
