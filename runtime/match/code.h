// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "match/recipe.h"

/* A compiled recipe: immutable, made on any thread. */
struct match_code;

/* Whether every pattern by itself can be compiled: cheap, unlike compiling them. -1 where one cannot. */
int match_code_check(const struct match_recipe *recipe, struct error *error);

/* Null when a text is no pattern, may match nothing at all, or makes too large a machine: `error` names its position
 * and why. `stream`: for match_stream, which tells no positions. Takes from 0.1 ms to seconds. */
struct match_code *match_code_compile(const struct match_recipe *recipe, bool stream, struct error *error);
void match_code_close(struct match_code *code);

/* The code as bytes for another process on this machine, some hundred kilobytes; and back. Null when `bytes` are of
 * another version, another processor or another recipe. */
bool match_code_save(const struct match_code *code, struct buffer *out);
struct match_code *match_code_restore(const struct match_recipe *recipe, struct slice bytes);
