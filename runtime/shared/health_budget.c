// SPDX-License-Identifier: Apache-2.0
#include "shared/health_budget.h"

/* From 1 on: a word of 0 is nobody's. */
static uint32_t second_of(uint64_t now_ms) {
  return (uint32_t)(now_ms / 1000) + 1;
}

static void row_add(struct budget_row *row, uint32_t second) {
  _Atomic uint64_t *cell = &row->seconds[second % BUDGET_BUCKETS];
  uint64_t word = atomic_load_explicit(cell, memory_order_relaxed), next;
  do {
    next = word >> 32 == second ? word + 1 : (uint64_t)second << 32 | 1;
  } while (!atomic_compare_exchange_weak(cell, &word, next));
}

static void row_take_back(struct budget_row *row, uint32_t second) {
  _Atomic uint64_t *cell = &row->seconds[second % BUDGET_BUCKETS];
  uint64_t word = atomic_load(cell);
  while (word >> 32 == second && (uint32_t)word > 0 && !atomic_compare_exchange_weak(cell, &word, word - 1)) {
  }
}

static uint64_t row_sum(const struct budget_row *row, uint32_t second) {
  uint64_t sum = 0;
  for (unsigned i = 0; i < BUDGET_BUCKETS; i++) {
    uint64_t word = atomic_load(&row->seconds[i]);
    if (second - (uint32_t)(word >> 32) < BUDGET_SECONDS) sum += (uint32_t)word;
  }
  return sum;
}

void health_budget_request(struct health_budget *budget, unsigned worker, uint64_t now_ms) {
  row_add(&budget->requests[worker], second_of(now_ms));
}

bool health_budget_spend(struct health_budget *budget, const struct budget_rules *rules, unsigned workers,
                         uint64_t now_ms) {
  uint32_t second = second_of(now_ms);
  uint64_t requests = 0;
  for (unsigned i = 0; i < workers; i++) requests += row_sum(&budget->requests[i], second);
  double allowed = rules->ratio * (double)requests, least = rules->per_second * BUDGET_SECONDS;
  if (allowed < least) allowed = least;
  row_add(&budget->retries, second);
  if ((double)row_sum(&budget->retries, second) <= allowed) return true;
  row_take_back(&budget->retries, second);
  return false;
}
