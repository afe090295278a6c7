// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <llhttp.h>
#include <stdbool.h>

#include "base/slice.h"

/* Private to this room. Strict llhttp as the judge of response heads that our own scanner has parsed: both must see the
 * same message. One per upstream, not one per connection. */

struct oracle {
  llhttp_t parser;
  llhttp_settings_t settings;
  unsigned fields;
};

struct oracle_claim { /* what our scanner says */
  int status, minor;
  unsigned fields;
  bool chunked, has_length;
  unsigned long long length;
};

/* The oracle must not move afterwards. */
void oracle_init(struct oracle *oracle);

/* `head` is one whole response head. False when llhttp refuses it or reads it in another way. */
bool oracle_agrees(struct oracle *oracle, struct slice head, const struct oracle_claim *claim);
