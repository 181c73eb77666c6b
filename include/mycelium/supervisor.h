/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file supervisor.h
 * Supervisors: actors that run other actors again, by the rules of Erlang/OTP.
 *
 * A supervisor is an ordinary actor of one of the classes below; what it supervises is said by the
 * spec that it gets as its arguments:
 *
 *     static const struct myc_child_spec children[] = {
 *         { .size = sizeof(children[0]), .id = "book", .class_of = &book_class },
 *         { .size = sizeof(children[0]), .id = "gateway", .class_of = &gateway_class },
 *     };
 *     const struct myc_supervisor_spec spec = {
 *         .size = sizeof(spec), .children = children, .child_count = 2,
 *     };
 *     const struct myc_spawn_options options = {
 *         .size = sizeof(options), .args = &spec, .args_size = sizeof(spec),
 *     };
 *     status = myc_spawn(self, &myc_supervisor_class, &options, &ref);
 *
 * Children live on the supervisor's lcore, are started in order and stopped in reverse. A child
 * that is run again keeps its ref and mailbox unless its flags say otherwise. A supervisor whose
 * children fail too often stops them and ends itself with SHUTDOWN, for its own supervisor to
 * decide.
 *
 * At run time it is asked by the messages StartChild, TerminateChild, RestartChild, DeleteChild,
 * CountChildren and WhichChildren of <mycelium/messages.h>; it never blocks, whatever a child does.
 */
#ifndef MYCELIUM_SUPERVISOR_H
#define MYCELIUM_SUPERVISOR_H

#include <mycelium/messages.h>
#include <mycelium/spawn.h>

MYC_BEGIN_DECLS

/** A supervisor of at most MYC_SUPERVISOR_CHILDREN_MAX children. */
MYC_API extern const struct myc_class myc_supervisor_class;
/** A supervisor of at most MYC_SUPERVISOR_LARGE_CHILDREN_MAX children. */
MYC_API extern const struct myc_class myc_supervisor_large_class;

#define MYC_SUPERVISOR_CHILDREN_MAX       64U
#define MYC_SUPERVISOR_LARGE_CHILDREN_MAX 2048U
/** Restarts that a window can count. */
#define MYC_SUPERVISOR_INTENSITY_MAX 255U
/** Bytes of arguments of a child that StartChild brings. */
#define MYC_SUPERVISOR_ARGS_MAX 64U
/** For intensity: no restart at all. */
#define MYC_INTENSITY_NONE UINT32_MAX
/** For shutdown_ns: killed at once, its stop function does not run. */
#define MYC_SHUTDOWN_BRUTAL 1U

/** Who is run again when a child fails. */
enum myc_supervisor_strategy {
    MYC_ONE_FOR_ONE = 0, /**< the child */
    MYC_ONE_FOR_ALL,     /**< all: they are stopped first */
    MYC_REST_FOR_ONE,    /**< the child and those started after it */
    MYC_DYNAMIC,         /**< the child; all are made of the one spec, by StartChild
                            (simple_one_for_one) */
};

/** Whether a supervisor ends with its significant children. */
enum myc_auto_shutdown {
    MYC_AUTO_SHUTDOWN_NEVER = 0,
    MYC_AUTO_SHUTDOWN_ANY, /**< when one ends by itself */
    MYC_AUTO_SHUTDOWN_ALL, /**< when the last one does */
};

/** Child flags. */
enum myc_child_flag {
    MYC_CHILD_FRESH_REF = 1 << 0, /**< a new actor each time: watchers see Down, mail is returned */
    MYC_CHILD_IS_SUPERVISOR = 1 << 1,  /**< waits for its end without limit by default */
    MYC_CHILD_IS_SIGNIFICANT = 1 << 2, /**< see myc_auto_shutdown; not with PERMANENT */
    /** Killed when it has stalled (Stalled, of struct myc_node_options), as soon as it returns: so
     * it is run again, and counts as a restart. */
    MYC_CHILD_KILL_WHEN_STALLED = 1 << 3,
};

/** How a child is run. It and all that it points to must outlive the supervisor. */
struct myc_child_spec {
    size_t size;    /**< sizeof(struct myc_child_spec) */
    const char *id; /**< unique in the supervisor; 1 to 31 bytes */
    const struct myc_class *class_of;
    /** NULL: the defaults. is_supervised and is_linked are the supervisor's to say. */
    const struct myc_spawn_options *options;
    enum myc_restart_policy restart;
    uint64_t shutdown_ns; /**< until it is killed; 0: 5 s; or MYC_SHUTDOWN_BRUTAL, MYC_FOREVER */
    uint32_t flags;       /**< enum myc_child_flag */
};

/** What a supervisor is. Zeroes give OTP's defaults: ONE_FOR_ONE, 1 restart in 5 s. */
struct myc_supervisor_spec {
    size_t size; /**< sizeof(struct myc_supervisor_spec) */
    enum myc_supervisor_strategy strategy;
    enum myc_auto_shutdown auto_shutdown;
    uint32_t intensity; /**< restarts within the period; one more ends it; 0: 1 */
    uint64_t period_ns; /**< 0: 5 s */
    const struct myc_child_spec *children; /**< started in this order; DYNAMIC: exactly one */
    uint32_t child_count;
    const struct myc_class *const *classes; /**< that StartChild may name; not owned */
    uint32_t class_count;
    uint64_t backoff_ns_min;         /**< before the first restart; doubles each time; 0: none */
    uint64_t backoff_ns_max;         /**< 0: no bound but an hour */
    uint32_t backoff_jitter_percent; /**< added at random, 0 to 100 */
    uint64_t backoff_reset_ns; /**< of running well, after which it begins anew; 0: the period */
};

/**
 * Checks a spec as a supervisor does when it starts.
 * @return OK; INVALID (a value out of its range); EXISTS (two children of one id); UNSUPPORTED (a
 *         combination that cannot be: DYNAMIC with auto_shutdown, significant with NEVER or
 *         PERMANENT); NO_MEMORY (more children than `children_max`).
 * Context: any thread.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_supervisor_check(const struct myc_supervisor_spec *spec,
                                                            uint32_t children_max);

MYC_END_DECLS

#endif
