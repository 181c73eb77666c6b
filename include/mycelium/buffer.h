/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file buffer.h
 * Large messages: bodies of up to 16 MB, written once.
 *
 * Any send takes a body of up to MYC_BODY_SIZE_MAX bytes. One of more than MYC_BODY_INLINE_MAX
 * goes through the lcore's heap: it is copied there once by myc_send, or written in place by
 * myc_send_claim or by whoever claims a buffer here; then only a reference travels, to another
 * lcore, to another process of the host, and to the frames of a flow. A buffer can be sent to any
 * number of receivers without a copy.
 *
 * A struct myc_buffer is one actor's hold on a body: it belongs to the actor that claimed or kept
 * it, is good until released, and is released by the fabric when the actor ends. The body goes
 * back to the heap that it came from when nobody holds it any more, here or elsewhere.
 *
 * Bodies that came from another process of the host are read where that process wrote them. They
 * stay mapped when it dies; but a process that does not keep to the rules can change them while
 * they are read. Who does not trust the processes that may attach copies first, then verifies.
 */
#ifndef MYCELIUM_BUFFER_H
#define MYCELIUM_BUFFER_H

#include <mycelium/send.h>

MYC_BEGIN_DECLS

/** Bytes of body that travel within the message itself. */
#define MYC_BODY_INLINE_MAX 1024U
/** Bytes of body of the largest message; more is TOO_BIG at every level. */
#define MYC_BODY_SIZE_MAX (16U * 1024U * 1024U)

/** A hold on a body in a heap. */
struct myc_buffer;

/**
 * Gives memory of this lcore's heap, to be written and then sent.
 * @param size    bytes of body, 1 to MYC_BODY_SIZE_MAX.
 * @param buffer  set on OK: the calling actor's, to be given back with myc_buffer_release.
 * @param body    set on OK: `size` bytes, 64-aligned, not zeroed; to be written until the first
 *                send, and only read afterwards.
 * @return OK; NO_MEMORY (heap or table of buffers used up: limits.heap_bytes_max, buffers_max);
 *         TOO_BIG; INVALID (0 bytes).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_buffer_claim(struct myc_self *self, uint32_t size,
                                                        struct myc_buffer **buffer, void **body);

/**
 * Sends the body of a buffer without copying it; the buffer stays the caller's.
 * One copy is made when the body is in somebody else's heap (it was kept from a message of another
 * lcore or process) and goes on to another one than that of the caller; counted (bodies_copied).
 * @param options  NULL for the defaults.
 * @return as myc_send.
 * Context: inside a handler of the actor whose buffer it is.
 */
MYC_API enum myc_status myc_buffer_send(struct myc_self *self, struct myc_ref to,
                                        const struct myc_type *type,
                                        const struct myc_buffer *buffer,
                                        const struct myc_send_options *options);

/**
 * Keeps the body of the message that is being handled beyond the handler's return.
 * A large body is kept where it is; a small one is copied into the heap.
 * @param message  what the handler was given; a body of 0 bytes cannot be kept.
 * @param buffer   set on OK: the calling actor's, to be given back with myc_buffer_release.
 * @return OK; NO_MEMORY; INVALID (0 bytes).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_message_keep(struct myc_self *self,
                                                        const struct myc_message *message,
                                                        struct myc_buffer **buffer);

/**
 * Gives a buffer back.
 * @param buffer  set to NULL; NULL inside is fine.
 * Context: inside a handler of the actor whose buffer it is.
 */
MYC_API void myc_buffer_release(struct myc_self *self, struct myc_buffer **buffer);

/** The body; valid until the buffer is released. Context: inside a handler. */
MYC_API const void *myc_buffer_body(const struct myc_buffer *buffer);

/** Bytes of the body. Context: inside a handler. */
MYC_API uint32_t myc_buffer_size(const struct myc_buffer *buffer);

MYC_END_DECLS

#endif
