// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What an upstream says of its own limits in the head of each answer: x-ratelimit-{limit,remaining,reset}-{requests,
 * tokens} (OpenAI and those who speak as it does), anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}. Each
 * number is written by itself, and the newest counts; one more than it is, 0: unknown. */
enum health_quota_kind { QUOTA_REQUESTS, QUOTA_TOKENS, QUOTA_KINDS };

struct health_quota {
  _Atomic uint32_t limit[QUOTA_KINDS], remaining[QUOTA_KINDS];
  _Atomic uint64_t reset_ms[QUOTA_KINDS]; /* monotonic */
};

/* Whether a header line may be one of them. */
bool health_quota_reads(struct slice name);

/* Takes note of one header line; does nothing with others. `unix_seconds` is for those who name a time of day. */
void health_quota_note(struct health_quota *quota, struct slice name, struct slice value, uint64_t now_ms,
                       double unix_seconds);

/* -1 is unknown; after the reset it is so again. */
struct health_quota_view {
  double limit[QUOTA_KINDS], remaining[QUOTA_KINDS];
  double reset_ms; /* from now on, until the later one */
  double share;    /* the smaller of both that remain, 0 to 1 */
};
struct health_quota_view health_quota_read(const struct health_quota *quota, uint64_t now_ms);
