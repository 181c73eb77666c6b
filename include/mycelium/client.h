/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file client.h
 * A node without lcores of its own, ports or DPDK: a process that attaches to a node of its host.
 *
 * For a feed handler on another kernel-bypass stack, a tool, an agent: link libmycelium-client
 * instead of libmycelium. Its actors are actors like any others: they have refs, names, timers,
 * monitors, and are reached from the node and reach it by a segment. All of them run in
 * myc_node_poll, on the user's own thread.
 *
 *      myc_client_open -> myc_node_spawn ... myc_node_poll, again and again ... -> myc_node_stop
 *
 * When the node ends, the client's actors see it as they see any lost node; when it is started
 * again the client attaches by itself and keeps its refs. The client keeps a thread that sleeps
 * until such a thing happens.
 *
 * A client is linked with those that it attaches to, and with nobody else: it knows names that they
 * hold, and they its own. Nobody passes messages on for others (there would be two hops' worth of
 * order, credit and notices to keep), so names of nodes behind them are not seen: their holders
 * could not be reached from here. Two clients link directly: one listens at a `control_socket` of
 * its own, and the other names that under `also`.
 *
 * A program that does not want to write actors (a script through ctypes) can use the *inbox*: an
 * actor of the client's own that keeps what is sent to it until myc_client_receive takes it.
 */
#ifndef MYCELIUM_CLIENT_H
#define MYCELIUM_CLIENT_H

#include <mycelium/name.h>
#include <mycelium/node.h>

MYC_BEGIN_DECLS

/** How to attach. */
struct myc_client_options {
    size_t size;              /**< sizeof(struct myc_client_options) */
    const char *name;         /**< for the node's logs and `mycelium ls`; NULL: the program's */
    uint32_t timeout_ms;      /**< for the node to be there and to answer; 0: 5000 */
    struct myc_limits limits; /**< 0: as for a node, but 1024 actors, 8192 messages, 4 MiB state,
                               * 32 MiB heap */
    uint32_t inbox_max;       /**< messages that the inbox keeps; 0: 1024 */
    /** Control sockets of further nodes and of clients of the host, attached to once the first one
     * is, and tried until they are there; NodeUp and NodeDown tell of them. The client has one home
     * for all: it keeps trying where its node id is another client's. */
    const char *const *also;
    uint32_t also_count; /**< 0 to 63; 0 for a thread */
    /** Path at which other clients of the host attach to this one; NULL: nobody can. */
    const char *control_socket;
    uint32_t control_socket_mode; /**< file mode of it; 0: 0600 */
    /** Cause of a failure in words, written when not NULL; owned by the caller. */
    char *error;
    size_t error_size;
};

/**
 * Attaches to a node of this host.
 * @param path     its control socket.
 * @param options  NULL for the defaults.
 * @param node     set on OK; end it with myc_node_stop.
 * @return OK; TIMEOUT (nobody listens there, or it does not answer); REFUSED (this user may not);
 *         VERSION; EXISTS; INVALID; NO_MEMORY; IO_ERROR.
 * Context: any thread; all other calls for this node on the same one.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_open(const char *path,
                                                       const struct myc_client_options *options,
                                                       struct myc_node **node);

/**
 * Attaches a thread to a node of its own process: a user's thread, which is no lcore, becomes a
 * client of that node, with a ring pair of its own. All the rest is as for a client in a process of
 * its own; when the node ends, it does not come again. It ends with myc_node_stop before the node.
 * @param node     a full node (mycelium/node.h).
 * @param options  NULL for the defaults.
 * @param thread   set on OK; end it with myc_node_stop.
 * @return as myc_client_open; UNSUPPORTED (the node is a client itself, or is stopping).
 * Context: any thread; all other calls for `thread` on the same one.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_thread_attach(struct myc_node *node,
                                                         const struct myc_client_options *options,
                                                         struct myc_node **thread);

/** Whether the (first) node is there now. Context: the client's thread. */
MYC_API bool myc_client_is_attached(const struct myc_node *node);

/** The home word of the (first) node that it is, or was last, attached to. Context: the client's
 * thread. */
MYC_API uint64_t myc_client_host(const struct myc_node *node);

/**
 * Runs a function like a handler of the inbox actor, at once: whatever can be done inside a handler
 * can be done there.
 * @param run  called once before the call returns.
 * @return OK; GONE (the inbox has been stopped by somebody).
 * Context: the client's thread, not inside a handler.
 */
MYC_API enum myc_status myc_client_run(struct myc_node *node,
                                       void (*run)(struct myc_self *self, void *context),
                                       void *context);

/** The inbox actor's ref. Context: the client's thread. */
MYC_API struct myc_ref myc_client_ref(const struct myc_node *node);

/**
 * Sends from the inbox actor, and flushes.
 * @param type  its schema id, template id, version and block length are sent.
 * @param tag   comes with the message, and back in an undelivered notice.
 * @return as myc_send.
 * Context: the client's thread, not inside a handler.
 */
MYC_API enum myc_status myc_client_send(struct myc_node *node, struct myc_ref to,
                                        const struct myc_type *type, const void *body,
                                        uint32_t size, uint64_t tag);

/**
 * Asks from the inbox actor, and flushes: the reply, or the AskFailed event, is received like any
 * other message, with the tag.
 * @param type        its schema id, template id, version and block length are sent.
 * @param timeout_ns  until when the answer is waited for, from now, 1 up.
 * @return as myc_ask.
 * Context: the client's thread, not inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_ask(struct myc_node *node, struct myc_ref to,
                                                      const struct myc_type *type, const void *body,
                                                      uint32_t size, uint64_t timeout_ns,
                                                      uint64_t tag);

/**
 * Watches an actor from the inbox actor: its Down event is received like any other message.
 * @param monitor  set on OK: the id that the event will carry.
 * @return as myc_monitor.
 * Context: the client's thread, not inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_monitor(struct myc_node *node, struct myc_ref ref,
                                                          uint64_t *monitor);

/**
 * Takes the oldest message of the inbox, polling the node while there is none.
 * Events (Down, NameFound, Undelivered, replies) come this way too.
 * @param timeout_ns  0: looks once.
 * @param message     set on OK: valid until the next receive or the end of the node.
 * @return OK; TIMEOUT.
 * Context: the client's thread, not inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_receive(struct myc_node *node,
                                                          uint64_t timeout_ns,
                                                          struct myc_message *message);

/**
 * Gives the inbox actor a name. As myc_register. Context: the client's thread, not inside a
 * handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_register(struct myc_node *node, const char *name);

/**
 * Finds a name, polling the node meanwhile.
 * @param ref  set on OK.
 * @return OK; TIMEOUT; INVALID.
 * Context: the client's thread, not inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_client_find(struct myc_node *node, const char *name,
                                                       uint64_t timeout_ns, struct myc_ref *ref);

MYC_END_DECLS

#endif
