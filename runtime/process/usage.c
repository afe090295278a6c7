// SPDX-License-Identifier: Apache-2.0
#include "process/reply.h"

static void number_read(struct slice object, const char *outer, const char *name, long long *out) {
  struct json_step steps[2] = {{slice_text(outer ? outer : name), -1}, {slice_text(name), -1}};
  struct slice value;
  long long number;
  if (json_find(object, steps, outer ? 2 : 1, &value) && slice_decimal(value, &number)) *out = number;
}

void usage_read(const struct json_index *index, struct usage *usage) {
  const struct json_member *member = json_index_find(index, SLICE_LITERAL("usage"));
  if (!member || member->type != JSON_OBJECT) return;
  number_read(member->value, NULL, "prompt_tokens", &usage->prompt);
  number_read(member->value, NULL, "completion_tokens", &usage->completion);
  number_read(member->value, "prompt_tokens_details", "cached_tokens", &usage->cached);
  number_read(member->value, "completion_tokens_details", "reasoning_tokens", &usage->reasoning);
}
