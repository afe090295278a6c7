// SPDX-License-Identifier: Apache-2.0
/* What a glance finds in the beginning of a valid document is what is there; and it finds it in every longer beginning.
 */
#include <stdlib.h>

#include "base/check.h"
#include "codec/json.h"

static bool glance(struct slice text, struct slice *raw) {
  return json_glance(text, SLICE_LITERAL("model"), raw);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size) {
  struct slice whole = {(const char *)data, size}, raw = {0}, first = {0};
  struct arena arena = {0};
  struct json_index index;
  struct json_fault fault;
  bool found = false;
  for (size_t len = 0; len <= size && size <= 400; len++) {
    char *copy = malloc(len ? len : 1);
    REQUIRE(copy != NULL);
    if (len) memcpy(copy, data, len);
    bool now = glance(slice_make(copy, len), &raw);
    REQUIRE(now || !found);
    found = now;
    free(copy);
  }
  bool seen = glance(whole, &first);
  if (seen) REQUIRE(first.ptr >= whole.ptr && first.ptr + first.len <= whole.ptr + whole.len);
  if (json_index_build(whole, &json_limits_default, &arena, &index, &fault) == 0) {
    const struct json_member *member = json_index_find(&index, SLICE_LITERAL("model"));
    bool there = member && member->type == JSON_STRING;
    REQUIRE(seen == there);
    if (there) REQUIRE(slice_equal(first, member->value));
  }
  arena_free(&arena);
  return 0;
}
