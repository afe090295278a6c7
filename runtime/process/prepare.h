// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "process/generation.h"

/* Loading a generation beside the one that serves. For generation.c only. */

/* An empty one for the slot that `word` names. */
struct generation *generation_new(struct worker *worker, uint64_t word);
void generation_free(struct generation *generation);
/* The job that closes a retired one. */
void generation_end(struct loop_job *job);
void generation_notes_free(struct generation *generation);

void prepare_open(struct generation_desk *desk);

/* Begins; ends in an answer to the supervisor: the generation is ready, or why it cannot be. */
void prepare_start(struct generation_desk *desk, uint64_t word);
/* The candidate is not wanted any more. */
void prepare_stop(struct generation_desk *desk);

/* Everything in one go, before the worker serves. */
int prepare_at_once(struct generation *generation, struct error *error);
