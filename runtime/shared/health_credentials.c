// SPDX-License-Identifier: Apache-2.0
#include "shared/health_credentials.h"

static uint64_t state_make(enum health_credential state, uint64_t until) {
  return state == CREDENTIAL_USABLE ? 0 : until << 2 | (uint64_t)state;
}

static bool is_over(uint64_t word, uint64_t now) {
  return word >> 2 <= now;
}

enum health_credential health_credential_read(const struct health_credentials *credentials, unsigned index,
                                              uint64_t now, uint64_t *until) {
  uint64_t word = atomic_load(&credentials->states[index]);
  *until = 0;
  if (is_over(word, now)) return CREDENTIAL_USABLE;
  *until = word >> 2;
  return (enum health_credential)(word & 3);
}

enum health_credential health_credential_set(struct health_credentials *credentials, unsigned index,
                                             enum health_credential state, uint64_t until) {
  return (enum health_credential)(atomic_exchange(&credentials->states[index], state_make(state, until)) & 3);
}

/* Takes it when it can be used; one that was disabled only for whoever comes first. */
static bool credential_take(struct health_credentials *credentials, unsigned index, uint64_t now) {
  uint64_t word = atomic_load(&credentials->states[index]);
  if (!is_over(word, now)) return false;
  if ((word & 3) != CREDENTIAL_DISABLED) return true;
  uint64_t trial = state_make(CREDENTIAL_DISABLED, now + CREDENTIAL_TRIAL_MS);
  return atomic_compare_exchange_strong(&credentials->states[index], &word, trial);
}

static unsigned soonest(const struct health_credentials *credentials, unsigned count) {
  unsigned best = 0;
  for (unsigned i = 1; i < count; i++) {
    if (atomic_load(&credentials->states[i]) >> 2 < atomic_load(&credentials->states[best]) >> 2) best = i;
  }
  return best;
}

unsigned health_credential_next(struct health_credentials *credentials, unsigned count, uint64_t now) {
  unsigned first = atomic_fetch_add_explicit(&credentials->turn, 1, memory_order_relaxed);
  for (unsigned i = 0; i < count; i++) {
    unsigned index = (first + i) % count;
    if (credential_take(credentials, index, now)) return index;
  }
  return soonest(credentials, count);
}
