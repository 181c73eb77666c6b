/* SPDX-License-Identifier: BSD-3-Clause */
/* What a running actor may ask about itself, and its way to the node's ports. */
#include <stdio.h>

#include "actor/state.h"

void
fab_self_misused(const struct myc_self *self, const char *function)
{
    char condition[160];
    char right[MYC_REF_TEXT_SIZE] = "no actor";
    char running[MYC_REF_TEXT_SIZE] = "nobody";

    if (self) {
        const struct fab_core *core = self->core;

        myc_ref_format((struct myc_ref){ core->home, self->actor }, right);
        if (core->self)
            myc_ref_format((struct myc_ref){ core->home, core->self->actor }, running);
    }
    snprintf(condition, sizeof(condition), "called with the self of %s while %s runs on its lcore",
             right, running);
    fab_assert_failed(condition, __FILE__, __LINE__, function);
}

struct myc_ref
myc_self_ref(const struct myc_self *self)
{
    return (struct myc_ref){ fab_self_core(self, __func__)->home, self->actor };
}

uint8_t
myc_self_lcore(const struct myc_self *self)
{
    return fab_self_core(self, __func__)->lcore;
}

uint8_t
myc_self_lcore_count(const struct myc_self *self)
{
    return fab_self_core(self, __func__)->lcore_count;
}

uint64_t
myc_now_ns(const struct myc_self *self)
{
    return fab_self_core(self, __func__)->now_ns;
}

uint64_t
myc_clock_ns(const struct myc_self *self)
{
    return fab_core_clock_ns(fab_self_core(self, __func__));
}

uint64_t
myc_random(struct myc_self *self)
{
    return fab_prng_next(&fab_self_core(self, __func__)->prng);
}

enum myc_status
myc_port_listen(struct myc_self *self, const char *port, uint16_t udp_port, myc_frame_fn on_frame)
{
    struct fab_core *core = fab_self_core(self, __func__);
    const struct fab_core_ports *ports = &core->config.ports;
    enum myc_status status;

    FAB_ASSERT(port != NULL && on_frame != NULL);
    if (!ports->listen)
        return MYC_NOT_FOUND;
    if (self->is_stopping)
        return MYC_BAD_STATE;
    status = ports->listen(ports->context, myc_self_ref(self), port, udp_port, on_frame);
    if (status == MYC_OK)
        self->slot->flags |= FAB_SLOT_HAS_PORTS;
    return status;
}

enum myc_status
myc_port_transmit(struct myc_self *self, const char *port, const void *frame, uint32_t size)
{
    const struct fab_core_ports *ports = &fab_self_core(self, __func__)->config.ports;

    FAB_ASSERT(port != NULL && frame != NULL);
    return ports->transmit ? ports->transmit(ports->context, port, frame, size) : MYC_NOT_FOUND;
}
