// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "match/recipe.h"

/* A compiled recipe: immutable, made on any thread. Patterns take some ten microseconds each; words up to a hundred
 * each (they are compiled by the library). */
struct match_code;

/* Null when a text is no pattern, may match nothing at all, or makes too large a machine: `error` names its position
 * and why. `stream`: words for match_stream, which tells no positions. */
struct match_code *match_code_compile(const struct match_recipe *recipe, bool stream, struct error *error);
void match_code_close(struct match_code *code);
