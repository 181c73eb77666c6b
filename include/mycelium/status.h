/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file status.h
 * The one table of outcomes.
 *
 * Every function that can fail answers with an enum myc_status; the same code means the same thing
 * at every level (ring, segment, flow). The table below is the only list: the enum, the short names
 * and the sentences are all made from it. Codes are stable on the wire (an undelivered notice
 * carries one), so new ones are added at the end.
 */
#ifndef MYCELIUM_STATUS_H
#define MYCELIUM_STATUS_H

#include <mycelium/api.h>

/* clang-format off */
#define MYC_STATUS_TABLE(X)                                                                        \
    X(OK, 0, "accepted or done")                                                                   \
    X(FULL, 1, "no room in the receiver's mailbox or link now; a writable event follows") \
    X(GONE, 2, "the actor that the ref names has ended, or its node has restarted since")          \
    X(UNREACHABLE, 3, "no link leads to the ref's node now")                                       \
    X(NO_MEMORY, 4, "a pool or table that was sized at start is used up")                          \
    X(TOO_BIG, 5, "the message is larger than what this link or this ask allows")                  \
    X(BAD_TYPE, 6, "the receiver does not accept this type, or its bytes do not verify") \
    X(IN_DOUBT, 7, "the link broke before the message was acknowledged: it may have been handled") \
    X(TIMEOUT, 8, "the deadline passed first")                                                     \
    X(EXPIRED, 9, "the message's own deadline passed before its handler could run")                \
    X(NOT_FOUND, 10, "nobody has that name, id or key")                                            \
    X(EXISTS, 11, "that name or id is already taken")                                              \
    X(INVALID, 12, "an argument is out of its stated range")                                       \
    X(BAD_STATE, 13, "not possible in the present state, or in this context")                      \
    X(REFUSED, 14, "the peer or a policy does not allow it")                                       \
    X(BROKEN, 15, "the callee ended or dropped the request without an answer")                     \
    X(NO_CONNECTION, 16, "the link to its node was lost; whether the actor lives is unknown") \
    X(NO_PROCESS, 17, "there was no such actor when it was asked for")                             \
    X(NORMAL, 18, "ended because it had finished")                                                 \
    X(SHUTDOWN, 19, "ended because it was told to")                                                \
    X(KILLED, 20, "ended at once by a kill request")                                               \
    X(FAILED, 21, "ended because a handler failed")                                                \
    X(IO_ERROR, 22, "the operating system or a device refused")                                    \
    X(UNSUPPORTED, 23, "this build, machine or device cannot do that")                             \
    X(VERSION, 24, "the other side speaks a version that we do not")                               \
    X(IGNORED, 25, "init asked not to be started; nothing runs, and that is no failure")           \
    X(PENDING, 26, "begun; the outcome comes later as a message")                                  \
    X(FAULT, 27, "ended because a function of it raised a fault signal")
/* clang-format on */

MYC_BEGIN_DECLS

/** Outcome of a call, reason of an end, or cause in a notice. Fits in one byte. */
enum myc_status {
#define MYC_STATUS_ENUM(name, value, text) MYC_##name = (value),
    MYC_STATUS_TABLE(MYC_STATUS_ENUM)
#undef MYC_STATUS_ENUM
    MYC_STATUS_COUNT
};

/**
 * The short name of a status, such as "FULL".
 * @param status  any value; one that is not in the table gives "UNKNOWN".
 * @return a string constant, never NULL.
 * Context: any thread.
 */
MYC_API const char *myc_status_name(enum myc_status status);

/**
 * One sentence that explains a status.
 * @param status  any value; one that is not in the table is said to be unknown.
 * @return a string constant, never NULL.
 * Context: any thread.
 */
MYC_API const char *myc_status_text(enum myc_status status);

MYC_END_DECLS

#endif
