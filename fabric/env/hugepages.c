/* SPDX-License-Identifier: BSD-3-Clause */
#include "env/hugepages.h"

#include <dirent.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define FREE_FILE "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"

uint32_t
fab_hugepages_free_mb(void)
{
    FILE *file = fopen(FREE_FILE, "r");
    unsigned pages = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%u", &pages) != 1)
        pages = 0;
    fclose(file);
    return pages * FAB_HUGEPAGE_MB;
}

/* Unless a living process has it: the EAL holds a lock on each of its own. */
static void
remove_abandoned(int folder, const char *name)
{
    int file = openat(folder, name, O_RDWR | O_CLOEXEC);

    if (file < 0)
        return;
    if (flock(file, LOCK_EX | LOCK_NB) == 0)
        unlinkat(folder, name, 0);
    close(file);
}

static void
reclaim_in(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);
    DIR *folder = opendir(path);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        if (strncmp(entry->d_name, prefix, size) == 0 &&
            strncmp(entry->d_name + size, "map_", 4) == 0)
            remove_abandoned(dirfd(folder), entry->d_name);
    if (folder)
        closedir(folder);
}

bool
fab_hugepages_reclaim(const char *file_prefix)
{
    FILE *mounts = setmntent("/proc/mounts", "r");
    bool has_mount = false;
    struct mntent *mount;

    while (mounts && (mount = getmntent(mounts))) {
        if (strcmp(mount->mnt_type, "hugetlbfs") != 0)
            continue;
        has_mount = true;
        reclaim_in(mount->mnt_dir, file_prefix);
    }
    if (mounts)
        endmntent(mounts);
    return has_mount;
}
