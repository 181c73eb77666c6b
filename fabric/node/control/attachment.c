/* SPDX-License-Identifier: BSD-3-Clause */
#include "node/control/attachment.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

enum myc_status
fab_attachment_init(struct fab_attachment *attachment, const struct fab_attachment_sizes *sizes)
{
    const struct fab_numa_parts parts = { sizes->sockets, sizes->lcore_count };

    *attachment = (struct fab_attachment){
        .own_layout = {
            .slots = sizes->slots,
            .lcore_count = sizes->lcore_count,
            .peer_lcore_count = sizes->peer_lcore_count,
        },
        .peer_layout = {
            .slots = sizes->peer_slots,
            .lcore_count = sizes->peer_lcore_count,
            .peer_lcore_count = sizes->lcore_count,
        },
        .has_heap = sizes->has_heap,
        .sockets = sizes->sockets,
        .own = { .fd = -1 },
        .peer = { .fd = -1 },
        .peer_heap = { .fd = -1 },
    };
    return fab_segment_memory_create_on(fab_segment_layout_size(&attachment->own_layout),
                                        sizes->wants_huge, "segment rings", &parts,
                                        &attachment->own);
}

enum myc_status
fab_attachment_map(struct fab_attachment *attachment, int fd, size_t size)
{
    return fab_segment_memory_attach(fd, size, fab_segment_layout_size(&attachment->peer_layout),
                                     &attachment->peer);
}

enum myc_status
fab_attachment_map_heap(struct fab_attachment *attachment, int fd, size_t size)
{
    return fab_segment_memory_attach(fd, size, 0, &attachment->peer_heap);
}

static size_t
links_size(const struct fab_attachment *attachment)
{
    return sizeof(struct fab_segment_link) * attachment->own_layout.lcore_count *
           attachment->peer_layout.lcore_count;
}

static enum myc_status
link_pair(struct fab_attachment *attachment, uint64_t peer_home, const struct fab_reach *reach,
          uint8_t own, uint8_t peer)
{
    const struct fab_segment_memory *heap = &attachment->peer_heap;
    uint64_t part = heap->base ? heap->size / attachment->peer_layout.lcore_count : 0;
    const struct fab_segment_link_options options = {
        .size = sizeof(options),
        .peer_home = peer_home,
        .peer_lcore = peer,
        .peer_lcore_count = attachment->peer_layout.lcore_count,
        .slots = attachment->own_layout.slots,
        .peer_slots = attachment->peer_layout.slots,
        .own = fab_segment_memory_area(&attachment->own, &attachment->own_layout, own, peer),
        .peer = fab_segment_memory_area(&attachment->peer, &attachment->peer_layout, peer, own),
        .large_max = attachment->has_heap ? FAB_MSG_SIZE_MAX : 0,
        .peer_heap = heap->base ? (const uint8_t *)heap->base + part * peer : NULL,
        .peer_heap_size = part,
        .reach = reach,
    };

    return fab_segment_link_init(&attachment->links[attachment->link_count], &options);
}

enum myc_status
fab_attachment_link(struct fab_attachment *attachment, uint64_t peer_home,
                    const struct fab_reach *reach)
{
    uint8_t own_count = attachment->own_layout.lcore_count;
    uint8_t peer_count = attachment->peer_layout.lcore_count;
    size_t size = links_size(attachment);

    attachment->links = fab_numa_pages("segment links", size,
                                       &(struct fab_numa_parts){ attachment->sockets, own_count });
    if (!attachment->links)
        return MYC_NO_MEMORY;
    for (uint8_t own = 0; own < own_count; own++) {
        for (uint8_t peer = 0; peer < peer_count; peer++) {
            if (link_pair(attachment, peer_home, reach, own, peer) != MYC_OK) {
                fab_attachment_fini(attachment, true);
                return MYC_NO_MEMORY;
            }
            attachment->link_count++;
        }
    }
    /* Mapped on both sides by now: the descriptors have done their work. */
    close(attachment->peer.fd);
    attachment->peer.fd = -1;
    if (attachment->peer_heap.fd >= 0)
        close(attachment->peer_heap.fd);
    attachment->peer_heap.fd = -1;
    return MYC_OK;
}

void
fab_attachment_end(struct fab_attachment *attachment, enum myc_status reason)
{
    for (uint32_t i = 0; i < attachment->link_count; i++)
        fab_segment_link_end(&attachment->links[i], reason);
}

bool
fab_attachment_is_cut(const struct fab_attachment *attachment)
{
    for (uint32_t i = 0; i < attachment->link_count; i++) {
        if (fab_segment_link_is_cut(&attachment->links[i]))
            return true;
    }
    return false;
}

bool
fab_attachment_is_released(const struct fab_attachment *attachment)
{
    for (uint32_t i = 0; i < attachment->link_count; i++) {
        if (!fab_segment_link_is_released(&attachment->links[i]))
            return false;
    }
    return true;
}

void
fab_attachment_fini(struct fab_attachment *attachment, bool is_forced)
{
    FAB_ASSERT(is_forced || fab_attachment_is_released(attachment));
    for (uint32_t i = 0; i < attachment->link_count; i++)
        fab_segment_link_fini(&attachment->links[i]);
    fab_numa_pages_free(attachment->links, links_size(attachment));
    attachment->links = NULL;
    attachment->link_count = 0;
    fab_segment_memory_fini(&attachment->own);
    FAB_FAULT_POINT(UNMAPPED);
    fab_segment_memory_fini(&attachment->peer);
    fab_segment_memory_fini(&attachment->peer_heap);
}
