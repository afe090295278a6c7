// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

/* One item of a pattern: a character, '.', a class (%a) or a set ([...]). ASCII alone, whatever the locale. */

/* The end of the item that begins at `item` (before any of ?*+-); null with `problem` when it is malformed. */
const char *pattern_item_end(const char *item, const char *text_end, const char **problem);

/* Whether `byte` matches the well-formed item [item, next). */
bool pattern_item_matches(unsigned char byte, const char *item, const char *next);
