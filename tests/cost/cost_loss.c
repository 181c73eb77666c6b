/* SPDX-License-Identifier: BSD-3-Clause */
/* Records over a simulated wire that loses one frame in a hundred, some 250 frames in flight. What
 * the flow does is counted (guard.py names the function), not what the simulator does. */
#include "cost/cost.h"

#include "sim/sim.h"

void
cost_loss(uint64_t count)
{
    static const struct sim_wire wire = { .lose = 10000, .delay_ns = 100 * SIM_US, .byte_ps = 800 };
    struct sim sim;

    sim_init(&sim, "cost_loss", 1, &wire);
    sim.is_quiet = true;
    sim_add_pair(&sim);
    for (uint32_t i = 0; i < 2; i++) {
        sim.ends[i].config.has_no_congestion = true;
        sim.ends[i].config.window_frames = 256;
        sim.ends[i].body_max = 1300;
        sim_start(&sim, i);
    }
    sim.ends[0].to_send = count;
    SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
    SIM_CHECK(&sim, sim.ends[1].got_total == count);
    sim_fini(&sim);
}
