/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file send.h
 * Sending, asking and replying.
 */
#ifndef MYCELIUM_SEND_H
#define MYCELIUM_SEND_H

#include <mycelium/class.h>

MYC_BEGIN_DECLS

/** Send flags. */
enum myc_send_flag {
    MYC_SEND_NOW = 1 << 0,    /**< flush the link at once instead of at the end of the turn */
    MYC_SEND_URGENT = 1 << 1, /**< before waiting messages that are not urgent */
    /** A value that a later one makes worthless: as long as it waits to leave for another host, one
     * of the same type and `tag` (the key, such as an instrument) to the same actor takes its
     * place. What was left out is counted, and told to nobody. */
    MYC_SEND_LATEST = 1 << 2,
};

/** What a send may add; zero everywhere but `size` gives the defaults. */
struct myc_send_options {
    size_t size;     /**< sizeof(struct myc_send_options) */
    uint32_t flags;  /**< enum myc_send_flag */
    uint64_t tag;    /**< comes with the message, and back in an undelivered notice */
    uint64_t ttl_ns; /**< left out or dropped before the handler after this time; 0: never */
    uint64_t origin; /**< origin.h; 0: that of the message being handled */
    /** Only if so many places stay free in the receiver's mailbox behind it, 0 to 255; else FULL as
     * from a full one: who can wait leaves room to who cannot. INVALID where the whole mailbox has
     * no more places than that: no waiting would help. */
    uint32_t margin;
};

/**
 * Sends a message: never blocks, never allocates.
 * OK means accepted: what is found out later comes back as an Undelivered event.
 * @param body  `size` bytes: the type's root block and what follows; copied before the call
 * returns.
 * @return OK; FULL (a Writable event follows); GONE; UNREACHABLE; NO_MEMORY; TOO_BIG; BAD_TYPE (the
 *         receiver is on this lcore and does not accept it).
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_send(struct myc_self *self, struct myc_ref to,
                                 const struct myc_type *type, const void *body, uint32_t size);

/**
 * As myc_send, with options; `options` NULL is myc_send itself.
 * @return as myc_send; INVALID (see `margin`; from elsewhere by an Undelivered event).
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_send_with(struct myc_self *self, struct myc_ref to,
                                      const struct myc_type *type, const void *body, uint32_t size,
                                      const struct myc_send_options *options);

/**
 * Gives memory for a message at its destination, to be written in place and committed.
 * A claim that is not committed is forgotten by the next claim, send or ask, or when the handler
 * ends.
 * @param size  bytes of body.
 * @param body  set on OK: `size` bytes, 8-aligned, not zeroed; owned by the fabric.
 * @return as myc_send.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_send_claim(struct myc_self *self, struct myc_ref to,
                                                      const struct myc_type *type, uint32_t size,
                                                      void **body);

/** Sends what was claimed last. Asserts that there is a claim. Context: inside a handler. */
MYC_API void myc_send_commit(struct myc_self *self);

/** How to ask. */
struct myc_ask_options {
    size_t size;             /**< sizeof(struct myc_ask_options) */
    uint64_t timeout_ns;     /**< from now, 1 up */
    uint64_t tag;            /**< comes with the reply or the AskFailed event */
    uint32_t reply_size_max; /**< bytes of the reply's body; 0: 256 */
};

/**
 * Sends a request that is answered exactly once: by a message of kind REPLY, or by an AskFailed
 * event with TIMEOUT, GONE, BROKEN, NO_CONNECTION, FULL, BAD_TYPE, TOO_BIG or NO_MEMORY (at the
 * other end, for the request or for its answer).
 * @param ask  set on OK unless NULL: its id, for myc_ask_cancel.
 * @return OK; as myc_send; NO_MEMORY also when the table of open asks is full.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_ask(struct myc_self *self, struct myc_ref to,
                                               const struct myc_type *type, const void *body,
                                               uint32_t size, const struct myc_ask_options *options,
                                               uint64_t *ask);

/**
 * Forgets an open ask: neither reply nor failure will come. Who was asked is not told; its lcore
 * is, as when the deadline passes or the asker ends, and keeps nothing for an answer that nobody
 * wants. Such an answer can still be given: it is counted as late.
 * @return OK; NOT_FOUND.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_ask_cancel(struct myc_self *self, uint64_t ask);

/** A request to answer later or elsewhere: a value, copy it freely, answer it once. */
struct myc_request {
    struct myc_ref asker;
    uint64_t ask; /**< id within the asker's table */
};

/** The request within a message of kind ASK. Context: any thread. */
MYC_API struct myc_request myc_message_request(const struct myc_message *message);

/**
 * Answers a request. Replies take no credit and are never FULL.
 * @return OK; GONE; UNREACHABLE; TOO_BIG (more than the asker allowed, or than any ask may allow);
 *   NO_MEMORY (the link has no room and no cell is free for a reply to wait in; one with a body of
 *   up to 64 bytes has one reserved. The asker gets AskFailed with NO_MEMORY; the request is over).
 * Context: inside a handler, also of another actor than the one that was asked.
 */
MYC_API enum myc_status myc_reply(struct myc_self *self, struct myc_request request,
                                  const struct myc_type *type, const void *body, uint32_t size);

/**
 * Answers a request with a failure: the asker gets AskFailed with this status.
 * @return as myc_reply.
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_reply_failure(struct myc_self *self, struct myc_request request,
                                          enum myc_status status);

/**
 * Says that another actor will answer: our end does not break the request any more.
 * For delegation: send the request in a message, pass it on, and the other one takes it over.
 * @return OK; NOT_FOUND (not ours to answer, or nobody waits for the answer any more).
 * Context: inside a handler of the actor that got the request.
 */
MYC_API enum myc_status myc_request_pass_on(struct myc_self *self, struct myc_request request);

/**
 * Makes a request that came in a message ours: our end without an answer tells the asker BROKEN,
 * the loss of our node NO_CONNECTION.
 * Context: inside a handler.
 */
MYC_API void myc_request_take_over(struct myc_self *self, struct myc_request request);

MYC_END_DECLS

#endif
