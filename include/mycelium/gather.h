/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file gather.h
 * One question to many: what has come so far, and when it is enough.
 *
 * A gathering is a part of the asker's state. Replies and failures come as those of any ask; the
 * gathering counts them and says when all have come, or as many as were wanted. A reply is given to
 * it before it is used, so its owner may use each as it comes (partial results) or wait.
 *
 *     struct quoter { struct myc_gather gather; uint64_t asks[16]; ... };
 *
 *     status = myc_gather_start(self, &quoter->gather, &question);
 *     receive:  switch (myc_gather_on_message(self, &quoter->gather, message)) ...
 */
#ifndef MYCELIUM_GATHER_H
#define MYCELIUM_GATHER_H

#include <mycelium/send.h>

MYC_BEGIN_DECLS

/** What a message means to a gathering. */
enum myc_gathered {
    MYC_GATHER_NOT_MINE = 0,
    MYC_GATHER_PART, /**< an answer or a failure, and more to come */
    MYC_GATHER_DONE, /**< the last one: nothing comes any more */
};

/** A gathering. Its fields may be read. */
struct myc_gather {
    uint64_t *asks;      /**< not owned; the open ones, 0 where there is none */
    uint64_t tag;        /**< of the first; the others follow */
    uint32_t count;      /**< who were asked */
    uint32_t enough;     /**< answers after which the others are not waited for */
    uint32_t answered;   /**< replies so far */
    uint32_t failed;     /**< failures so far, refusals at once among them */
    uint32_t last_index; /**< whom the last message came from: index of its ref */
};

/** A question for many. */
struct myc_gather_options {
    size_t size;                /**< sizeof(struct myc_gather_options) */
    const struct myc_ref *refs; /**< who are asked; not owned */
    uint64_t *asks;             /**< `count` places, valid as long as the gathering; not owned */
    uint32_t count;             /**< 1 up */
    uint32_t enough; /**< answers that are enough, the other asks are cancelled; 0: all */
    const struct myc_type *type;
    const void *body; /**< not owned */
    uint32_t body_size;
    struct myc_ask_options ask; /**< of each; `tag` is the first one's, the others count up */
};

/**
 * Asks them all. Who refuses at once counts as failed.
 * @return OK (at least one was asked); else as myc_ask to the last of them.
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_gather_start(struct myc_self *self,
                                                        struct myc_gather *gather,
                                                        const struct myc_gather_options *options);

/** Takes a message, if it belongs to the gathering. Context: inside a handler. */
MYC_API enum myc_gathered myc_gather_on_message(struct myc_self *self, struct myc_gather *gather,
                                                const struct myc_message *message);

/** Forgets all asks that are still open. Context: inside a handler. */
MYC_API void myc_gather_cancel(struct myc_self *self, struct myc_gather *gather);

MYC_END_DECLS

#endif
