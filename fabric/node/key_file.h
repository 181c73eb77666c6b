/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file with a pre-shared key: 64 hexadecimal digits, as `openssl rand -hex 32` prints them, in a
 * file that only its owner can read.
 */
#ifndef FAB_NODE_KEY_FILE_H
#define FAB_NODE_KEY_FILE_H

#include <stddef.h>
#include <stdint.h>

#include <mycelium/status.h>

#define FAB_KEY_FILE_BYTES 32U /* of the key */

/*
 * Reads a key. OK; NOT_FOUND; INVALID (not a key, or others may read it); IO_ERROR. In `error` a
 * sentence with what to do, without anything of the key. The caller wipes `key` when it has had its
 * time. Context: main thread, at start.
 */
enum myc_status fab_key_file_read(const char *path, uint8_t key[FAB_KEY_FILE_BYTES], char *error,
                                  size_t error_size);

#endif
