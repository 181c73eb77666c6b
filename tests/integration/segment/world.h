/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests that kill and mistreat processes start from: a *survivor* in the test's own
 * process, which listens, and a *bystander*, a process that makes traffic with it all the time.
 * Whatever happens to a third one, these two must go on, and have in the end what they had.
 */
#ifndef TESTS_INTEGRATION_SEGMENT_WORLD_H
#define TESTS_INTEGRATION_SEGMENT_WORLD_H

#include "peer_process.h"
#include "traffic.h"

#define WORLD_SURVIVOR  0U /* places in the ledger */
#define WORLD_BYSTANDER 1U
#define WORLD_VICTIM    2U
#define WORLD_WAIT_MS   60000U

struct world {
    char folder[64];
    char path[96];        /* the survivor's socket */
    char victim_path[96]; /* at which it finds a victim that listens */
    int ledger_fd;
    struct ledger *ledger;
    struct traffic survivor;
    pid_t bystander;
    uint32_t
        files; /* open descriptors of the survivor, and mappings, when only those two are there */
    uint32_t maps;
};

void world_init(struct world *world);
void world_fini(struct world *world);

/* Turns the survivor until the condition holds; false after WORLD_WAIT_MS. */
#define WORLD_AWAIT(world, condition)                                     \
    ({                                                                    \
        uint64_t until_ns_ = clock_now_ns() + WORLD_WAIT_MS * 1000000ULL; \
        bool holds_;                                                      \
        while (!(holds_ = (condition)) && clock_now_ns() < until_ns_)     \
            traffic_turn(&(world)->survivor);                             \
        holds_;                                                           \
    })

/* Turns the survivor until the process has ended. Returns its wait status. */
int world_await_end(struct world *world, pid_t pid);

/* Asserts that survivor and bystander still talk to each other, that nothing was torn, that when
 * both rest nothing is taken or open that was not before, and lets them go on. */
void world_assert_unharmed(struct world *world);

#endif
