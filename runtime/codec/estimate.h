// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/slice.h"

/* About how many tokens a text is, where nobody has counted: no tokenizer, a rule of thumb. Four bytes of ASCII are a
 * token, so is a letter of Chinese, Japanese or Korean; two letters of another alphabet; a sign beyond these, as an
 * emoji, is two. */
long long estimate_text(struct slice text);

/* The same of the texts in a document of a model's (valid JSON): what stands under content, text, input, prompt,
 * arguments and the like; what is encoded (images, sound) is left out. */
long long estimate_json(struct slice valid);

/* What went out of a stream of events, of which only this is known. */
struct estimate_flow {
  uint64_t events, bytes; /* of their data */
  uint64_t least;         /* bytes of the smallest */
};

enum { ESTIMATE_EVENT_LEAST = 32 }; /* no chunk is smaller: [DONE] is none */

static inline void estimate_flow_add(struct estimate_flow *flow, uint64_t bytes) {
  if (bytes < ESTIMATE_EVENT_LEAST) return;
  flow->events++;
  flow->bytes += bytes;
  if (flow->least == 0 || bytes < flow->least) flow->least = bytes;
}

/* A token for each event but the first and the last, or what is in them beyond the smallest and the name of the text's
 * member: whichever is more. */
long long estimate_flow_tokens(const struct estimate_flow *flow);
