/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/key_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/key_exchange.h"

#define DIGITS   (2U * FAB_KEY_FILE_BYTES)
#define FILE_MAX (DIGITS + 2U) /* bytes: with an end of line of either kind */
#define OTHERS   (S_IRWXG | S_IRWXO)

/* Where the sentence about a failure goes. */
struct failure {
    const char *path;
    char *error;
    size_t error_size;
};

static enum myc_status
refuse(const struct failure *failure, enum myc_status status, const char *what)
{
    snprintf(failure->error, failure->error_size, "key file %s %s", failure->path, what);
    return status;
}

static enum myc_status
check_file(const struct failure *failure, int fd)
{
    struct stat about;

    if (fstat(fd, &about) != 0)
        return refuse(failure, MYC_IO_ERROR, strerror(errno));
    if (!S_ISREG(about.st_mode))
        return refuse(failure, MYC_INVALID, "is not a regular file");
    if (about.st_uid != geteuid() && about.st_uid != 0)
        return refuse(failure, MYC_INVALID, "belongs to somebody else: chown it to this user");
    if (about.st_mode & OTHERS)
        return refuse(failure, MYC_INVALID, "may be read by others: chmod 600 it");
    return MYC_OK;
}

static int
digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Nothing but the digits and an end of line. */
static bool
parse(const char *text, size_t size, uint8_t key[FAB_KEY_FILE_BYTES])
{
    if (size > FILE_MAX)
        return false;
    while (size > DIGITS && (text[size - 1] == '\n' || text[size - 1] == '\r'))
        size--;
    if (size != DIGITS)
        return false;
    for (uint32_t i = 0; i < FAB_KEY_FILE_BYTES; i++) {
        int high = digit(text[2 * i]);
        int low = digit(text[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum myc_status
read_key(const struct failure *failure, int fd, uint8_t key[FAB_KEY_FILE_BYTES])
{
    char text[FILE_MAX + 1];
    ssize_t size = read(fd, text, sizeof(text));
    bool is_key = size > 0 && parse(text, (size_t)size, key);

    fab_wipe(text, sizeof(text));
    if (size < 0)
        return refuse(failure, MYC_IO_ERROR, strerror(errno));
    return is_key ? MYC_OK
                  : refuse(failure, MYC_INVALID,
                           "is not 64 hexadecimal digits: make one with openssl rand -hex 32");
}

enum myc_status
fab_key_file_read(const char *path, uint8_t key[FAB_KEY_FILE_BYTES], char *error, size_t error_size)
{
    const struct failure failure = { path, error, error_size };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    enum myc_status status;

    if (fd < 0)
        return refuse(&failure, errno == ENOENT ? MYC_NOT_FOUND : MYC_IO_ERROR, strerror(errno));
    status = check_file(&failure, fd);
    if (status == MYC_OK)
        status = read_key(&failure, fd, key);
    close(fd);
    return status;
}
