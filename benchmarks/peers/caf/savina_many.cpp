// SPDX-License-Identifier: BSD-3-Clause
/*
 * Actors that talk to many others.
 */
#include <algorithm>
#include <deque>
#include <memory>
#include <vector>

#include "parts.hpp"

using namespace caf;

namespace
{

constexpr uint64_t chameneos_actors = 100, buffer_places = 50, accounts = 1000, window = 256;
constexpr int64_t start_balance = 1000000;

using meet_atom = atom_constant<atom("meet")>;
using with_atom = atom_constant<atom("with")>;
using change_atom = atom_constant<atom("change")>;
using more_atom = atom_constant<atom("more")>;
using item_atom = atom_constant<atom("item")>;
using ready_atom = atom_constant<atom("ready")>;
using move_atom = atom_constant<atom("move")>;
using debit_atom = atom_constant<atom("debit")>;
using debited_atom = atom_constant<atom("debited")>;

/* A generator of our own, the same in every peer. */
uint64_t
next_random(uint64_t &state)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

using actors = std::shared_ptr<std::vector<actor>>;

struct big_state {
    uint64_t random = 0, answered = 0;
};

behavior
big_actor(stateful_actor<big_state> *self, actors all, actor driver, uint64_t place, uint64_t each)
{
    auto ping = [=] {
        auto &to = (*all)[next_random(self->state.random) % big_actors];
        self->send(to, ping_atom::value, body{ 0 }, body{ 0 }, body{ 0 }, body{ 0 });
    };

    self->state.random = place + 1;
    return {
        [=](all_atom) { ping(); },
        [=](ping_atom, body n, body a, body b, body c) {
            return make_message(pong_atom::value, n, a, b, c);
        },
        [=](pong_atom, body, body, body, body) {
            if (++self->state.answered == each)
                self->send(driver, done_atom::value, each);
            else
                ping();
        },
    };
}

void
end_all(scoped_actor &self, const actors &all)
{
    for (auto &one : *all)
        self->send_exit(one, exit_reason::user_shutdown);
    all->clear();
}

} // namespace

uint64_t
big(scoped_actor &self, uint64_t each)
{
    auto all = std::make_shared<std::vector<actor>>();

    for (uint64_t place = 0; place < big_actors; place++)
        all->push_back(self->spawn(big_actor, all, actor_cast<actor>(self), place, each));
    for (auto &one : *all)
        self->send(one, all_atom::value);
    peer_check(complete(self, big_actors) == each * big_actors, "pings answered");
    end_all(self, all);
    return each * big_actors;
}

namespace
{

struct chameneo_state {
    uint64_t colour = 0, met = 0;
};

behavior
chameneo(stateful_actor<chameneo_state> *self, actor mall, actor driver, uint64_t colour)
{
    auto again = [=] {
        self->state.met++;
        self->send(mall, meet_atom::value, actor_cast<actor>(self), self->state.colour);
    };

    self->state.colour = colour;
    self->send(mall, meet_atom::value, actor_cast<actor>(self), colour);
    return {
        [=](with_atom, const actor &other, uint64_t theirs) {
            uint64_t &mine = self->state.colour;

            mine = mine == theirs ? mine : 3 - mine - theirs;
            self->send(other, change_atom::value, mine);
            again();
        },
        [=](change_atom, uint64_t mine) {
            self->state.colour = mine;
            again();
        },
        [=](over_atom) {
            self->send(driver, done_atom::value, self->state.met);
            self->quit();
        },
    };
}

struct mall_state {
    uint64_t left = 0, over = 0;
    actor first;
};

/* With the last meeting nobody waits, for they are an even number and each comes back. */
behavior
mall_actor(stateful_actor<mall_state> *self, uint64_t meetings)
{
    self->state.left = meetings;
    return { [=](meet_atom, const actor &who, uint64_t colour) {
        mall_state &state = self->state;

        if (state.left == 0) {
            self->send(who, over_atom::value);
            if (++state.over == chameneos_actors)
                self->quit();
        } else if (state.first) {
            self->send(state.first, with_atom::value, who, colour);
            state.first = nullptr;
            state.left--;
        } else {
            state.first = who;
        }
    } };
}

} // namespace

uint64_t
chameneos(scoped_actor &self, uint64_t meetings)
{
    auto mall = self->spawn(mall_actor, meetings);

    for (uint64_t place = 0; place < chameneos_actors; place++)
        self->spawn(chameneo, mall, actor_cast<actor>(self), place % 3);
    peer_check(complete(self, chameneos_actors) == 2 * meetings, "meetings of all");
    return meetings;
}

namespace
{

struct manager_state {
    std::vector<actor> producers, consumers;
    std::vector<uint64_t> left;
    std::deque<uint64_t> idle, ready, items;
    uint64_t asked = 0, given = 0;
};

behavior
producer(event_based_actor *self, actor manager, uint64_t place)
{
    return { [=](more_atom) {
        self->send(manager, item_atom::value, place, body{ 0 }, body{ 0 }, body{ 0 });
    } };
}

behavior
consumer(event_based_actor *self, actor manager, actor driver, uint64_t place)
{
    auto consumed = std::make_shared<uint64_t>(0);

    self->send(manager, ready_atom::value, place);
    return {
        [=](item_atom, body, body, body, body) {
            ++*consumed;
            self->send(manager, ready_atom::value, place);
        },
        [=](over_atom) {
            self->send(driver, done_atom::value, *consumed);
            self->quit();
        },
    };
}

void
manage(stateful_actor<manager_state> *self, uint64_t total)
{
    manager_state &state = self->state;

    while (!state.items.empty() && !state.ready.empty()) {
        self->send(state.consumers[state.ready.front()], item_atom::value, state.items.front(),
                   body{ 0 }, body{ 0 }, body{ 0 });
        state.ready.pop_front();
        state.items.pop_front();
        state.given++;
    }
    while (state.items.size() + state.asked < buffer_places && !state.idle.empty()) {
        self->send(state.producers[state.idle.front()], more_atom::value);
        state.left[state.idle.front()]--;
        state.idle.pop_front();
        state.asked++;
    }
    if (state.given < total)
        return;
    for (auto &one : state.consumers)
        self->send(one, over_atom::value);
    for (auto &one : state.producers)
        self->send_exit(one, exit_reason::user_shutdown);
    self->quit();
}

behavior
manager_actor(stateful_actor<manager_state> *self, actor driver, uint64_t each)
{
    auto me = actor_cast<actor>(self);
    uint64_t total = each * side_actors;

    for (uint64_t place = 0; place < side_actors; place++) {
        self->state.producers.push_back(self->spawn(producer, me, place));
        self->state.consumers.push_back(self->spawn(consumer, me, driver, place));
        self->state.left.push_back(each);
        self->state.idle.push_back(place);
    }
    return {
        [=](item_atom, uint64_t place, body item, body, body) {
            self->state.asked--;
            self->state.items.push_back(item);
            if (self->state.left[place] > 0)
                self->state.idle.push_back(place);
            manage(self, total);
        },
        [=](ready_atom, uint64_t place) {
            self->state.ready.push_back(place);
            manage(self, total);
        },
    };
}

} // namespace

uint64_t
bounded_buffer(scoped_actor &self, uint64_t each)
{
    self->spawn(manager_actor, actor_cast<actor>(self), each);
    peer_check(complete(self, side_actors) == each * side_actors, "items consumed");
    return each * side_actors;
}

namespace
{

struct account_state {
    int64_t balance = start_balance;
    bool is_waiting = false;
    std::deque<std::pair<actor, int64_t>> later;
};

void
transfer(stateful_actor<account_state> *self, const actor &other, int64_t amount)
{
    self->state.balance -= amount;
    self->state.is_waiting = true;
    self->send(other, debit_atom::value, actor_cast<actor>(self), amount);
}

/* Transfers wait while one waits for its other account. */
behavior
account(stateful_actor<account_state> *self, actor teller, actor driver)
{
    return {
        [=](move_atom, const actor &other, int64_t amount) {
            if (self->state.is_waiting)
                self->state.later.emplace_back(other, amount);
            else
                transfer(self, other, amount);
        },
        [=](debit_atom, const actor &from, int64_t amount) {
            self->state.balance += amount;
            self->send(from, debited_atom::value);
        },
        [=](debited_atom) {
            self->state.is_waiting = false;
            self->send(teller, debited_atom::value);
            if (self->state.later.empty())
                return;
            auto next = self->state.later.front();
            self->state.later.pop_front();
            transfer(self, next.first, next.second);
        },
        [=](over_atom) {
            self->send(driver, done_atom::value, static_cast<uint64_t>(self->state.balance));
            self->quit();
        },
    };
}

struct teller_state {
    std::vector<actor> all;
    uint64_t started = 0, ended = 0, random = 1;
};

void
start_transfer(stateful_actor<teller_state> *self)
{
    teller_state &state = self->state;
    uint64_t from = next_random(state.random) % accounts;
    uint64_t to = (from + 1 + next_random(state.random) % (accounts - 1)) % accounts;
    auto amount = static_cast<int64_t>(next_random(state.random) % 100);

    state.started++;
    self->send(state.all[from], move_atom::value, state.all[to], amount);
}

behavior
teller_actor(stateful_actor<teller_state> *self, actor driver, uint64_t count)
{
    for (uint64_t i = 0; i < accounts; i++)
        self->state.all.push_back(self->spawn(account, actor_cast<actor>(self), driver));
    while (self->state.started < std::min(window, count))
        start_transfer(self);
    return { [=](debited_atom) {
        if (self->state.started < count)
            start_transfer(self);
        if (++self->state.ended < count)
            return;
        for (auto &one : self->state.all)
            self->send(one, over_atom::value);
        self->quit();
    } };
}

} // namespace

uint64_t
banking(scoped_actor &self, uint64_t count)
{
    self->spawn(teller_actor, actor_cast<actor>(self), count);
    peer_check(complete(self, accounts) == accounts * start_balance, "the sum of all balances");
    return count;
}
