/* SPDX-License-Identifier: BSD-3-Clause */
#include "proto/path_mtu.h"

#include "wire/frame.h"

/* Frames up to here get through in any case, or nothing does. */
#define SMALL FAB_FRAME_SIZE_MIN

/* Each size that is tried is a multiple of 8, but for the largest. */
static uint16_t
next_probe(const struct fab_path_mtu *mtu)
{
    if (mtu->failed <= mtu->size + FAB_PATH_MTU_STEP)
        return 0;
    if (mtu->size < FAB_PATH_MTU_COMMON && mtu->failed > FAB_PATH_MTU_COMMON)
        return FAB_PATH_MTU_COMMON;
    return (uint16_t)((mtu->size + (mtu->failed - mtu->size) / 2U) & ~7U);
}

static enum fab_path_mtu_verdict
go_on(struct fab_path_mtu *mtu)
{
    mtu->tries = 0;
    mtu->probe = mtu->size == mtu->max ? 0 : next_probe(mtu);
    return mtu->probe ? FAB_PATH_MTU_PROBED : FAB_PATH_MTU_FOUND;
}

void
fab_path_mtu_init(struct fab_path_mtu *mtu, uint16_t max, bool can_probe)
{
    uint16_t base = mtu->is_wary ? SMALL - FAB_FRAME_TAG_SIZE : FAB_PATH_MTU_COMMON;

    /* Nothing is sent to find out what is known but for the 20 bytes by which the headers of IPv6
     * are longer. */
    if (!mtu->is_wary && (!can_probe || max <= FAB_PATH_MTU_COMMON + FAB_PATH_MTU_STEP))
        base = max;
    *mtu = (struct fab_path_mtu){
        .size = max < base ? max : base,
        .max = max,
        .failed = (uint16_t)(max + 1U),
        .is_wary = mtu->is_wary,
    };
    mtu->probe = can_probe && mtu->size < max ? max : 0;
}

void
fab_path_mtu_on_probe(struct fab_path_mtu *mtu, uint64_t number)
{
    mtu->is_out = true;
    mtu->number = number;
}

enum fab_path_mtu_verdict
fab_path_mtu_on_acked(struct fab_path_mtu *mtu, uint64_t number, uint16_t size)
{
    if (size <= SMALL) {
        mtu->acked_small++;
        return FAB_PATH_MTU_NOTHING;
    }
    mtu->lost_large = mtu->acked_small = 0;
    if (!mtu->is_out || number != mtu->number)
        return FAB_PATH_MTU_NOTHING;
    mtu->is_out = false;
    mtu->size = mtu->probe;
    return go_on(mtu);
}

enum fab_path_mtu_verdict
fab_path_mtu_on_lost(struct fab_path_mtu *mtu, uint64_t number, uint16_t size, uint64_t now_ns)
{
    if (mtu->is_out && number == mtu->number) {
        mtu->is_out = false;
        if (++mtu->tries < FAB_PATH_MTU_TRIES)
            return FAB_PATH_MTU_PROBED;
        mtu->failed = mtu->probe;
        return go_on(mtu);
    }
    if (size > SMALL && mtu->lost_large++ == 0) {
        mtu->acked_small = 0;
        mtu->large_ns = now_ns;
    }
    return FAB_PATH_MTU_NOTHING;
}
