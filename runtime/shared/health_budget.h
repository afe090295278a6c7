// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* How many retries all workers together may make: a share of the requests of the last ten seconds, and so many a second
 * in any case. Zero-initialised. */
enum { BUDGET_SECONDS = 10, BUDGET_BUCKETS = 16, BUDGET_WORKERS_MAX = 64 };

/* A ring of seconds, each one word: 32 bits of which second, 32 of a count. */
struct budget_row {
  _Alignas(64) _Atomic uint64_t seconds[BUDGET_BUCKETS];
};

struct health_budget {
  struct budget_row requests[BUDGET_WORKERS_MAX]; /* each worker's, written by it alone */
  struct budget_row retries;                      /* everybody's */
};

/* A request of that worker's. */
void health_budget_request(struct health_budget *budget, unsigned worker, uint64_t now_ms);

struct budget_rules {
  double ratio, per_second;
};

/* Takes one retry; false when there is none left. Never more than the budget, whoever asks at the same time. */
bool health_budget_spend(struct health_budget *budget, const struct budget_rules *rules, unsigned workers,
                         uint64_t now_ms);
