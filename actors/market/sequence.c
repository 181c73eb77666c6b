/* SPDX-License-Identifier: BSD-3-Clause */
#include "sequence.h"

static bool
is_restart(const struct market_sequence *sequence, const struct market_packet *packet)
{
    if (sequence->is_restart_due && packet->sequence < sequence->next)
        return true;
    if (memcmp(sequence->session, packet->session, MARKET_SESSION_SIZE) != 0)
        return true;
    return packet->sequence == 1 && sequence->next > 1 && packet->send_ns > sequence->send_ns;
}

static void
begin_session(struct market_sequence *sequence, const struct market_packet *packet)
{
    memcpy(sequence->session, packet->session, MARKET_SESSION_SIZE);
    sequence->is_restart_due = false;
    sequence->send_ns = packet->send_ns;
    sequence->next = packet->sequence + packet->count;
}

enum market_continuity
market_sequence_on_packet(struct market_sequence *sequence, const struct market_packet *packet,
                          uint16_t *skip)
{
    uint64_t end = packet->sequence + packet->count;

    *skip = 0;
    if (!sequence->has_started) {
        sequence->has_started = true;
        sequence->first = packet->sequence;
        begin_session(sequence, packet);
        return MARKET_CONTINUES;
    }
    if (is_restart(sequence, packet)) {
        sequence->restarts++;
        sequence->discontinuities++;
        if (packet->sequence > 1)
            sequence->missed += packet->sequence - 1;
        begin_session(sequence, packet);
        return MARKET_RESTARTED;
    }
    if (packet->send_ns > sequence->send_ns)
        sequence->send_ns = packet->send_ns;
    if (packet->sequence < sequence->next) {
        uint64_t known = sequence->next - packet->sequence;

        *skip = known < packet->count ? (uint16_t)known : packet->count;
        sequence->duplicates += *skip;
        if (end > sequence->next)
            sequence->next = end;
        return MARKET_OLD;
    }
    uint64_t missed = packet->sequence - sequence->next;

    sequence->next = end;
    if (missed == 0)
        return MARKET_CONTINUES;
    sequence->gaps++;
    sequence->discontinuities++;
    sequence->missed += missed;
    return MARKET_GAP;
}
