/* SPDX-License-Identifier: BSD-3-Clause */
#include <mycelium/ref.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

char *
myc_ref_format(struct myc_ref ref, char *text)
{
    if (myc_ref_is_null(ref))
        snprintf(text, MYC_REF_TEXT_SIZE, "null");
    else
        snprintf(text, MYC_REF_TEXT_SIZE, "%u.%012" PRIx64 "/%u.%u.%u", myc_ref_node(ref),
                 myc_ref_incarnation(ref), myc_ref_lcore(ref), myc_ref_slot(ref),
                 myc_ref_generation(ref));
    return text;
}

enum myc_status
myc_ref_parse(const char *text, struct myc_ref *ref)
{
    unsigned node, lcore, slot, generation;
    uint64_t incarnation;
    struct myc_ref parsed = { 0, 0 };
    char canonical[MYC_REF_TEXT_SIZE];

    if (strcmp(text, "null") != 0) {
        if (sscanf(text, "%5u.%12" SCNx64 "/%3u.%8u.%10u", &node, &incarnation, &lcore, &slot,
                   &generation) != 5)
            return MYC_INVALID;
        if (node > UINT16_MAX || lcore > UINT8_MAX || slot > 0xffffffU)
            return MYC_INVALID;
        parsed.home = (uint64_t)node << 48 | incarnation;
        parsed.actor = (uint64_t)lcore << 56 | (uint64_t)slot << 32 | generation;
        /* Written again it must be the same text: that refuses what sscanf forgives. */
        if (strcmp(myc_ref_format(parsed, canonical), text) != 0)
            return MYC_INVALID;
    }
    *ref = parsed;
    return MYC_OK;
}
