// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* What kind of thing has happened. A set of subjects has a bit for each. */
enum event_subject {
  EVENT_REQUEST_COMPLETED,
  EVENT_REQUEST_FAILED,
  EVENT_BREAKER_OPENED,
  EVENT_BREAKER_CLOSED,
  EVENT_BREAKER_HALF_OPEN,
  EVENT_CREDENTIAL_DISABLED,
  EVENT_CREDENTIAL_RESTORED,
  EVENT_TARGET_UNHEALTHY,
  EVENT_TARGET_HEALTHY,
  EVENT_RELOAD_APPLIED,
  EVENT_RELOAD_REFUSED,
  EVENT_RELOAD_ROLLED_BACK,
  EVENT_SUBJECTS
};

/* "gateway.request.completed": static text. */
const char *event_subject_name(enum event_subject subject);
/* Whether a pattern means it: its name, or the beginning of that and '*'. */
bool event_subject_matches(enum event_subject subject, struct slice pattern);
/* False when there is no such subject. */
bool event_subject_parse(struct slice name, enum event_subject *subject);
