/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC32C (Castagnoli, reflected, as in iSCSI, RFC 3720 B.4): what guards each frame.
 *
 * The processor's instruction does 8 bytes in one cycle but answers after three, so one chain uses
 * a third of it. Long inputs are cut in three parts that run side by side and are joined by a
 * carry-less multiplication (Gopal et al., Intel 2010); a table serves machines without the
 * instruction.
 */
#ifndef FAB_WIRE_CRC32C_H
#define FAB_WIRE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of what `crc` covered with these bytes behind it; start with 0. `bytes`: any
 * alignment. Context: any thread.
 */
uint32_t fab_crc32c(uint32_t crc, const void *bytes, size_t size);

/* The checksum of the 8 bytes of a word, as it lies in memory, and of these behind them. */
uint32_t fab_crc32c_behind(uint64_t word, const void *bytes, size_t size);

/* fab_crc32c by table alone; the reference in tests. */
uint32_t fab_crc32c_table(uint32_t crc, const void *bytes, size_t size);

#endif
