/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fault points: the steps between which a process is killed by the crash sweep
 * (tests/integration/segment/crash.c).
 *
 * Two processes that share memory must go on whatever step the other died in. So each step of
 * sending, receiving, attaching and detaching has a name here and a FAB_FAULT_POINT in the code. In
 * an ordinary build it is nothing at all. In the sweep's build (FAB_FAULT_POINTS=1) it calls a
 * function of the test program, which kills the process there.
 */
#ifndef FAB_BASE_FAULT_POINT_H
#define FAB_BASE_FAULT_POINT_H

/* Name, and what has been done when it is passed. */
/* clang-format off */
#define FAB_FAULT_POINTS_EACH(X)                                                     \
    X(CLAIM, "slots are claimed, nothing is written")                                \
    X(WINDOW, "a slot of the window is taken, nothing is written")                   \
    X(WRITE, "the header is written, the body is not")                               \
    X(COMMIT, "the record is written, not committed")                                \
    X(COMMITTED, "the record is committed, nobody sees it")                          \
    X(PUBLISH, "the tail is about to be published")                                  \
    X(PUBLISHED, "the tail is published")                                            \
    X(LEND, "a body is entered in the ledger, its record is not written")            \
    X(LENT, "the record that lends a body is written, not committed")                \
    X(LEND_END, "a loan has come back, its line in the ledger still stands")         \
    X(REFRESH, "the other side's tail is seen")                                      \
    X(COPY, "of a record the first line is copied, the others are not")              \
    X(TAKE, "a record is taken, its actor has not seen it")                          \
    X(HANDLED, "its actor has seen it, its slots are not given back")                \
    X(RELEASE, "the head is about to be published")                                  \
    X(RELEASED, "the head is published")                                             \
    X(BORROW, "a body is borrowed, its actor has not seen it")                       \
    X(GIVE_BACK, "the last reference to a borrowed body is gone, the owner unaware") \
    X(GIVEN_BACK, "its release is sent, its entry still stands")                     \
    X(HELLO, "connected, nothing is said")                                           \
    X(HELLO_SAID, "the attacher has named itself")                                   \
    X(HELLO_SEEN, "the acceptor knows who comes")                                    \
    X(MEMORY_MADE, "a side has its memory, the other does not know it")              \
    X(HEAP_SAID, "the heap is offered, the memory is not")                           \
    X(WELCOME_SAID, "the acceptor has offered its memory")                           \
    X(WELCOME_SEEN, "the attacher has the descriptor of that memory")                \
    X(MAPPED, "the other side's memory is mapped, there are no links")               \
    X(LINKED, "the links are made, the other side does not know it")                 \
    X(READY_SAID, "the attacher has offered its memory")                             \
    X(READY_SEEN, "the acceptor has the descriptor of that memory")                  \
    X(UP_SAID, "the acceptor has said that it is up, its lcores do not know")        \
    X(UP_SEEN, "the attacher knows it, its lcores do not")                           \
    X(HANDED_OVER, "a link waits at the door of its lcore")                          \
    X(TAKEN_IN, "the lcore has taken it in, it has not said on_up")                  \
    X(END, "a place ends, nobody is told")                                           \
    X(END_SAID, "the other side is told")                                            \
    X(END_TOLD, "the links are told, the lcores are not")                            \
    X(LET_OUT, "the link is out of the core, not released")                          \
    X(CLOSED, "the lcore has released the link")                                     \
    X(RECLAIM, "all links are released, the memory is there")                        \
    X(UNMAPPED, "our memory is unmapped, the other side's is not")
/* clang-format on */

enum fab_fault_point {
#define FAB_FAULT_POINT_NAME(name, text) FAB_FAULT_##name,
    FAB_FAULT_POINTS_EACH(FAB_FAULT_POINT_NAME)
#undef FAB_FAULT_POINT_NAME
    FAB_FAULT_COUNT
};

#ifdef FAB_FAULT_POINTS
/* Given by the test program. Context: any thread. */
void fab_fault_point(enum fab_fault_point point);
#define FAB_FAULT_POINT(name) fab_fault_point(FAB_FAULT_##name)
#else
#define FAB_FAULT_POINT(name) ((void)0)
#endif

#endif
