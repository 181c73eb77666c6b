/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every carrier between two lcores must do (link/link.h), as one list of tests run over each.
 *
 * A test program defines carrier_setup and carrier_teardown, which make and unmake a pair of linked
 * carriers, and runs carrier_contract_tests. All is done on one thread: both ends take turns.
 */
#ifndef TESTS_SUPPORT_CARRIER_CONTRACT_H
#define TESTS_SUPPORT_CARRIER_CONTRACT_H

#include "support/cmocka.h"

#include "link/link.h"
#include "link/slot.h"

#define CARRIER_SLOTS     64U
#define CARRIER_TAGS_MAX  4096U
#define CARRIER_HOME_A    0x0001000000000aaaULL
#define CARRIER_HOME_B    0x0002000000000bbbULL
#define CARRIER_TAG_START 1000U

/* What a sink was told. */
struct carrier_end {
    struct fab_link *link;
    uint64_t tags[CARRIER_TAGS_MAX]; /* of messages, in order */
    unsigned tag_count;
    uint64_t doubts[CARRIER_TAGS_MAX]; /* tags of what was said to be in doubt */
    unsigned doubt_count;
    unsigned up_count;
    unsigned down_count;
    unsigned room_count;
    unsigned torn_count; /* bodies that were not as written */
    enum myc_status reason;
    void (*on_message)(struct carrier_end *end, const struct fab_msg *msg); /* NULL: nothing more */
};

struct carrier_pair {
    struct carrier_end a;
    struct carrier_end b;
    void *own; /* the test program's */
};

/* Connects the ends' sinks. */
void carrier_end_init(struct carrier_end *end, struct fab_link *link);

/* Claims, writes and commits a message of `size` bytes of body with that tag. */
enum myc_status carrier_send(struct carrier_end *end, enum fab_lane lane, uint64_t tag,
                             uint32_t size);

/* Claims on the user lane until FULL; tags count up from `tag`. Returns how many went. */
unsigned carrier_fill(struct carrier_end *end, uint64_t tag, uint32_t size);

/* Polls, and fails if that finds anything though the bell was quiet. */
unsigned carrier_poll(struct carrier_end *end, unsigned budget);

/* Flushes one end and polls the other until nothing comes. */
void carrier_pump(struct carrier_end *from, struct carrier_end *to);

/* By the test program. */
int carrier_setup(void **state);
int carrier_teardown(void **state);

extern const struct CMUnitTest carrier_contract_tests[];
extern const size_t carrier_contract_count;

#endif
