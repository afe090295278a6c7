// SPDX-License-Identifier: Apache-2.0
#include "events/subject.h"

#include "base/check.h"

static const char *const names[EVENT_SUBJECTS] = {
    [EVENT_REQUEST_COMPLETED] = "gateway.request.completed",
    [EVENT_REQUEST_FAILED] = "gateway.request.failed",
    [EVENT_BREAKER_OPENED] = "gateway.breaker.opened",
    [EVENT_BREAKER_CLOSED] = "gateway.breaker.closed",
    [EVENT_BREAKER_HALF_OPEN] = "gateway.breaker.half_open",
    [EVENT_CREDENTIAL_DISABLED] = "gateway.credential.disabled",
    [EVENT_CREDENTIAL_RESTORED] = "gateway.credential.restored",
    [EVENT_TARGET_UNHEALTHY] = "gateway.target.unhealthy",
    [EVENT_TARGET_HEALTHY] = "gateway.target.healthy",
    [EVENT_RELOAD_APPLIED] = "gateway.reload.applied",
    [EVENT_RELOAD_REFUSED] = "gateway.reload.refused",
    [EVENT_RELOAD_ROLLED_BACK] = "gateway.reload.rolled_back",
};

const char *event_subject_name(enum event_subject subject) {
  REQUIRE((unsigned)subject < EVENT_SUBJECTS);
  return names[subject];
}

bool event_subject_matches(enum event_subject subject, struct slice pattern) {
  struct slice name = slice_text(event_subject_name(subject));
  bool open = pattern.len > 0 && pattern.ptr[pattern.len - 1] == '*';
  return open ? slice_starts(name, slice_make(pattern.ptr, pattern.len - 1)) : slice_equal(name, pattern);
}

bool event_subject_parse(struct slice name, enum event_subject *subject) {
  for (unsigned i = 0; i < EVENT_SUBJECTS; i++) {
    if (!slice_equal(name, slice_text(names[i]))) continue;
    *subject = (enum event_subject)i;
    return true;
  }
  return false;
}
