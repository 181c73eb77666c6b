// SPDX-License-Identifier: BSD-3-Clause
/*
 * What both halves of the Savina benchmarks share.
 */
#ifndef BENCHMARKS_PEERS_CAF_PARTS_HPP
#define BENCHMARKS_PEERS_CAF_PARTS_HPP

#include <caf/all.hpp>

extern "C" {
#include "../peer.h"
}

using body = uint64_t; // with three more beside it where a body of 32 bytes is sent

using token_atom = caf::atom_constant<caf::atom("token")>;
using all_atom = caf::atom_constant<caf::atom("all")>;
using ping_atom = caf::atom_constant<caf::atom("ping")>;
using pong_atom = caf::atom_constant<caf::atom("pong")>;
using over_atom = caf::atom_constant<caf::atom("over")>;
using done_atom = caf::atom_constant<caf::atom("done")>;

/* Sums up what so many actors say when they end. */
uint64_t complete(caf::scoped_actor &self, uint64_t count);

uint64_t big(caf::scoped_actor &self, uint64_t each);
uint64_t chameneos(caf::scoped_actor &self, uint64_t meetings);
uint64_t bounded_buffer(caf::scoped_actor &self, uint64_t each);
uint64_t banking(caf::scoped_actor &self, uint64_t count);

constexpr uint64_t big_actors = 120, side_actors = 40;

#endif
