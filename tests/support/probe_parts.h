/* SPDX-License-Identifier: BSD-3-Clause */
/* What a probe does with timers, asks, monitors and names: one act each, in its name. */
#ifndef TESTS_SUPPORT_PROBE_PARTS_H
#define TESTS_SUPPORT_PROBE_PARTS_H

#include "support/probe.h"

#include <mycelium/name.h>

enum myc_status probe_timer_start(struct probe *probe, uint64_t delay_ns, uint64_t period_ns,
                                  uint64_t tag, uint64_t *timer);
enum myc_status probe_timer_cancel(struct probe *probe, uint64_t timer);
enum myc_status probe_timer_rearm(struct probe *probe, uint64_t *timer, uint64_t delay_ns);

/* Asks with the number as body and as tag. `options` NULL: a second, the default reply size. */
enum myc_status probe_ask(struct probe *from, struct myc_ref to, uint64_t value,
                          const struct myc_ask_options *options, uint64_t *ask);
enum myc_status probe_ask_cancel(struct probe *probe, uint64_t ask);

/* Replies with a number, padded to `size` bytes (8 up). */
enum myc_status probe_reply(struct probe *by, struct myc_request request, uint64_t value,
                            uint32_t size);
enum myc_status probe_reply_failure(struct probe *by, struct myc_request request,
                                    enum myc_status status);
enum myc_status probe_pass_on(struct probe *by, struct myc_request request);
void probe_take_over(struct probe *by, struct myc_request request);

/* An on_message that answers each ask with its number plus one. */
void probe_answers(struct myc_self *self, struct probe *probe, const struct myc_message *message);

/* An on_message that keeps the request of the last ask in probe_kept. */
void probe_keeps(struct myc_self *self, struct probe *probe, const struct myc_message *message);
extern struct myc_request probe_kept;

enum myc_status probe_monitor(struct probe *probe, struct myc_ref ref, uint64_t *monitor);
enum myc_status probe_demonitor(struct probe *probe, uint64_t monitor);
enum myc_status probe_link(struct probe *probe, struct myc_ref ref);
enum myc_status probe_unlink(struct probe *probe, struct myc_ref ref);
enum myc_status probe_watch_nodes(struct probe *probe);

enum myc_status probe_register(struct probe *probe, const char *name);
enum myc_status probe_unregister(struct probe *probe, const char *name);
enum myc_status probe_lookup(struct probe *probe, const char *name, struct myc_ref *ref);
enum myc_status probe_discover(struct probe *probe, const char *name, uint64_t timeout_ns,
                               uint64_t tag);
enum myc_status probe_watch_name(struct probe *probe, const char *name, uint64_t tag);

#endif
