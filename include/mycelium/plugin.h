/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file plugin.h
 * Actor classes in a shared object, for `mycelium run`.
 *
 * A config names the object and the class; the program opens the object, finds the one symbol that
 * this macro defines, and spawns by class name. In one .c file of the object:
 *
 *     static const struct myc_class *const classes[] = { &my_book_class, &my_gateway_class };
 *     MYC_PLUGIN_DEFINE(classes);
 */
#ifndef MYCELIUM_PLUGIN_H
#define MYCELIUM_PLUGIN_H

#include <mycelium/class.h>

/** Version of the contract between program and plugin; grows when struct myc_class changes. */
#define MYC_PLUGIN_VERSION 2U

/** Name of the symbol that a plugin defines. */
#define MYC_PLUGIN_SYMBOL "myc_plugin"

/** What a plugin offers. Constant; valid while the object is open. */
struct myc_plugin {
    size_t size;      /**< sizeof(struct myc_plugin) */
    uint32_t version; /**< MYC_PLUGIN_VERSION */
    uint32_t class_count;
    const struct myc_class *const *classes; /**< not owned */
};

/** Defines the plugin's symbol from an array of class pointers. */
#define MYC_PLUGIN_DEFINE(array)                        \
    MYC_API extern const struct myc_plugin myc_plugin;  \
    const struct myc_plugin myc_plugin = {              \
        sizeof(struct myc_plugin),                      \
        MYC_PLUGIN_VERSION,                             \
        (uint32_t)(sizeof(array) / sizeof((array)[0])), \
        (array),                                        \
    }

#endif
