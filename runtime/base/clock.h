// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

/* What time it is for scripts: the system's, unless a spec or a replay has fixed it. Zero-initialised is the system's;
 * so is a null pointer. */
struct clock_source {
  bool fixed;
  double unix_seconds, monotonic_ms; /* while it is fixed */
};

/* Unix time in seconds with a fraction. */
double clock_unix(const struct clock_source *clock);

/* Milliseconds since some moment; never goes back. */
double clock_monotonic(const struct clock_source *clock);

/* From now on it stands still there, and moves by clock_advance alone. */
void clock_fix(struct clock_source *clock, double unix_seconds);
void clock_advance(struct clock_source *clock, double milliseconds);

/* The system's again. */
void clock_release(struct clock_source *clock);
