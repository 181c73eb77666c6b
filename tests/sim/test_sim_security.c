/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows whose frames are sealed: that they work as others do, and what one without the key, who
 * sees every frame and sends what he likes, can do to them.
 */
#include "support/cmocka.h"

#include "sim/sim.h"
#include "sim/sim_parts.h"

static const struct sim_wire calm = { .delay_ns = 10 * SIM_US, .jitter_ns = 2 * SIM_US };
static const struct sim_wire rough = { .delay_ns = 10 * SIM_US,
                                       .jitter_ns = 40 * SIM_US,
                                       .lose = 30000,
                                       .duplicate = 20000,
                                       .corrupt = 10000 };

static void
start(struct sim *sim, enum fab_security a, enum fab_security b, uint8_t key_of_b)
{
    sim_add_pair(sim);
    sim_secure(sim, 0, a, 1);
    sim_secure(sim, 1, b, key_of_b);
    sim_start(sim, 0);
    sim_start(sim, 1);
}

/* A pair that is up. */
static void
bring_up(struct sim *sim, const char *name, enum fab_security security)
{
    sim_init(sim, name, 1, &calm);
    start(sim, security, security, 1);
    sim_run_until(sim, sim->now_ns + 10 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

static void
test_records_arrive_over_a_rough_wire(void **state)
{
    uint64_t first_seed = sim_seed_first();

    (void)state;
    for (uint64_t seed = first_seed; seed < first_seed + sim_seed_count(20); seed++) {
        enum fab_security security = seed & 1 ? FAB_SECURITY_AUTH : FAB_SECURITY_ENCRYPT;
        const struct fab_flow_counters *counters;
        struct sim sim;

        sim_init(&sim, "secure_rough", seed, &rough);
        start(&sim, security, security, 1);
        sim.ends[0].to_send = sim.ends[1].to_send = 2000;
        sim.ends[0].body_max = 400;
        sim_poke(&sim, 0);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 20 * SIM_S));
        SIM_CHECK(&sim, sim.ends[0].got_total == 2000 && sim.ends[1].got_total == 2000);
        counters = fab_flow_counters(sim.ends[0].flow);
        SIM_CHECK(&sim, counters->refused_tag > 0 && counters->refused_replay > 0);
        SIM_CHECK(&sim, counters->resets_sent == 0);
        sim_fini(&sim);
    }
}

/* Keys of 1024 packet numbers: several change while records are under way, some of them lost. */
static void
test_keys_change_in_the_stream(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct sim sim;

        sim_init(&sim, "rekey", seed, &rough);
        sim_add_pair(&sim);
        for (uint32_t i = 0; i < 2; i++) {
            sim_secure(&sim, i, 1 + (enum fab_security)(seed & 1), 1);
            sim.ends[i].config.secure.key_log2 = FAB_KEY_LOG2_MIN;
            sim.ends[i].to_send = 6000;
            sim.ends[i].burst = 1;
            sim_start(&sim, i);
        }
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 60 * SIM_S));
        for (uint32_t i = 0; i < 2; i++) {
            SIM_CHECK(&sim, sim.ends[i].got_total == 6000 && sim.ends[i].up_total == 1);
            SIM_CHECK(&sim, fab_flow_counters(sim.ends[i].flow)->keys_renewed >= 4);
        }
        sim_fini(&sim);
    }
}

static void
test_a_restarted_peer_is_back(void **state)
{
    struct sim sim;

    (void)state;
    bring_up(&sim, "secure_restart", FAB_SECURITY_ENCRYPT);
    sim_crash(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 5 * SIM_MS);
    sim_start(&sim, 1);
    sim_run_until(&sim, sim.now_ns + 10 * SIM_MS);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    SIM_CHECK(&sim, sim.ends[0].down_reason == FAB_FLOW_REASON_RESTARTED);
    sim_fini(&sim);
}

/* --- who cannot have an epoch ----------------------------------------------------------------- */

static uint64_t
refused(const struct sim *sim, uint32_t end, enum fab_flow_obstacle obstacle)
{
    return sim->ends[end].obstacles[obstacle];
}

static void
check_no_epoch(struct sim *sim, enum fab_flow_obstacle obstacle)
{
    sim_run_until(sim, sim->now_ns + 2 * SIM_S);
    for (uint32_t i = 0; i < 2; i++) {
        SIM_CHECK(sim, sim->ends[i].up_total == 0);
        SIM_CHECK(sim, refused(sim, i, obstacle) > 0);
        /* by the timer alone: they do not answer each other without end */
        SIM_CHECK(sim, fab_flow_counters(sim->ends[i].flow)->hellos_sent < 30);
    }
}

static void
test_another_key_is_refused_and_said(void **state)
{
    struct sim sim;

    (void)state;
    sim_init(&sim, "secure_keys", 1, &calm);
    start(&sim, FAB_SECURITY_AUTH, FAB_SECURITY_AUTH, 2);
    check_no_epoch(&sim, FAB_FLOW_OBSTACLE_KEY);
    SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->refused_tag > 0);
    sim_fini(&sim);
}

static void
test_another_mode_is_refused_and_said(void **state)
{
    static const enum fab_security modes[][2] = {
        { FAB_SECURITY_OFF, FAB_SECURITY_AUTH },
        { FAB_SECURITY_OFF, FAB_SECURITY_ENCRYPT },
        { FAB_SECURITY_AUTH, FAB_SECURITY_ENCRYPT },
    };

    (void)state;
    for (size_t i = 0; i < FAB_COUNT_OF(modes); i++) {
        struct sim sim;

        sim_init(&sim, "secure_modes", 1, &calm);
        start(&sim, modes[i][0], modes[i][1], 1);
        check_no_epoch(&sim, FAB_FLOW_OBSTACLE_SECURITY);
        SIM_CHECK(&sim, fab_flow_counters(sim.ends[0].flow)->refused_security > 0);
        sim_fini(&sim);
    }
}

/* --- who sees and sends what he likes ----------------------------------------------------------
 */

/* The newest frame of each type that went to end 1. */
struct tap {
    uint8_t bytes[5][FAB_FRAME_SIZE_MAX];
    size_t size[5];
    bool has_found; /* what was looked for, in clear */
    uint64_t look_for;
};

static bool
listen(void *context, const struct sim_end *from, const uint8_t *frame, size_t size)
{
    struct tap *tap = context;

    if (from->index == 0) {
        memcpy(tap->bytes[frame[1]], frame, size);
        tap->size[frame[1]] = size;
    }
    for (size_t at = 0; at + sizeof(tap->look_for) <= size; at += 8)
        tap->has_found |= memcmp(frame + at, &tap->look_for, sizeof(tap->look_for)) == 0;
    return true;
}

static struct tap tap;

static void
bring_up_tapped(struct sim *sim, const char *name, enum fab_security security)
{
    memset(&tap, 0, sizeof(tap));
    sim_init(sim, name, 1, &calm);
    sim->filter = listen;
    sim->filter_context = &tap;
    start(sim, security, security, 1);
    sim->ends[0].to_send = 20;
    SIM_CHECK(sim, sim_run_pair(sim, 0, sim->now_ns + 20 * SIM_MS));
    sim_run_until(sim, sim->now_ns + 5 * SIM_MS);
    SIM_CHECK(sim, sim_pair_is_up(sim, 0));
}

/* Exactly this counter of end 1 has gone up, by one, and nothing is to be said. */
static void
check_refused(struct sim *sim, const void *bytes, size_t size, size_t counter)
{
    struct fab_flow *flow = sim->ends[1].flow;
    struct fab_flow_counters before = *fab_flow_counters(flow);
    const uint64_t *was = (const uint64_t *)&before;
    const uint64_t *is = (const uint64_t *)fab_flow_counters(flow);
    uint64_t signs = fab_flow_signs(flow);
    _Alignas(8) uint8_t frame[FAB_FRAME_SIZE_MAX];

    memcpy(frame, bytes, size);
    SIM_CHECK(sim, !fab_flow_has_output(flow));
    fab_flow_incoming(flow, frame, size, sim->now_ns);
    for (size_t i = 0; i < FAB_FLOW_COUNTER_COUNT; i++)
        SIM_CHECK(sim, is[i] == was[i] + (i == counter / sizeof(uint64_t)));
    SIM_CHECK(sim, !fab_flow_has_output(flow) && fab_flow_signs(flow) == signs);
    SIM_CHECK(sim, fab_flow_state(flow) == FAB_FLOW_UP);
}

#define COUNTER(name) offsetof(struct fab_flow_counters, name)

static void
refuse_data(struct sim *sim)
{
    uint8_t frame[FAB_FRAME_SIZE_MAX];
    struct fab_frame_header *header = (void *)frame;
    size_t size = tap.size[FAB_FRAME_DATA];

    memcpy(frame, tap.bytes[FAB_FRAME_DATA], size);
    check_refused(sim, frame, size, COUNTER(refused_replay));
    check_refused(sim, frame, size - 1, COUNTER(refused_size));
    header->number++; /* not used yet */
    check_refused(sim, frame, size, COUNTER(refused_tag));
    header->size -= 8;
    check_refused(sim, frame, size - 8, COUNTER(refused_tag));
    header->size = FAB_FRAME_HEADER_SIZE + 8;
    check_refused(sim, frame, header->size, COUNTER(refused_size));
    header->size = (uint16_t)size;
    header->crc += 100; /* far ahead */
    check_refused(sim, frame, size, COUNTER(refused_replay));
    header->from_lcore++;
    check_refused(sim, frame, size, COUNTER(refused_address));
    header->flags &= ~FAB_FRAME_SEALED;
    check_refused(sim, frame, size, COUNTER(refused_unsealed));
}

/* With checksums that are right, as anybody can make them. */
static void
refuse_endings(struct sim *sim)
{
    struct fab_frame_header header;
    _Alignas(8) uint8_t frame[FAB_FRAME_HEADER_SIZE + FAB_FRAME_TAG_SIZE] = { 0 };

    memcpy(&header, tap.bytes[FAB_FRAME_DATA], sizeof(header));
    header.flags = 0;
    header.size = FAB_FRAME_HEADER_SIZE;
    header.type = FAB_FRAME_RESET;
    fab_frame_seal(frame, &header);
    check_refused(sim, frame, header.size, COUNTER(refused_unsealed));
    header.type = FAB_FRAME_LEAVE;
    header.number++;
    fab_frame_seal(frame, &header);
    check_refused(sim, frame, header.size, COUNTER(refused_unsealed));
    header.flags = FAB_FRAME_SEALED;
    header.size = sizeof(frame);
    fab_frame_seal(frame, &header);
    check_refused(sim, frame, header.size, COUNTER(refused_tag));
}

/* A hello with another nonce, from somebody without the key. */
static void
refuse_hello(struct sim *sim)
{
    _Alignas(8) uint8_t frame[FAB_FRAME_SIZE_MAX];
    struct fab_frame_header *header = (void *)frame;
    struct fab_hello *hello = (void *)(header + 1);
    struct fab_frame_header sealed;

    memcpy(frame, tap.bytes[FAB_FRAME_HELLO], tap.size[FAB_FRAME_HELLO]);
    hello->nonce++;
    memcpy(&sealed, header, sizeof(sealed));
    fab_frame_seal(frame, &sealed);
    check_refused(sim, frame, header->size, COUNTER(refused_tag));
    SIM_CHECK(sim, sim->ends[1].flow->handshake.candidate_epoch == 0);
    SIM_CHECK(sim, refused(sim, 1, FAB_FLOW_OBSTACLE_KEY) == 1);
}

static void
test_forged_frames_are_refused_each_with_one_counter(void **state)
{
    (void)state;
    for (int security = FAB_SECURITY_AUTH; security <= FAB_SECURITY_ENCRYPT; security++) {
        struct sim sim;

        bring_up_tapped(&sim, "secure_forged", (enum fab_security)security);
        refuse_data(&sim);
        refuse_endings(&sim);
        refuse_hello(&sim);
        sim_run_until(&sim, sim.now_ns + SIM_S);
        SIM_CHECK(&sim, sim.ends[0].up_total == 1 && sim.ends[1].up_total == 1);
        sim_fini(&sim);
    }
}

/* A hello that was right once, from the peer's own key: no sign of life, no new epoch, and answers
 * only as often as any hello has. */
static void
test_old_hellos_neither_end_an_epoch_nor_keep_it_alive(void **state)
{
    struct fab_flow *flow;
    uint64_t hellos, signs;
    struct sim sim;

    (void)state;
    bring_up_tapped(&sim, "secure_old_hello", FAB_SECURITY_AUTH);
    sim_crash(&sim, 0);
    sim_start(&sim, 0);
    sim_run_until(&sim, sim.now_ns + 20 * SIM_MS);
    SIM_CHECK(&sim, sim_pair_is_up(&sim, 0));
    sim.filter = NULL;
    flow = sim.ends[1].flow;
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    sim_crash(&sim, 0);
    hellos = fab_flow_counters(flow)->hellos_sent;
    signs = fab_flow_signs(flow);
    for (int i = 0; i < 100; i++) {
        sim_inject(&sim, 1, tap.bytes[FAB_FRAME_HELLO], tap.size[FAB_FRAME_HELLO]);
        sim_run_until(&sim, sim.now_ns + 10 * SIM_US);
    }
    SIM_CHECK(&sim, fab_flow_state(flow) == FAB_FLOW_UP);
    SIM_CHECK(&sim, fab_flow_signs(flow) == signs);
    SIM_CHECK(&sim, fab_flow_counters(flow)->hellos_sent - hellos <= 4);
    sim_run_until(&sim, sim.now_ns + SIM_S);
    SIM_CHECK(&sim, sim.ends[1].down_reason == FAB_FLOW_REASON_SILENT);
    sim_fini(&sim);
}

static void
test_only_encrypt_hides_what_is_sent(void **state)
{
    (void)state;
    for (int security = FAB_SECURITY_AUTH; security <= FAB_SECURITY_ENCRYPT; security++) {
        struct sim sim;

        bring_up_tapped(&sim, "secure_clear", (enum fab_security)security);
        tap.look_for = sim_life_key(&sim.ends[0]);
        tap.has_found = false;
        sim.ends[0].to_send = 50;
        sim_poke(&sim, 0);
        SIM_CHECK(&sim, sim_run_pair(&sim, 0, sim.now_ns + 20 * SIM_MS));
        SIM_CHECK(&sim, tap.has_found == (security == FAB_SECURITY_AUTH));
        sim_fini(&sim);
    }
}

static bool
is_wiped(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) {
        if (at[i] != 0)
            return false;
    }
    return true;
}

static void
test_keys_are_wiped_with_epoch_and_flow(void **state)
{
    struct fab_secure *secure;
    struct sim sim;

    (void)state;
    bring_up(&sim, "secure_wiped", FAB_SECURITY_ENCRYPT);
    secure = sim.ends[0].flow->secure;
    SIM_CHECK(&sim, is_wiped(&secure->pair, sizeof(secure->pair)));
    SIM_CHECK(&sim, is_wiped(&secure->candidate, sizeof(secure->candidate)));
    SIM_CHECK(&sim, !is_wiped(secure->paths, sizeof(secure->paths)));
    fab_flow_close(sim.ends[0].flow, sim.now_ns);
    sim_poke(&sim, 0); /* the leave notice is the last frame */
    SIM_CHECK(&sim, is_wiped(secure->paths, sizeof(secure->paths)));
    sim_run_until(&sim, sim.now_ns + SIM_MS);
    SIM_CHECK(&sim, sim.ends[1].down_reason == FAB_FLOW_REASON_LEFT);
    secure = sim.ends[1].flow->secure;
    SIM_CHECK(&sim, is_wiped(secure->paths, sizeof(secure->paths)));
    fab_flow_fini(sim.ends[1].flow);
    SIM_CHECK(&sim, is_wiped(secure, sizeof(*secure)));
    sim_fini(&sim);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records_arrive_over_a_rough_wire),
        cmocka_unit_test(test_keys_change_in_the_stream),
        cmocka_unit_test(test_a_restarted_peer_is_back),
        cmocka_unit_test(test_another_key_is_refused_and_said),
        cmocka_unit_test(test_another_mode_is_refused_and_said),
        cmocka_unit_test(test_forged_frames_are_refused_each_with_one_counter),
        cmocka_unit_test(test_old_hellos_neither_end_an_epoch_nor_keep_it_alive),
        cmocka_unit_test(test_only_encrypt_hides_what_is_sent),
        cmocka_unit_test(test_keys_are_wiped_with_epoch_and_flow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
