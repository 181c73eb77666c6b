/* SPDX-License-Identifier: BSD-3-Clause */
/* A file of any bytes as a capture: it ends with an outcome, whatever libpcap and zlib find. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "market/capture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    char error[MARKET_CAPTURE_ERROR_SIZE];
    struct market_capture *capture;
    struct market_captured captured;
    uint32_t sum = 0;
    int file = memfd_create("capture", MFD_CLOEXEC);

    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    capture = market_capture_open(path, error);
    if (capture != NULL) {
        while (market_capture_next(capture, &captured) == MARKET_CAPTURE_PACKET) {
            for (size_t i = 0; i < captured.data.size; i++)
                sum += captured.data.data[i];
        }
        if (market_capture_next(capture, &captured) == MARKET_CAPTURE_PACKET)
            abort();
    }
    market_capture_close(capture);
    (void)close(file);
    return (int)(sum & 0);
}
