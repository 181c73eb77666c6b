// SPDX-License-Identifier: BSD-3-Clause
/*
 * CAF: event-based actors. Round trips and rate are measured between actors with a thread of their
 * own (detached), because on one scheduler both would run on the same worker; the Savina benchmarks
 * have a scheduler with as many workers as asked for.
 */
#include <cstdlib>
#include <cstring>
#include <string>

#include "savina.hpp"

extern "C" {
#include "../peer.h"
}

using namespace caf;

namespace
{

unsigned threads = 2;

behavior
echo(event_based_actor *)
{
    return {
        [](uint64_t number, uint64_t a, uint64_t b, uint64_t c) {
            return make_message(number, a, b, c);
        },
    };
}

behavior
sink(event_based_actor *self, actor driver, uint32_t count)
{
    auto received = std::make_shared<uint64_t>(0);

    self->send(driver, uint64_t{ 0 });
    return {
        [=](uint64_t number, uint64_t, uint64_t, uint64_t) {
            peer_check(number == *received, "order of what came");
            if (++*received == count)
                self->send(driver, *received);
        },
    };
}

int
run_rtt(const char *question, uint32_t count)
{
    actor_system_config config;
    config.set("scheduler.max-threads", size_t{ 2 });
    actor_system system{ config };
    auto partner = system.spawn<detached>(echo);
    scoped_actor self{ system };
    std::vector<uint64_t> samples(count);

    for (uint64_t i = 0; i < count + uint64_t{ PEER_WARM_UP }; i++) {
        uint64_t sent_ns = peer_clock_ns();

        self->send(partner, i, uint64_t{ 0 }, uint64_t{ 0 }, uint64_t{ 0 });
        self->receive([&](uint64_t number, uint64_t, uint64_t, uint64_t) {
            peer_check(number == i, "the number that came back");
        });
        if (i >= PEER_WARM_UP)
            samples[i - PEER_WARM_UP] = peer_clock_ns() - sent_ns;
    }
    self->send_exit(partner, exit_reason::user_shutdown);
    peer_print_latency(question, "CAF, detached", samples.data(), count);
    return 0;
}

int
run_rate(const char *question, uint32_t count)
{
    actor_system_config config;
    config.set("scheduler.max-threads", size_t{ 2 });
    actor_system system{ config };
    scoped_actor self{ system };
    auto partner = system.spawn<detached>(sink, actor_cast<actor>(self), count);
    uint64_t start_ns;

    self->receive([](uint64_t) {});
    start_ns = peer_clock_ns();
    for (uint64_t i = 0; i < count; i++)
        self->send(partner, i, uint64_t{ 0 }, uint64_t{ 0 }, uint64_t{ 0 });
    self->receive([&](uint64_t received) { peer_check(received == count, "the number received"); });
    peer_print_rate(question, "CAF, detached", count, peer_clock_ns() - start_ns);
    self->send_exit(partner, exit_reason::user_shutdown);
    return 0;
}

int
run_savina(const char *question, uint32_t count)
{
    std::string who = "CAF, " + std::to_string(threads) + (threads > 1 ? " threads" : " thread");
    uint64_t start_ns, done;
    actor_system_config config;

    config.set("scheduler.max-threads", size_t{ threads });
    actor_system system{ config };
    scoped_actor self{ system };
    start_ns = peer_clock_ns();
    done = savina_run(self, question + std::strlen("savina-"), count);
    peer_print_rate(question, who.c_str(), static_cast<uint32_t>(done), peer_clock_ns() - start_ns);
    return 0;
}

} // namespace

int
main(int argc, char **argv)
{
    static const peer_question questions[] = {
        { "rtt", run_rtt },
        { "rate", run_rate },
        { "savina-ping-pong", run_savina },
        { "savina-counting", run_savina },
        { "savina-fork-join", run_savina },
        { "savina-fork-join-create", run_savina },
        { "savina-thread-ring", run_savina },
        { "savina-big", run_savina },
        { "savina-chameneos", run_savina },
        { "savina-bounded-buffer", run_savina },
        { "savina-banking", run_savina },
        { nullptr, nullptr },
    };

    if (argc > 3)
        threads = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10));
    return peer_main(argc, argv, questions);
}
