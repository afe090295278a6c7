// SPDX-License-Identifier: Apache-2.0
#include "process/reply.h"

/* Google's counts (native-providers 0.10): the parts add up. */

static long long count_read(struct slice object, const char *name) {
  struct json_step step = {slice_text(name), -1};
  struct slice value;
  long long number;
  return json_find(object, &step, 1, &value) && slice_decimal(value, &number) ? number : -1;
}

static long long sum(long long one, long long other) {
  if (one < 0) return other;
  return other < 0 ? one : one + other;
}

void usage_gemini_read(const struct json_index *index, struct usage *usage) {
  const struct json_member *member = json_index_find(index, SLICE_LITERAL("usageMetadata"));
  if (!member || member->type != JSON_OBJECT) return;
  long long thoughts = count_read(member->value, "thoughtsTokenCount");
  usage->prompt =
      sum(count_read(member->value, "promptTokenCount"), count_read(member->value, "toolUsePromptTokenCount"));
  usage->completion = sum(count_read(member->value, "candidatesTokenCount"), thoughts);
  usage->cached = count_read(member->value, "cachedContentTokenCount");
  usage->reasoning = thoughts;
}
