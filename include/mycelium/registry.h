/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file registry.h
 * What a registry needs beyond mycelium/name.h: the lcore's table of names from behind.
 *
 * Every lcore has one table of names and one registry, the first actor that is spawned there, so
 * its ref is known to all. The table tells its registry what has changed here; registries tell each
 * other, and put what they hear into their own lcore's table. Actors of the market do not need this
 * header.
 */
#ifndef MYCELIUM_REGISTRY_H
#define MYCELIUM_REGISTRY_H

#include <mycelium/name.h>

MYC_BEGIN_DECLS

/** The registry itself: a node spawns it first on each lcore. */
MYC_API extern const struct myc_class myc_registry_class;

/** First byte of the key under which a group's memberships stand in the table. */
#define MYC_GROUP_MARK 1

/** Somebody's claim to a name: of several the earliest holds; of two at one time the lower ref. Or
 * a membership of a group (its name behind MYC_GROUP_MARK), which all hold; the time tells those of
 * one member apart. */
struct myc_name_claim {
    char name[MYC_NAME_SIZE_MAX + 1]; /**< NUL-terminated, the rest zero */
    struct myc_ref ref;               /**< who claims it */
    uint64_t claimed_ns;              /**< on the clock of the owner's host */
};

/** The registry of a lcore: slot 0, generation 1. Context: any thread. */
static inline struct myc_ref
myc_registry_ref(uint64_t home, uint8_t lcore)
{
    struct myc_ref ref;

    ref.home = home;
    ref.actor = (uint64_t)lcore << 56 | 1U;
    return ref;
}

/**
 * Makes the running actor the registry of its lcore, until it ends.
 * From now on a NamesChanged event comes whenever there are changes to take.
 * @return OK; EXISTS (another actor is).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_registry_attach(struct myc_self *self);

/**
 * Takes the next change of claims that are made on this lcore.
 * @param claim      set on OK.
 * @param is_removed set on OK: it is taken back.
 * @return OK; NOT_FOUND (no more; the next one brings an event); BAD_STATE (not the registry).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_registry_take_change(struct myc_self *self,
                                                                struct myc_name_claim *claim,
                                                                bool *is_removed);

/**
 * Walks the claims in the table, those of other lcores and nodes too.
 * @param cursor  0 to begin with; moved on. Names that come or go during the walk may be missed.
 * @param claim   set on OK.
 * @param mark    set on OK: as given to myc_registry_apply; 0 for those of this lcore.
 * @return OK; NOT_FOUND (the end); BAD_STATE (not the registry).
 * Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_registry_next(struct myc_self *self, uint32_t *cursor,
                                                         struct myc_name_claim *claim,
                                                         uint32_t *mark);

/**
 * Puts a claim from elsewhere into the table, whether it holds or not. A holder of this lcore who
 * loses by it gets NameLost, and its own claim is taken back.
 * @param claim  its owner is not on this lcore.
 * @param mark   any number but 0, for the caller's own use.
 * @return OK (it is new, or of another time); EXISTS (it is there: only the mark was taken);
 * NO_MEMORY; INVALID; BAD_STATE (not the registry). Context: inside a handler.
 */
MYC_API MYC_MUST_CHECK enum myc_status myc_registry_apply(struct myc_self *self,
                                                          const struct myc_name_claim *claim,
                                                          uint32_t mark);

/**
 * Takes a claim from elsewhere out of the table.
 * @param claim  of a name: whatever its time; of a group: the one of that very time.
 * @return OK; NOT_FOUND (there is no such claim); BAD_STATE (not the registry).
 * Context: inside a handler.
 */
MYC_API enum myc_status myc_registry_remove(struct myc_self *self,
                                            const struct myc_name_claim *claim);

MYC_END_DECLS

#endif
