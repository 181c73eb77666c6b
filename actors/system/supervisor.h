/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a supervisor.
 *
 * Nothing here waits: what takes time (a child that stops, a back-off) is a stage of the child or
 * the group's operation, and goes on when an event comes.
 *
 *   a child                                       asked to stop        ended
 *   STOPPED --start--> RUNNING --TerminateChild--> STOPPING --------> STOPPED
 *                      |  ^  `----group stops-----> STOPPING --------> HELD --group starts-->
 * RUNNING failed |  | v  | tried again RESTARTING --one restart too many--> the supervisor ends
 *
 *   the group        NONE --a child fails--> RESTART (stop the later ones, or all; then start)
 *                    NONE or RESTART --stop, intensity, significant child--> SHUTDOWN (stop all)
 *
 * A child that has ended is *suspended* by the core until we say myc_restart or myc_release.
 */
#ifndef SYSTEM_SUPERVISOR_H
#define SYSTEM_SUPERVISOR_H

#include <mycelium/actor.h>
#include <mycelium/supervisor.h>

#define SUPERVISOR_ID_SIZE   32U
#define SUPERVISOR_NAME_SIZE 64U

struct supervisor_child {
    char id[SUPERVISOR_ID_SIZE]; /* NUL-terminated; empty under DYNAMIC */
    const struct myc_class *class_of;
    struct myc_spawn_options
        options; /* args and name point into the spec or are set at the start */
    uint64_t shutdown_ns;
    uint32_t flags;    /* enum myc_child_flag */
    uint8_t restart;   /* enum myc_restart_policy */
    uint8_t stage;     /* enum myc_child_stage */
    bool is_suspended; /* its actor has ended and waits for our decision */
    bool is_skipped;   /* terminated while its group is being restarted: not started with it */
    bool has_own_args; /* StartChild brought them: `args` below */
    bool has_own_name;
    uint32_t serial;   /* names it in timers: it may move in the array */
    uint32_t failures; /* in a row, for the back-off */
    uint64_t started_ns;
    uint64_t timer;             /* that kills it or tries it again; 0: none */
    struct myc_ref ref;         /* null while it has no actor */
    struct myc_ref last_ref;    /* of the life that ended last */
    struct myc_request waiting; /* TerminateChild to answer when it has ended; ask 0: none */
    uint8_t args[MYC_SUPERVISOR_ARGS_MAX];
    char name[SUPERVISOR_NAME_SIZE];
};

enum supervisor_operation {
    SUPERVISOR_IDLE = 0,
    SUPERVISOR_RESTART,  /* stop children from `from` on, then start them */
    SUPERVISOR_SHUTDOWN, /* stop all, then end */
};

struct supervisor {
    struct myc_supervisor_spec spec;    /* defaults filled in */
    struct myc_child_spec dynamic_spec; /* of DYNAMIC */
    uint32_t child_count;
    uint32_t child_max;
    uint32_t last_serial;
    uint8_t operation; /* enum supervisor_operation */
    uint8_t reason;    /* enum myc_status, of a SHUTDOWN */
    bool is_starting;  /* RESTART: the start is due by a timer */
    uint32_t from;     /* RESTART: index of the first child concerned */
    uint64_t delay_ns; /* RESTART: back-off before the start */
    uint32_t restart_count;
    uint64_t restarts_ns[MYC_SUPERVISOR_INTENSITY_MAX + 1]; /* within the window, oldest first */
    struct supervisor_child children[];
};

/* What a timer of ours is for: the high half of its tag; the low half is a child's serial. */
enum supervisor_timer {
    SUPERVISOR_TIMER_KILL = 1, /* it has had its time to stop */
    SUPERVISOR_TIMER_RETRY,    /* try to run it again */
    SUPERVISOR_TIMER_GO,       /* the group may be started */
    SUPERVISOR_TIMER_END,      /* all have gone: end */
};

/* --- child.c: one child ----------------------------------------------------------------------- */

struct supervisor_child *supervisor_find_id(struct supervisor *supervisor, const char *id);
struct supervisor_child *supervisor_find_ref(struct supervisor *supervisor, struct myc_ref ref);
/* By the ref of a running child, or by that which one had that is being restarted. */
struct supervisor_child *supervisor_find_named(struct supervisor *supervisor, struct myc_ref ref);
struct supervisor_child *supervisor_find_serial(struct supervisor *supervisor, uint32_t serial);

/* Adds a child that is stopped, from a spec that has been checked. NULL: there are too many. */
struct supervisor_child *supervisor_add(struct supervisor *supervisor,
                                        const struct myc_child_spec *spec);

/* Forgets a child that does not run. Others move up. */
void supervisor_remove(struct supervisor *supervisor, struct supervisor_child *child);

/* Runs a child (again). OK: RUNNING. IGNORED: STOPPED. Else as init answered, and its stage is as
 * before. */
enum myc_status supervisor_start(struct myc_self *self, struct supervisor *supervisor,
                                 struct supervisor_child *child);

/* Asks a running child to stop, in its own time: STOPPING. */
void supervisor_stop(struct myc_self *self, struct supervisor_child *child);

/* Lets go of the actor of a child that has ended. */
void supervisor_let_go(struct myc_self *self, struct supervisor_child *child);

/* Ends whatever timer of the child runs. */
void supervisor_cancel_timer(struct myc_self *self, struct supervisor_child *child);

/* Tries a child again after a time: RESTARTING. */
void supervisor_retry_later(struct myc_self *self, struct supervisor_child *child,
                            uint64_t delay_ns);

/* Answers who asked for its termination. */
void supervisor_answer_waiting(struct myc_self *self, struct supervisor_child *child);

/* --- restart.c: what a failure leads to ------------------------------------------------------- */

/* Counts a restart. False: it is one too many. */
bool supervisor_may_restart(struct supervisor *supervisor, uint64_t now_ns);

/* How long to wait before the child's next restart. */
uint64_t supervisor_backoff_ns(struct myc_self *self, const struct supervisor *supervisor,
                               struct supervisor_child *child);

/* ChildExited has come. */
void supervisor_on_exit(struct myc_self *self, struct supervisor *supervisor,
                        struct supervisor_child *child, enum myc_status reason);

/* The time to try a child again has come. */
void supervisor_on_retry(struct myc_self *self, struct supervisor *supervisor,
                         struct supervisor_child *child);

/* --- group.c: operations on several children -------------------------------------------------- */

/* Begins to restart children from `from` on. */
void supervisor_begin_restart(struct myc_self *self, struct supervisor *supervisor, uint32_t from,
                              uint64_t delay_ns);

/* Begins to stop all and to end. */
void supervisor_begin_shutdown(struct myc_self *self, struct supervisor *supervisor,
                               enum myc_status reason);

/* Goes on with the operation after a child has ended. */
void supervisor_go_on(struct myc_self *self, struct supervisor *supervisor);

/* The group's start is due. */
void supervisor_on_go(struct myc_self *self, struct supervisor *supervisor);

/* --- admin.c: requests at run time ------------------------------------------------------------ */

void supervisor_on_request(struct myc_self *self, struct supervisor *supervisor,
                           const struct myc_message *message);

#endif
