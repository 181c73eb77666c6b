// SPDX-License-Identifier: BSD-3-Clause
/*
 * The Savina benchmarks on CAF; sizes as in ../../savina.h.
 */
#ifndef BENCHMARKS_PEERS_CAF_SAVINA_HPP
#define BENCHMARKS_PEERS_CAF_SAVINA_HPP

#include <caf/all.hpp>

/* Runs one of them by the name that follows "savina-"; checks its result, and answers with the
 * operations that it did. */
uint64_t savina_run(caf::scoped_actor &self, const char *name, uint64_t count);

#endif
