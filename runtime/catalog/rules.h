// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json.h"

/* What the members of a row may be. */

/* Null, or why a member called `name` (decoded) may not have this value (static text, goes behind the name). */
const char *rules_member(struct slice name, struct slice raw);

/* Null, or why the members of a whole row do not go together. */
const char *rules_row(const struct json_index *row);
