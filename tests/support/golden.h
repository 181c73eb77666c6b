/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of bytes as hexadecimal text, where # begins a remark. */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include <stdio.h>
#include <string.h>

#include "support/cmocka.h"
#include "support/hex.h"

/* Reads the file NAME.hex of a folder; returns bytes. A file that cannot be read fails the test. */
static inline size_t
golden_read(const char *folder, const char *name, uint8_t *bytes, size_t capacity)
{
    char path[512];
    char line[512];
    size_t size = 0;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.hex", folder, name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "#\n")] = '\0';
        size += hex_read(line, bytes + size, capacity - size);
    }
    fclose(file);
    return size;
}

#endif
