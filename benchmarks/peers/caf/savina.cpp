// SPDX-License-Identifier: BSD-3-Clause
/*
 * Actors that talk in a line or a ring, and the choice among all.
 */
#include "savina.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "parts.hpp"

using namespace caf;

namespace
{

constexpr uint64_t fork_join_actors = 60, ring_actors = 100, at_once = 64;

uint64_t
ping_pong(scoped_actor &self, uint64_t count)
{
    auto pong = self->spawn([](event_based_actor *) -> behavior {
        return { [](ping_atom, body n, body a, body b, body c) {
            return make_message(pong_atom::value, n, a, b, c);
        } };
    });
    auto driver = actor_cast<actor>(self);

    self->spawn([=](event_based_actor *ping) -> behavior {
        ping->send(pong, ping_atom::value, body{ 0 }, body{ 0 }, body{ 0 }, body{ 0 });
        return { [=](pong_atom, body n, body a, body b, body c) {
            if (n + 1 < count)
                ping->send(pong, ping_atom::value, n + 1, a, b, c);
            else
                ping->send(driver, done_atom::value, n + 1);
        } };
    });
    peer_check(complete(self, 1) == count, "round trips");
    self->send_exit(pong, exit_reason::user_shutdown);
    return count;
}

/* Ends, and says how many came, when that many have come. */
behavior
worker(event_based_actor *self, actor driver, uint64_t each)
{
    auto received = std::make_shared<uint64_t>(0);

    return { [=](body, body, body, body) {
        if (++*received < each)
            return;
        self->send(driver, done_atom::value, *received);
        self->quit();
    } };
}

uint64_t
counting(scoped_actor &self, uint64_t count)
{
    auto counter = self->spawn(worker, actor_cast<actor>(self), count);

    self->spawn([=](event_based_actor *producer) {
        for (uint64_t i = 0; i < count; i++)
            producer->send(counter, i, body{ 0 }, body{ 0 }, body{ 0 });
    });
    peer_check(complete(self, 1) == count, "messages counted");
    return count;
}

uint64_t
fork_join(scoped_actor &self, uint64_t each)
{
    std::vector<actor> workers;

    for (uint64_t i = 0; i < fork_join_actors; i++)
        workers.push_back(self->spawn(worker, actor_cast<actor>(self), each));
    self->spawn([=](event_based_actor *master) {
        for (uint64_t i = 0; i < each; i++)
            for (auto &to : workers)
                master->send(to, i, body{ 0 }, body{ 0 }, body{ 0 });
    });
    peer_check(complete(self, fork_join_actors) == each * fork_join_actors, "messages received");
    return each * fork_join_actors;
}

uint64_t
fork_join_create(scoped_actor &self, uint64_t count)
{
    auto driver = actor_cast<actor>(self);

    for (uint64_t ended = 0; ended < count;) {
        uint64_t now = std::min(at_once, count - ended);

        for (uint64_t i = 0; i < now; i++)
            self->send(self->spawn(worker, driver, uint64_t{ 1 }), body{ 0 }, body{ 0 }, body{ 0 },
                       body{ 0 });
        ended += complete(self, now);
    }
    return count;
}

uint64_t
thread_ring(scoped_actor &self, uint64_t hops)
{
    auto driver = actor_cast<actor>(self);
    std::vector<actor> ring;

    for (uint64_t place = 0; place < ring_actors; place++)
        ring.push_back(self->spawn([=](event_based_actor *member) -> behavior {
            auto next = std::make_shared<actor>();

            return {
                [=](all_atom, const actor &neighbour) { *next = neighbour; },
                [=](token_atom, uint64_t left) {
                    if (left == 0)
                        member->send(driver, done_atom::value, place);
                    else
                        member->send(*next, token_atom::value, left - 1);
                },
            };
        }));
    for (uint64_t place = 0; place < ring_actors; place++)
        self->send(ring[place], all_atom::value, ring[(place + 1) % ring_actors]);
    self->send(ring[0], token_atom::value, hops);
    peer_check(complete(self, 1) == hops % ring_actors, "the token's last place");
    for (auto &member : ring)
        self->send_exit(member, exit_reason::user_shutdown);
    return hops;
}

} // namespace

uint64_t
complete(scoped_actor &self, uint64_t count)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < count; i++)
        self->receive([&](done_atom, uint64_t value) { sum += value; });
    return sum;
}

uint64_t
savina_run(scoped_actor &self, const char *name, uint64_t count)
{
    auto part = [=](uint64_t of) { return std::max<uint64_t>(1, count / of); };

    if (std::strcmp(name, "ping-pong") == 0)
        return ping_pong(self, count);
    if (std::strcmp(name, "counting") == 0)
        return counting(self, count);
    if (std::strcmp(name, "fork-join") == 0)
        return fork_join(self, part(fork_join_actors));
    if (std::strcmp(name, "fork-join-create") == 0)
        return fork_join_create(self, count);
    if (std::strcmp(name, "thread-ring") == 0)
        return thread_ring(self, count);
    if (std::strcmp(name, "big") == 0)
        return big(self, part(big_actors));
    if (std::strcmp(name, "chameneos") == 0)
        return chameneos(self, count);
    if (std::strcmp(name, "bounded-buffer") == 0)
        return bounded_buffer(self, part(side_actors));
    return banking(self, count);
}
