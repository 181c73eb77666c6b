/* SPDX-License-Identifier: BSD-3-Clause */
#include "raw_bulk.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define SLOTS 8U

/* One producer, one consumer; indices on lines of their own, as in a ring. */
struct raw_bulk_area {
    __attribute__((aligned(128))) _Atomic uint32_t tail;
    __attribute__((aligned(128))) _Atomic uint32_t head;
    __attribute__((aligned(128))) uint8_t slots[];
};

static size_t
area_size(uint32_t body_bytes)
{
    return sizeof(struct raw_bulk_area) + (size_t)SLOTS * body_bytes;
}

/* ---- both ends -------------------------------------------------------------------------------
 */

static enum myc_status
begin(struct raw_bulk *bulk, uint32_t body_bytes)
{
    *bulk = (struct raw_bulk){
        .body_bytes = body_bytes,
        .body = calloc(1, body_bytes),
        .listener = -1,
        .stream = -1,
        .memfd = -1,
    };
    return bulk->body ? MYC_OK : MYC_NO_MEMORY;
}

static enum myc_status
map(struct raw_bulk *bulk)
{
    size_t size = area_size(bulk->body_bytes);
    void *memory = MAP_FAILED;

    if (bulk->memfd >= 0)
        memory =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, bulk->memfd, 0);
    if (memory == MAP_FAILED)
        return MYC_IO_ERROR;
    bulk->area = memory;
    return MYC_OK;
}

static int
socket_at(const char *path, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
    snprintf(address->sun_path, sizeof(address->sun_path), "%s", path);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

enum myc_status
raw_bulk_init(struct raw_bulk *bulk, uint32_t body_bytes, const char *path)
{
    struct sockaddr_un address;
    enum myc_status status = begin(bulk, body_bytes);

    if (status != MYC_OK)
        return status;
    if (!path) {
        bulk->memfd = memfd_create("mycelium-bench", MFD_CLOEXEC);
        if (bulk->memfd < 0 || ftruncate(bulk->memfd, (off_t)area_size(body_bytes)) != 0)
            return MYC_IO_ERROR;
        return map(bulk);
    }
    bulk->listener = socket_at(path, &address);
    if (bulk->listener < 0 ||
        bind(bulk->listener, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(bulk->listener, 1) != 0)
        return MYC_IO_ERROR;
    return MYC_OK;
}

enum myc_status
raw_bulk_attach(struct raw_bulk *bulk, uint32_t body_bytes, const char *memory, const char *path)
{
    struct sockaddr_un address;
    enum myc_status status = begin(bulk, body_bytes);

    if (status != MYC_OK)
        return status;
    if (memory) {
        bulk->memfd = open(memory, O_RDWR | O_CLOEXEC);
        return map(bulk);
    }
    bulk->stream = socket_at(path, &address);
    if (bulk->stream < 0 ||
        connect(bulk->stream, (struct sockaddr *)&address, sizeof(address)) != 0)
        return MYC_IO_ERROR;
    return MYC_OK;
}

void
raw_bulk_fini(struct raw_bulk *bulk)
{
    const int files[] = { bulk->listener, bulk->stream, bulk->memfd };

    if (bulk->area)
        munmap(bulk->area, area_size(bulk->body_bytes));
    free(bulk->body);
    for (unsigned i = 0; i < 3; i++)
        if (files[i] >= 0)
            close(files[i]);
}

/* ---- through memory --------------------------------------------------------------------------
 */

static void
put(struct raw_bulk *bulk, uint32_t index)
{
    struct raw_bulk_area *area = bulk->area;

    while (index - atomic_load_explicit(&area->head, memory_order_acquire) >= SLOTS)
        __builtin_ia32_pause();
    memcpy(area->slots + (size_t)(index % SLOTS) * bulk->body_bytes, bulk->body, bulk->body_bytes);
    atomic_store_explicit(&area->tail, index + 1, memory_order_release);
}

static void
take(struct raw_bulk *bulk, uint32_t index)
{
    struct raw_bulk_area *area = bulk->area;

    while (atomic_load_explicit(&area->tail, memory_order_acquire) == index)
        __builtin_ia32_pause();
    memcpy(bulk->body, area->slots + (size_t)(index % SLOTS) * bulk->body_bytes, bulk->body_bytes);
    atomic_store_explicit(&area->head, index + 1, memory_order_release);
}

/* ---- through the socket ----------------------------------------------------------------------
 */

static void
write_whole(struct raw_bulk *bulk)
{
    uint32_t done = 0;

    while (done < bulk->body_bytes) {
        ssize_t wrote =
            send(bulk->stream, bulk->body + done, bulk->body_bytes - done, MSG_NOSIGNAL);

        if (wrote <= 0)
            return;
        done += (uint32_t)wrote;
    }
}

static bool
read_whole(struct raw_bulk *bulk)
{
    return recv(bulk->stream, bulk->body, bulk->body_bytes, MSG_WAITALL) ==
           (ssize_t)bulk->body_bytes;
}

/* ---- phases ----------------------------------------------------------------------------------
 */

static uint64_t
blast(void *context, struct myc_self *self, uint32_t count)
{
    struct raw_bulk *bulk = context;
    uint32_t from = bulk->area ? atomic_load(&bulk->area->tail) : 0;
    uint64_t start_ns;

    if (!bulk->area && bulk->stream < 0)
        bulk->stream = accept4(bulk->listener, NULL, NULL, SOCK_CLOEXEC);
    start_ns = myc_clock_ns(self);
    for (uint32_t i = 0; i < count; i++) {
        if (bulk->area)
            put(bulk, from + i);
        else
            write_whole(bulk);
    }
    return start_ns;
}

static uint32_t
drain(void *context, struct myc_self *self, uint32_t count, uint64_t *end_ns)
{
    struct raw_bulk *bulk = context;
    uint32_t from = bulk->area ? atomic_load(&bulk->area->head) : 0;
    uint32_t received = 0;

    while (received < count) {
        if (bulk->area)
            take(bulk, from + received);
        else if (!read_whole(bulk))
            break;
        received++;
    }
    *end_ns = myc_clock_ns(self);
    return received;
}

void
raw_bulk_ops(struct raw_bulk *bulk, struct bench_raw *raw)
{
    *raw = (struct bench_raw){ .context = bulk, .blast = blast, .drain = drain };
}
