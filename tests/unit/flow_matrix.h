/* SPDX-License-Identifier: BSD-3-Clause */
/* What each kind of frame does in each state of a flow: the table of test_flow_matrix.c. */
#ifndef TESTS_UNIT_FLOW_MATRIX_H
#define TESTS_UNIT_FLOW_MATRIX_H

#include "proto/flow_state.h"

#define FIRST 1000U /* the peer's first number */

enum state {
    IDLE,
    CONNECTING,
    CANDIDATE,  /* CONNECTING, and an unproven hello has come */
    UP,         /* packets FIRST to FIRST + 2 have come, with a record each; floor FIRST + 1 */
    UP_OFFERED, /* UP, and an unproven hello of a new epoch has come */
    CLOSED,
    STATE_COUNT
};

enum frame {
    HELLO_OFFER,     /* a nonce never seen */
    HELLO_ECHO,      /* the same with the right echo of what we offered */
    HELLO_KNOWN,     /* the present or candidate nonce again, without echo */
    HELLO_CONFIRM,   /* the present nonce with the present echo */
    HELLO_VERSION,   /* of versions that we do not speak */
    DATA_IN_ORDER,   /* FIRST + 3 */
    DATA_DUPLICATE,  /* FIRST + 2 */
    DATA_PAST,       /* FIRST, below the floor */
    DATA_FUTURE,     /* FIRST + 1000 */
    DATA_BEFORE_ALL, /* below the first number */
    DATA_CANDIDATE,  /* of the candidate's epoch */
    DATA_WRONG_EPOCH,
    DATA_BAD_ACK, /* acknowledges what was never sent */
    RESET_OF_EPOCH,
    RESET_WRONG_EPOCH,
    LEAVE_OF_EPOCH,
    LEAVE_WRONG_EPOCH,
    FOREIGN_NODE,
    FOREIGN_LCORE,
    FRAME_COUNT
};

struct outcome {
    size_t counter; /* offset within the counters */
    enum fab_flow_state state;
    uint8_t says; /* type of the first frame prepared afterwards, 0: none */
};

#define C(name) offsetof(struct fab_flow_counters, name)

#define SAYS_HELLO FAB_FRAME_HELLO
#define SAYS_DATA  FAB_FRAME_DATA
#define SAYS_RESET FAB_FRAME_RESET

/* clang-format off */
static const struct outcome expected[STATE_COUNT][FRAME_COUNT] = {
    [IDLE] = {
        [HELLO_OFFER] = { C(frames_received), FAB_FLOW_IDLE, SAYS_HELLO },
        [HELLO_ECHO] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_KNOWN] = { C(frames_received), FAB_FLOW_IDLE, SAYS_HELLO },
        [HELLO_CONFIRM] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_VERSION] = { C(refused_hello), FAB_FLOW_IDLE, SAYS_HELLO },
        [DATA_IN_ORDER] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_DUPLICATE] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_PAST] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_FUTURE] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_BEFORE_ALL] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_CANDIDATE] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_epoch), FAB_FLOW_IDLE, SAYS_RESET },
        [RESET_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_IDLE, 0 },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_IDLE, 0 },
        [LEAVE_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_IDLE, 0 },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_IDLE, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_IDLE, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_IDLE, 0 },
    },
    [CONNECTING] = {
        [HELLO_OFFER] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [HELLO_ECHO] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_KNOWN] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [HELLO_CONFIRM] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_VERSION] = { C(refused_hello), FAB_FLOW_CONNECTING, 0 },
        [DATA_IN_ORDER] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_DUPLICATE] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_PAST] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_FUTURE] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_BEFORE_ALL] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_CANDIDATE] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [RESET_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [LEAVE_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_CONNECTING, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_CONNECTING, 0 },
    },
    [CANDIDATE] = {
        [HELLO_OFFER] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [HELLO_ECHO] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_KNOWN] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [HELLO_CONFIRM] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_VERSION] = { C(refused_hello), FAB_FLOW_CONNECTING, 0 },
        [DATA_IN_ORDER] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_DUPLICATE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_PAST] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_FUTURE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_BEFORE_ALL] = { C(refused_duplicate), FAB_FLOW_UP, 0 },
        [DATA_CANDIDATE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_ack), FAB_FLOW_UP, 0 },
        [RESET_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [LEAVE_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CONNECTING, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_CONNECTING, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_CONNECTING, 0 },
    },
    [UP] = {
        [HELLO_OFFER] = { C(frames_received), FAB_FLOW_UP, SAYS_HELLO },
        [HELLO_ECHO] = { C(frames_received), FAB_FLOW_UP, 0 }, /* of the epoch's own nonce: late */
        [HELLO_KNOWN] = { C(frames_received), FAB_FLOW_UP, 0 },
        [HELLO_CONFIRM] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_VERSION] = { C(refused_hello), FAB_FLOW_UP, SAYS_HELLO },
        [DATA_IN_ORDER] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_DUPLICATE] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_PAST] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_FUTURE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_BEFORE_ALL] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_CANDIDATE] = { C(refused_epoch), FAB_FLOW_UP, SAYS_RESET },
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_ack), FAB_FLOW_UP, 0 },
        [RESET_OF_EPOCH] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, 0 },
        [LEAVE_OF_EPOCH] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_UP, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_UP, 0 },
    },
    [UP_OFFERED] = {
        [HELLO_OFFER] = { C(frames_received), FAB_FLOW_UP, SAYS_HELLO },
        [HELLO_ECHO] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA }, /* a new epoch */
        [HELLO_KNOWN] = { C(frames_received), FAB_FLOW_UP, SAYS_HELLO },
        [HELLO_CONFIRM] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [HELLO_VERSION] = { C(refused_hello), FAB_FLOW_UP, SAYS_HELLO },
        [DATA_IN_ORDER] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_DUPLICATE] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_PAST] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_FUTURE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA },
        [DATA_BEFORE_ALL] = { C(refused_duplicate), FAB_FLOW_UP, SAYS_DATA },
        [DATA_CANDIDATE] = { C(frames_received), FAB_FLOW_UP, SAYS_DATA }, /* a new epoch */
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_ack), FAB_FLOW_UP, 0 },
        [RESET_OF_EPOCH] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, 0 },
        [LEAVE_OF_EPOCH] = { C(frames_received), FAB_FLOW_CONNECTING, SAYS_HELLO },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_UP, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_UP, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_UP, 0 },
    },
    [CLOSED] = {
        [HELLO_OFFER] = { C(refused_state), FAB_FLOW_CLOSED, 0 },
        [HELLO_ECHO] = { C(refused_state), FAB_FLOW_CLOSED, 0 },
        [HELLO_KNOWN] = { C(refused_state), FAB_FLOW_CLOSED, 0 },
        [HELLO_CONFIRM] = { C(refused_state), FAB_FLOW_CLOSED, 0 },
        [HELLO_VERSION] = { C(refused_state), FAB_FLOW_CLOSED, 0 },
        [DATA_IN_ORDER] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_DUPLICATE] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_PAST] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_FUTURE] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_BEFORE_ALL] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_CANDIDATE] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [DATA_BAD_ACK] = { C(refused_epoch), FAB_FLOW_CLOSED, SAYS_RESET },
        [RESET_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CLOSED, 0 },
        [RESET_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CLOSED, 0 },
        [LEAVE_OF_EPOCH] = { C(refused_epoch), FAB_FLOW_CLOSED, 0 },
        [LEAVE_WRONG_EPOCH] = { C(refused_epoch), FAB_FLOW_CLOSED, 0 },
        [FOREIGN_NODE] = { C(refused_address), FAB_FLOW_CLOSED, 0 },
        [FOREIGN_LCORE] = { C(refused_address), FAB_FLOW_CLOSED, 0 },
    },
};
/* clang-format on */

#endif
