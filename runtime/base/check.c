// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_abort(const char *condition, const char *file, int line) {
  fprintf(stderr, "moongate: broken invariant: %s (%s:%d); this process stops, the supervisor replaces it\n", condition,
          file, line);
  abort();
}
