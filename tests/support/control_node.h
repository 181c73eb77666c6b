/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A control thread with a stand-in for its node: lcores that only poll their segment links, on the
 * test's own thread, and count what the sink is told.
 */
#ifndef TESTS_SUPPORT_CONTROL_NODE_H
#define TESTS_SUPPORT_CONTROL_NODE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "node/control/control.h"

#define CONTROL_NODE_LINKS_MAX 256U
#define CONTROL_NODE_WAIT_MS   10000U

struct control_node {
    struct fab_control *control;
    pthread_mutex_t lock; /* of `arrived` */
    struct fab_segment_link *arrived[CONTROL_NODE_LINKS_MAX];
    unsigned arrived_count;
    struct fab_segment_link *links[CONTROL_NODE_LINKS_MAX];
    unsigned link_count;
    _Atomic unsigned attached_count;
    _Atomic unsigned detached_count;
    _Atomic unsigned failed_count;
    _Atomic int failed_status;
    _Atomic uint64_t peer_home; /* of the last that was attached */
    _Atomic int reason;         /* of the last that was detached */
    unsigned up_count;
    unsigned down_count;
    unsigned message_count;
    unsigned doubt_count;
    unsigned wrong_count; /* messages out of order */
    uint64_t next_tag;    /* expected */
    enum myc_status down_reason;
};

/* Options that a test goes on from: lcores 1, slots 64, mode 0600. */
struct fab_control_options control_node_options(uint64_t home, const char *path);

/* Starts it. As fab_control_create. */
enum myc_status control_node_start(struct control_node *node, struct fab_control_options options,
                                   char *error, size_t error_size);

/* One turn of all its lcores. */
void control_node_turn(struct control_node *node);

/* Sends a message with that tag on its first link. */
enum myc_status control_node_send(struct control_node *node, uint64_t tag, uint32_t size);

/* Says goodbye, while a helper thread keeps the lcores turning, and frees everything. */
void control_node_stop(struct control_node *node);

/* A new folder for sockets, and a path in it; removed by control_folder_remove. */
void control_folder_make(char *folder, size_t size);
void control_folder_remove(const char *folder);

/* Turns both nodes (each may be NULL) until the condition holds; false after CONTROL_NODE_WAIT_MS.
 */
#define CONTROL_WAIT(condition, a, b)                                  \
    ({                                                                 \
        uint64_t until_ = control_now_ms() + CONTROL_NODE_WAIT_MS;     \
        bool holds_;                                                   \
        while (!(holds_ = (condition)) && control_now_ms() < until_) { \
            struct timespec step_ = { .tv_nsec = 200000 };             \
            control_node_turn(a);                                      \
            control_node_turn(b);                                      \
            nanosleep(&step_, NULL);                                   \
        }                                                              \
        holds_;                                                        \
    })

uint64_t control_now_ms(void);

#endif
