/* SPDX-License-Identifier: BSD-3-Clause */
/* A plugin whose actor never returns, for `mycelium run`. */
#include <stdbool.h>
#include <time.h>

#include <mycelium/plugin.h>
#include <mycelium/timer.h>

static enum myc_status
stuck_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    (void)state, (void)args, (void)args_size;
    return myc_timer_start(self, 0, 0, 0, NULL);
}

static enum myc_status
stuck_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    static volatile bool is_over;

    (void)self, (void)state, (void)message;
    while (!is_over)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    return MYC_OK;
}

static const struct myc_class stuck_class = {
    .size = sizeof(stuck_class),
    .name = "stuck",
    .init = stuck_init,
    .receive = stuck_receive,
};

static const struct myc_class *const classes[] = { &stuck_class };

MYC_PLUGIN_DEFINE(classes);
