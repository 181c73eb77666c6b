/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lanes of a link: from whose budget a record is paid.
 *
 * Lanes share the link's order where order is promised; they differ in what refuses them. A full
 * user lane never holds up a reply or a system record, because each has a reserve of its own.
 */
#ifndef FAB_WIRE_LANE_H
#define FAB_WIRE_LANE_H

enum fab_lane {
    FAB_LANE_USER = 0, /* sends and asks */
    FAB_LANE_REPLY,    /* replies: the asker's table of open asks bounds them */
    FAB_LANE_SYSTEM,   /* stop, kill, down, exit, notices */
    FAB_LANE_COUNT
};

#endif
