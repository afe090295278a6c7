// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

static double seconds(clockid_t id) {
  struct timespec now;
  clock_gettime(id, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

double clock_unix(const struct clock_source *clock) {
  return clock && clock->fixed ? clock->unix_seconds : seconds(CLOCK_REALTIME);
}

double clock_monotonic(const struct clock_source *clock) {
  return clock && clock->fixed ? clock->monotonic_ms : seconds(CLOCK_MONOTONIC) * 1000;
}

void clock_fix(struct clock_source *clock, double unix_seconds) {
  clock->monotonic_ms = clock_monotonic(clock);
  clock->unix_seconds = unix_seconds;
  clock->fixed = true;
}

void clock_advance(struct clock_source *clock, double milliseconds) {
  clock->unix_seconds += milliseconds / 1000;
  clock->monotonic_ms += milliseconds;
}

void clock_release(struct clock_source *clock) {
  clock->fixed = false;
}
