/* SPDX-License-Identifier: BSD-3-Clause */
/* Two actors for the examples of this folder: one squares numbers, the other asks. */
#ifndef SQUARES_H
#define SQUARES_H

#include <mycelium/node.h>

#define SQUARES_QUESTIONS 1000U

/* Answers to an ask of hello_question. */
extern const struct myc_class squares_class;

/* Spawns both, each on a lcore of the node by its index. Context: the thread that started it. */
enum myc_status squares_spawn(struct myc_node *node, uint8_t answering, uint8_t asking);

/* Right answers so far, and whatever else came. Context: any thread. */
unsigned squares_answers(void);
unsigned squares_failures(void);

/* Sleeps until all questions have their answer, or half a minute is over. Returns 0 if they have.
 */
int squares_wait(void);

#endif
