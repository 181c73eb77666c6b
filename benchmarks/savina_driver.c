/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The driver of the Savina benchmarks: sets up a run, times it, checks its sum, ends it, and begins
 * the next.
 *
 * | stage | until |
 * | --- | --- |
 * | FINDING | both nurseries are known |
 * | SPAWNING | as many have said Here as there are workers |
 * | TELLING | every introduction has been taken; FULL is tried again in the next turn |
 * | SETTLING | all have said Here once more, so the links are empty again when the work begins |
 * | STARTING | every Start has been taken, the first's last |
 * | RUNNING | as many have said Done as the case has it |
 * | ENDING | every Goodbye has been taken |
 */
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include <mycelium/messages.h>
#include <mycelium/name.h>

#include "savina.h"
#include "wait.h"

#define DISCOVER_NS  (60ULL * 1000000000ULL)
#define SENDS_A_TURN 64U

enum stage {
    FINDING,
    SPAWNING,
    TELLING,
    SETTLING,
    STARTING,
    RUNNING,
    ENDING,
    ENDED
};

static const char *const stage_names[] = { "finding",  "spawning", "telling", "settling",
                                           "starting", "running",  "ending",  "ended" };

struct driver {
    struct savina_run *run;
    enum stage stage;
    struct myc_ref nurseries[2];
    uint32_t found;
    uint32_t here;         /* workers that live */
    uint32_t told;         /* workers that know all whom they are to know */
    uint32_t worker, slot; /* of TELLING, STARTING and ENDING: who is next */
    uint32_t done;
    int64_t sum;
    uint64_t start_ns;
    unsigned repetition;
    struct myc_ref workers[SAVINA_WORKERS_MAX];
};

void
savina_run_tell(const void *context, char *text)
{
    const struct savina_run *run = context;

    snprintf(text, BENCH_WAIT_STATE_SIZE, "repetition %u of %u: %s, %u of %u workers here, %u over",
             atomic_load_explicit(&run->repetition, memory_order_relaxed) + 1, run->repetitions,
             stage_names[atomic_load_explicit(&run->stage, memory_order_relaxed)],
             atomic_load_explicit(&run->here, memory_order_relaxed), run->of->worker_count,
             atomic_load_explicit(&run->over, memory_order_relaxed));
}

static void
publish(const struct driver *driver)
{
    struct savina_run *run = driver->run;

    atomic_store_explicit(&run->stage, driver->stage, memory_order_relaxed);
    atomic_store_explicit(&run->repetition, driver->repetition, memory_order_relaxed);
    atomic_store_explicit(&run->here, driver->here, memory_order_relaxed);
    atomic_store_explicit(&run->over, driver->done, memory_order_relaxed);
}

static void
finish(struct myc_self *self, struct driver *driver, enum myc_status status)
{
    char state[BENCH_WAIT_STATE_SIZE];

    if (driver->stage == ENDED)
        return;
    if (status != MYC_OK) {
        publish(driver);
        savina_run_tell(driver->run, state);
        bench_complain("%s: %s: %s", driver->run->of->name, state, myc_status_name(status));
    }
    driver->stage = ENDED;
    driver->run->status = status;
    sem_post(driver->run->done);
    (void)myc_stop(self, myc_self_ref(self), MYC_NORMAL);
}

static enum myc_status
want_worker(struct myc_self *self, struct driver *driver)
{
    const struct savina_run *run = driver->run;
    const struct savina_wanted wanted = {
        .role = run->of->role_of(driver->here),
        .index = driver->here,
        .each = run->each,
        .place_count = run->place_count,
    };

    return savina_wanted_send(self, driver->nurseries[driver->here % run->place_count], &wanted);
}

static enum myc_status
begin(struct myc_self *self, struct driver *driver)
{
    driver->stage = SPAWNING;
    driver->here = driver->told = driver->done = 0;
    driver->sum = 0;
    driver->start_ns = 0;
    return want_worker(self, driver);
}

/* How many a worker is told of, and which is in a slot. */
static uint32_t
peers_of(const struct savina_case *of, uint32_t worker)
{
    if (of->topology == TOPOLOGY_ALL)
        return of->worker_count;
    return of->topology == TOPOLOGY_HUB && worker == 0 ? of->worker_count - 1 : 1;
}

static uint32_t
peer_in(const struct savina_case *of, uint32_t worker, uint32_t slot)
{
    if (of->topology == TOPOLOGY_ALL)
        return slot;
    if (of->topology == TOPOLOGY_RING)
        return (worker + 1) % of->worker_count;
    return worker == 0 ? slot + 1 : 0;
}

static enum myc_status
introduce(struct myc_self *self, struct driver *driver)
{
    const struct savina_introduce introduce = {
        .slot = driver->slot,
        .is_last = driver->slot + 1 == peers_of(driver->run->of, driver->worker),
        .ref = driver->workers[peer_in(driver->run->of, driver->worker, driver->slot)],
    };

    return savina_introduce_send(self, driver->workers[driver->worker], &introduce);
}

static void
go_to(struct driver *driver, enum stage stage)
{
    driver->stage = stage;
    driver->worker = driver->run->of->worker_count - 1;
    driver->slot = 0;
}

static enum myc_status
tell_next(struct myc_self *self, struct driver *driver)
{
    enum myc_status status = introduce(self, driver);

    if (status != MYC_OK)
        return status;
    if (++driver->slot < peers_of(driver->run->of, driver->worker))
        return MYC_OK;
    driver->slot = 0;
    if (driver->worker-- == 0)
        driver->stage = SETTLING;
    return MYC_OK;
}

static enum myc_status
start_next(struct myc_self *self, struct driver *driver)
{
    const struct savina_case *of = driver->run->of;
    struct savina_start start;
    enum myc_status status;

    if (driver->start_ns == 0)
        driver->start_ns = myc_clock_ns(self);
    if (driver->worker > 0 && !of->starts_all)
        driver->worker = 0;
    start.count = peers_of(of, driver->worker);
    status = savina_start_send(self, driver->workers[driver->worker], &start);
    if (status == MYC_OK && driver->worker-- == 0)
        driver->stage = RUNNING;
    return status;
}

static enum myc_status
say_goodbye(struct myc_self *self, struct driver *driver)
{
    enum myc_status status =
        savina_goodbye_send(self, driver->workers[driver->worker], &(struct savina_goodbye){ 0 });

    /* Who has stopped by itself is gone already. */
    if (status != MYC_OK && status != MYC_GONE)
        return status;
    if (driver->worker-- > 0)
        return MYC_OK;
    if (driver->repetition == driver->run->repetitions)
        finish(self, driver, MYC_OK);
    else
        return begin(self, driver);
    return MYC_OK;
}

/* What many sends need: some in each turn, until one finds no room. */
static unsigned
driver_poll(struct myc_self *self, void *state)
{
    struct driver *driver = state;
    enum myc_status status = MYC_OK;
    unsigned sent = 0;

    while (sent < SENDS_A_TURN && status == MYC_OK) {
        if (driver->stage == SETTLING && driver->told == driver->run->of->worker_count)
            go_to(driver, STARTING);
        if (driver->stage == TELLING)
            status = tell_next(self, driver);
        else if (driver->stage == STARTING)
            status = start_next(self, driver);
        else if (driver->stage == ENDING)
            status = say_goodbye(self, driver);
        else
            break;
        sent += status == MYC_OK;
    }
    if (status != MYC_OK && status != MYC_FULL)
        finish(self, driver, status);
    else if (sent > 0)
        publish(driver);
    return sent;
}

static enum myc_status
on_here(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    const uint32_t all = driver->run->of->worker_count;

    if (driver->here == all) {
        driver->told++;
        return MYC_OK;
    }
    driver->workers[driver->here++] = message->from;
    if (driver->here < all)
        return want_worker(self, driver);
    go_to(driver, TELLING);
    return MYC_OK;
}

static enum myc_status
on_done(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    struct savina_run *run = driver->run;
    struct savina_done done;

    if (!savina_done_decode(message, &done))
        return MYC_BAD_TYPE;
    if (done.status != MYC_OK)
        return (enum myc_status)done.status;
    driver->sum += done.value;
    if (++driver->done < run->of->done_count)
        return MYC_OK;
    /* While the last Starts wait for room others may be done already. */
    if (driver->stage < STARTING || driver->sum != run->of->expected(run->each)) {
        bench_complain("the workers have counted %lld in place of %lld", (long long)driver->sum,
                       (long long)run->of->expected(run->each));
        return MYC_FAILED;
    }
    run->per_s[driver->repetition++] =
        (double)run->each * run->of->shares * 1e9 / (double)(myc_clock_ns(self) - driver->start_ns);
    go_to(driver, ENDING);
    return MYC_OK;
}

static enum myc_status
on_found(struct myc_self *self, struct driver *driver, const struct myc_message *message)
{
    struct myc_name_found found;

    if (!myc_name_found_decode(message, &found) || found.status != MYC_OK) {
        bench_complain("nobody has the name savina.%u after %u s", (unsigned)message->tag,
                       (unsigned)(DISCOVER_NS / 1000000000ULL));
        return MYC_NOT_FOUND;
    }
    driver->nurseries[message->tag % 2] = found.ref;
    return ++driver->found == driver->run->place_count ? begin(self, driver) : MYC_OK;
}

/* A Goodbye to who had gone by itself comes back; anything else is missed for ever. */
static enum myc_status
on_undelivered(const struct myc_message *message)
{
    struct myc_undelivered undelivered;

    if (myc_undelivered_decode(message, &undelivered) &&
        undelivered.schema_id == savina_goodbye_type.schema_id &&
        undelivered.template_id == savina_goodbye_type.template_id)
        return MYC_OK;
    return bench_complain_undelivered("the driver", message);
}

static enum myc_status
driver_receive(struct myc_self *self, void *state, const struct myc_message *message)
{
    struct driver *driver = state;
    enum myc_status status = MYC_OK;

    switch (myc_message_key(message)) {
    case SAVINA_HERE_KEY:
        status = on_here(self, driver, message);
        break;
    case SAVINA_DONE_KEY:
        status = on_done(self, driver, message);
        break;
    case MYC_NAME_FOUND_KEY:
        status = on_found(self, driver, message);
        break;
    case MYC_UNDELIVERED_KEY:
        status = on_undelivered(message);
        break;
    default:
        break; /* room that is there again */
    }
    if (status != MYC_OK)
        finish(self, driver, status);
    else if (driver->stage != ENDED)
        publish(driver);
    return MYC_OK;
}

static enum myc_status
driver_init(struct myc_self *self, void *state, const void *args, size_t args_size)
{
    struct driver *driver = state;
    enum myc_status status;

    if (args_size != sizeof(driver->run))
        return MYC_INVALID;
    memcpy(&driver->run, args, sizeof(driver->run));
    status = myc_discover(self, "savina.0", DISCOVER_NS, 0);
    if (status == MYC_OK && driver->run->place_count > 1)
        status = myc_discover(self, "savina.1", DISCOVER_NS, 1);
    return status != MYC_OK ? status : myc_poller_start(self, driver_poll, 0, NULL);
}

static const struct myc_type *const driver_accepts[] = { &savina_done_type, &savina_here_type };

const struct myc_class savina_driver_class = {
    .size = sizeof(struct myc_class),
    .name = "savina_driver",
    .state_size = sizeof(struct driver),
    .accepts = driver_accepts,
    .accepts_count = 2,
    .init = driver_init,
    .receive = driver_receive,
};
