/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file node.h
 * A node: one process of the fabric with its lcores, ports and links.
 *
 * A program fills a struct myc_node_options, starts the node, spawns its first actors and goes on
 * with its own work; lcores of the node poll until it is stopped. The library installs no signal
 * handler, no log sink and no affinity of its own beyond the lcores it is given.
 *
 * A *client* (mycelium/client.h) is a node without lcores of its own, ports and EAL: it is attached
 * to a node of its host by a segment, and its user calls myc_node_poll.
 */
#ifndef MYCELIUM_NODE_H
#define MYCELIUM_NODE_H

#include <mycelium/actor.h>
#include <mycelium/port_options.h>

MYC_BEGIN_DECLS

struct myc_node;

/** What an lcore does when a turn found nothing. */
enum myc_idle {
    MYC_IDLE_AUTO = 0, /**< BUSY on a CPU of its own, YIELD when lcores or processes share it */
    MYC_IDLE_BUSY,     /**< poll again at once */
    MYC_IDLE_PAUSE,    /**< a CPU pause instruction between polls */
    MYC_IDLE_YIELD,    /**< sched_yield between polls */
    MYC_IDLE_SLEEP,    /**< sleep 50 us after 1000 idle turns */
};

/** One polling thread. Its index in the options is its lcore index in refs. */
struct myc_lcore_options {
    uint32_t eal_lcore; /**< EAL lcore id that runs it; not the main lcore */
    enum myc_idle idle;
    /** No thread of ours runs it: it turns in the program's own loop, in myc_node_poll. At most one
     * of a node. `eal_lcore` then says only which NUMA node its memory comes from, and may be the
     * main lcore; `idle` must be 0: a poll that finds nothing returns at once, and the loop decides
     * what to do then. */
    bool is_hooked;
};

/** How frames to and from a peer are protected; both sides must say the same. */
enum myc_security {
    MYC_SECURITY_OFF = 0, /**< by a checksum, against accidents only; a line in the log says so */
    MYC_SECURITY_AUTH,    /**< AES-128-GMAC: nobody else can make, change or repeat one */
    MYC_SECURITY_ENCRYPT, /**< AES-128-GCM: nor read one */
};

/** Another node, reached by a flow. */
struct myc_peer_options {
    uint16_t node_id;
    const char *address;    /**< without prefix */
    uint16_t udp_port_base; /**< 0: 21000 */
    const char *port;       /**< which of our ports leads there; NULL: the first with an address */
    enum myc_security security;
    /** File of the key that both nodes have, 64 hexadecimal digits (`openssl rand -hex 32`), which
     * only its owner may read; read at start. NULL with OFF, and only then. */
    const char *security_key_file;
    /** A second way (A/B): every frame leaves by both ports, the first copy to arrive counts, and
     * the loss of either port is told to operators only. NULL: there is none. */
    const char *address_b;    /**< of the peer in the second port's network */
    uint16_t udp_port_base_b; /**< 0: 21000 */
    const char *port_b; /**< needed with address_b; stands behind `port` in ports; mtu no smaller */
};

/** In a rule: any user, or any group. */
#define MYC_ATTACH_ANY UINT32_MAX

/**
 * Who may attach at the control socket, and to which actors. The first rule that fits a process
 * decides; when none does, root and the node's own user may, and reach everything.
 */
struct myc_attach_rule {
    uint32_t uid;             /**< user id; MYC_ATTACH_ANY */
    uint32_t gid;             /**< group id; MYC_ATTACH_ANY */
    const char *const *names; /**< only who has one of these names is sent to, asked or stopped by
                               * its actors; others answer REFUSED; NULL: everybody */
    uint32_t name_count;      /**< 0 to 32 */
};

/** Sizes fixed at start; 0 gives the default in brackets. All of each lcore. */
struct myc_limits {
    uint32_t actors_max;      /**< [65536] up to 16777215 */
    uint32_t messages_max;    /**< message slots that wait in mailboxes [65536] */
    uint64_t state_bytes_max; /**< memory for the state of actors [64 MiB] */
    uint32_t timers_max;      /**< [65536] */
    uint32_t asks_max;        /**< open asks [16384] */
    uint32_t monitors_max;    /**< and links [65536] */
    uint32_t names_max;       /**< [4096] */
    uint32_t buffers_max;     /* bodies of large messages known at one time [8192] */
    uint64_t heap_bytes_max;  /* heap of large messages, rounded up to 2 MiB [64 MiB] */
    uint64_t lent_bytes_max;  /**< of that heap, which another process may keep [half of it]; all of
                               * them together three quarters; more is refused with NO_MEMORY */
    uint32_t ring_slots;      /**< slots of a ring or segment ring, a power of two [1024] */
    uint32_t flow_window_bytes; /**< bytes sent and not acknowledged for each flow [1 MiB] */
    /** Lcores of one peer that are linked with, up to 254; those beyond are UNREACHABLE. Each costs
     * every lcore of ours about 16 KB [as many as ours, at least 4]. */
    uint32_t peer_lcores_max;
};

/** Everything that a node is given. Strings and arrays are not owned and may go after the start. */
struct myc_node_options {
    size_t size;      /**< sizeof(struct myc_node_options) */
    uint16_t node_id; /**< 1 to 61439, unique among the nodes that are linked (above: clients) */
    const char *name; /**< for logs; NULL: "node-<id>" */
    int eal_argc;     /**< arguments for rte_eal_init, without the program's name; -1: EAL is up */
    char **eal_argv;
    const struct myc_lcore_options *lcores;
    uint32_t lcore_count; /**< 1 to 254 */
    const struct myc_port_options *ports;
    uint32_t port_count; /**< 0 to 16 */
    const struct myc_peer_options *peers;
    uint32_t peer_count; /**< 0 to 4096 */
    const char
        *control_socket; /**< path at which clients and nodes of the host attach; NULL: none */
    uint32_t control_socket_mode;               /**< file mode of it; 0: 0600 */
    const struct myc_attach_rule *attach_allow; /**< who may attach; none: as the file mode says */
    uint32_t attach_allow_count;                /**< 0 to 32 */
    const char *const *attach; /**< control sockets of other nodes of the host, tried until there */
    uint32_t attach_count;     /**< 0 to 64 */
    /** Names whose holders other nodes and clients may send to, ask, watch and stop; anybody else
     * here answers them REFUSED. Replies to what was begun here are not touched. */
    const char *const *exported;
    uint32_t exported_count; /**< 0 to 1024; 0: they may address every actor whose ref they have */
    struct myc_limits limits;
    uint32_t keepalive_us;    /**< [1000] between keep-alives of a node pair that is idle */
    uint32_t down_after_us;   /**< [0: 10 ms, or more where the peer announces shared CPUs] */
    uint32_t stop_timeout_ms; /**< of each phase of myc_node_stop [2000] */
    uint32_t stall_report_us; /**< an actor that keeps its lcore longer is told of
                                 (myc_watch_stalls), to 0.2 ms; 0: nobody looks */
    uint32_t stall_limit_ms;  /**< past it on_stall_limit is called; 0: never */
    /** Once for each stall past the limit, on a thread of the node's; it may end the process. */
    void (*on_stall_limit)(void *context, struct myc_ref actor, const char *class_name,
                           uint64_t stalled_ns);
    void *stall_context; /**< not owned */
    /** Of a node in a DPDK secondary process: its primary has ended, and with it the ports and the
     * memory that it lent. Called once, within a second, on a thread of the node's, after a line in
     * the log. The node polls on, to no effect by ports: stop it, from the thread that started it,
     * and end the process. The counter `primaries_lost` says the same. NULL: the log only. */
    void (*on_primary_lost)(void *context);
    void *primary_context; /**< not owned */
    /** A fault signal (SIGSEGV, SIGBUS, SIGFPE, SIGILL) of an actor's function fails that actor
     * with FAULT, and not the process; its stop function does not run. Such functions hold no lock
     * and do not allocate. For this a signal handler is installed while the node runs; signals that
     * are not for it go to whoever had them before. On a hooked lcore it is on within myc_node_poll
     * only; the polling thread gets an alternative signal stack if it has none, until
     * myc_node_stop. */
    bool guards_faults;
    /** Of one myc_node_poll of a hooked lcore: after it no further handlers begin [0: no bound]. */
    uint32_t poll_us_max;
    /** Cause of a failed start in words, written when not NULL; owned by the caller. */
    char *error;
    size_t error_size;
};

/**
 * Starts a node: EAL, memory, ports, links, lcores.
 * @param options  see there.
 * @param node     set on OK; end it with myc_node_stop.
 * @return OK; INVALID (an option is out of its range); EXISTS (a node or EAL is already here, the
 *         socket is in use); NOT_FOUND (no such lcore, port); NO_MEMORY (hugepages, locked memory);
 *         IO_ERROR. The sentence in `error` says what and how to mend it.
 * Context: main thread.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_node_start(const struct myc_node_options *options,
                                                      struct myc_node **node);

/**
 * Ends a node, in phases: names and groups are withdrawn, messages of other nodes refused (GONE),
 * what waits is handled, what was spawned by myc_node_spawn is asked to stop, the last first (so
 * supervisors stop their trees in order), the rest is stopped, peers are told. A phase that takes
 * longer than stop_timeout_ms is logged and left. Frees what the node took. NULL is fine.
 * @param node  set to NULL.
 * Context: the thread that started it.
 */
MYC_API void myc_node_stop(struct myc_node **node);

/**
 * Spawns an actor from outside; its init has run when the call returns.
 * @param lcore    index, 0 up.
 * @param options  NULL for the defaults.
 * @param ref      set on OK unless NULL.
 * @return as myc_spawn; NOT_FOUND (no such lcore); BAD_STATE (the node is stopping); TIMEOUT (the
 * lcore did not answer within 30 s). Context: the thread that started the node, not inside a
 * handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_node_spawn(struct myc_node *node, uint8_t lcore,
                                                      const struct myc_class *class_of,
                                                      const struct myc_spawn_options *options,
                                                      struct myc_ref *ref);

/**
 * Runs one bounded turn of a client, or of a node's hooked lcore, in the caller's own loop.
 * It needs no EAL thread: a thread that DPDK does not know will do, and rte_thread_register is not
 * called (in a primary it would keep every secondary process from starting).
 * @param budget  messages handled at most, 1 up; what comes from links and ports in one turn is
 *                bounded likewise. For a hooked lcore see `poll_us_max`, too.
 * @return work done: messages, timers and pollers; 0 when idle.
 * Context: one thread. Of a hooked lcore the first call makes the calling thread its owner:
 * handlers run on it, the thread that started the node may still spawn from outside, and
 * myc_node_stop is called when the polling has ended for good.
 */
MYC_API unsigned myc_node_poll(struct myc_node *node, unsigned budget);

/** The home word of the node's refs. Context: any thread. */
MYC_API uint64_t myc_node_home(const struct myc_node *node);

/** Value of one counter, by name (see myc_node_counter_each). Sum over lcores. Any thread. */
MYC_API MYC_MUST_CHECK enum myc_status myc_node_counter(const struct myc_node *node,
                                                        const char *name, uint64_t *value);

/** Calls `each` for every counter: name, sentence, value summed over lcores. Context: any thread.
 */
MYC_API void myc_node_counter_each(const struct myc_node *node,
                                   void (*each)(void *context, const char *name, const char *text,
                                                uint64_t value),
                                   void *context);

/** Log levels for a sink. */
enum myc_log_level {
    MYC_LOG_ERROR = 0,
    MYC_LOG_WARNING,
    MYC_LOG_INFO,
    MYC_LOG_DEBUG,
};

/**
 * Sends the fabric's log lines elsewhere than to stderr; NULL restores it.
 * Lines come from the slow path only: boot, shutdown, peers that come and go.
 * Context: main thread, before any node starts; the sink is called on any thread.
 */
MYC_API void myc_log_set_sink(void (*sink)(void *context, int level, const char *line),
                              void *context);

/** Lines above this level are not made; INFO at first. Context: any thread. */
MYC_API void myc_log_set_level(enum myc_log_level level);

MYC_END_DECLS

#endif
