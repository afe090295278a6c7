// SPDX-License-Identifier: Apache-2.0
#include "shared/breaker.h"

/* ---- the word: 2 bits of state, 20 of epoch, 42 of what the state needs ---- */

enum { EPOCH_BITS = 20, EPOCH_MASK = (1 << EPOCH_BITS) - 1, VALUE_SHIFT = 2 + EPOCH_BITS };

/* `value`: closed: failures in a row; open: until when (milliseconds); half-open: successes. */
static uint64_t word_make(enum breaker_state state, uint32_t epoch, uint64_t value) {
  return (uint64_t)state | (uint64_t)(epoch & EPOCH_MASK) << 2 | value << VALUE_SHIFT;
}

static enum breaker_state word_state(uint64_t word) {
  return (enum breaker_state)(word & 3);
}

static uint32_t word_epoch(uint64_t word) {
  return (uint32_t)(word >> 2) & EPOCH_MASK;
}

static uint64_t word_value(uint64_t word) {
  return word >> VALUE_SHIFT;
}

/* ---- probes: a word each, 8 bits of owner (0: nobody), 20 of epoch, 36 of when (milliseconds) ---- */

enum { OWNER_MASK = 0xff, PROBE_LEASE_MS = 15 * 60 * 1000 };
static const uint64_t PROBE_TIME_MASK = ((uint64_t)1 << 36) - 1;

static uint64_t probe_make(unsigned worker, uint32_t epoch, uint64_t now) {
  return (uint64_t)(worker + 1) | (uint64_t)epoch << 8 | (now & PROBE_TIME_MASK) << 28;
}

static uint32_t probe_epoch(uint64_t probe) {
  return (uint32_t)(probe >> 8) & EPOCH_MASK;
}

/* Epochs go round: whatever is less than half of them behind is older. */
static bool is_older(uint32_t epoch, uint32_t than) {
  uint32_t ahead = (than - epoch) & EPOCH_MASK;
  return ahead > 0 && ahead <= EPOCH_MASK / 2;
}

/* Those of an older epoch are over; those of a newer one are not for who still believes in this one. The lease is the
 * last net: whatever went wrong, a target is tried again. */
static bool probe_is_free(uint64_t probe, uint32_t epoch, uint64_t now) {
  if ((probe & OWNER_MASK) == 0 || is_older(probe_epoch(probe), epoch)) return true;
  return ((now - (probe >> 28)) & PROBE_TIME_MASK) > PROBE_LEASE_MS;
}

/* It stays of its epoch. */
static void probe_clear(_Atomic uint64_t *place, uint64_t probe) {
  atomic_compare_exchange_strong(place, &probe, probe & ~(uint64_t)OWNER_MASK);
}

static void probe_give(struct breaker *breaker, const struct breaker_pass *pass) {
  if (pass->state == BREAKER_HALF_OPEN) probe_clear(&breaker->probes[pass->probe], pass->probe_word);
}

/* Every time of being half-open begins with the first place, which so tells who comes too late for the one before. */
static bool is_over(const struct breaker_pass *pass, uint64_t probe) {
  return pass->probe == 0 && is_older(pass->epoch, probe_epoch(probe));
}

/* Takes a free place. What has read the state before it changed must not come in behind it: hence the second look. */
static bool probe_take(struct breaker *breaker, const struct breaker_rules *rules, unsigned worker, uint64_t now,
                       struct breaker_pass *pass) {
  pass->probe_word = probe_make(worker, pass->epoch, now);
  for (pass->probe = 0; pass->probe < rules->probes; pass->probe++) {
    uint64_t probe = atomic_load(&breaker->probes[pass->probe]);
    if (is_over(pass, probe)) return false;
    if (!probe_is_free(probe, pass->epoch, now)) continue;
    if (!atomic_compare_exchange_strong(&breaker->probes[pass->probe], &probe, pass->probe_word)) continue;
    pass->half_opened = pass->probe == 0 && probe_epoch(probe) != pass->epoch;
    if (word_epoch(atomic_load(&breaker->word)) == pass->epoch) return true;
    probe_give(breaker, pass);
    return false;
  }
  return false;
}

void breaker_forget(struct breaker *breaker, unsigned worker) {
  for (unsigned i = 0; i < BREAKER_PROBES_MAX; i++) {
    uint64_t probe = atomic_load(&breaker->probes[i]);
    if ((probe & OWNER_MASK) == worker + 1) probe_clear(&breaker->probes[i], probe);
  }
}

/* ---- the window: a word for each stretch of time, 12 bits of epoch, 20 of its number, 16 calls, 16 failures ---- */

enum { WINDOW_COUNT_MAX = 0xffff };

static uint32_t window_stamp(const struct breaker_rules *rules, uint32_t epoch, uint64_t now) {
  uint64_t width = rules->window_ms / BREAKER_BUCKETS;
  return (epoch & 0xfff) << 20 | (uint32_t)(now / (width > 0 ? width : 1) & 0xfffff);
}

static void window_add(struct breaker *breaker, uint32_t stamp, bool failed) {
  _Atomic uint64_t *bucket = &breaker->window[stamp % BREAKER_BUCKETS];
  uint64_t word = atomic_load(bucket), next;
  do {
    uint64_t counts = word >> 32 == stamp ? word & 0xffffffff : 0;
    if ((counts & WINDOW_COUNT_MAX) == WINDOW_COUNT_MAX) counts = counts >> 1 & 0x7fff7fff; /* the share stays */
    next = (uint64_t)stamp << 32 | (counts + 1 + (failed ? (uint64_t)1 << 16 : 0));
  } while (!atomic_compare_exchange_weak(bucket, &word, next));
}

static bool window_is_bad(const struct breaker *breaker, const struct breaker_rules *rules, uint32_t stamp) {
  uint64_t calls = 0, failures = 0;
  for (uint32_t i = 0; i < BREAKER_BUCKETS; i++) {
    uint64_t word = atomic_load(&breaker->window[i]);
    uint32_t age = stamp - (uint32_t)(word >> 32);
    if (age >= BREAKER_BUCKETS) continue; /* another epoch, or too long ago */
    calls += word & WINDOW_COUNT_MAX;
    failures += (word >> 16) & 0xffff;
  }
  return calls > 0 && calls >= rules->window_requests && (double)failures >= rules->window_rate * (double)calls;
}

/* Whether too large a share of the last calls has failed, this one too. */
static bool window_count(struct breaker *breaker, const struct breaker_rules *rules, uint32_t epoch, bool failed,
                         uint64_t now) {
  if (rules->window_ms == 0) return false;
  uint32_t stamp = window_stamp(rules, epoch, now);
  window_add(breaker, stamp, failed);
  return failed && window_is_bad(breaker, rules, stamp);
}

/* ---- the machine ---- */

void breaker_rules_complete(struct breaker_rules *rules) {
  if (rules->failures == 0) rules->failures = BREAKER_FAILURES;
  if (rules->successes == 0) rules->successes = BREAKER_SUCCESSES;
  if (rules->probes == 0) rules->probes = BREAKER_PROBES;
  if (rules->probes > BREAKER_PROBES_MAX) rules->probes = BREAKER_PROBES_MAX;
  if (rules->timeout_ms == 0) rules->timeout_ms = BREAKER_TIMEOUT_MS;
}

static bool has_free_probe(const struct breaker *breaker, const struct breaker_rules *rules, uint32_t epoch,
                           uint64_t now) {
  for (unsigned i = 0; i < rules->probes; i++) {
    if (probe_is_free(atomic_load(&breaker->probes[i]), epoch, now)) return true;
  }
  return false;
}

struct breaker_view breaker_look(const struct breaker *breaker, const struct breaker_rules *rules, uint64_t now) {
  uint64_t word = atomic_load(&breaker->word), value = word_value(word);
  switch (word_state(word)) {
    case BREAKER_CLOSED:
      return (struct breaker_view){.state = BREAKER_CLOSED, .failures = value};
    case BREAKER_OPEN:
      if (now < value) return (struct breaker_view){.state = BREAKER_OPEN, .refuses = true, .until_ms = value};
      return (struct breaker_view){.state = BREAKER_HALF_OPEN};
    case BREAKER_HALF_OPEN:
      break;
  }
  bool busy = !has_free_probe(breaker, rules, word_epoch(word), now);
  return (struct breaker_view){.state = BREAKER_HALF_OPEN, .refuses = busy};
}

bool breaker_enter(struct breaker *breaker, const struct breaker_rules *rules, unsigned worker, uint64_t now,
                   struct breaker_pass *pass) {
  uint64_t word = atomic_load(&breaker->word);
  pass->half_opened = false;
  while (word_state(word) == BREAKER_OPEN) {
    if (now < word_value(word)) return false;
    uint64_t next = word_make(BREAKER_HALF_OPEN, word_epoch(word) + 1, 0);
    if (atomic_compare_exchange_strong(&breaker->word, &word, next)) word = next;
  }
  pass->epoch = word_epoch(word);
  pass->state = word_state(word);
  return pass->state == BREAKER_CLOSED || probe_take(breaker, rules, worker, now, pass);
}

/* What the word becomes when a call of its epoch ends so. */
static uint64_t word_after(uint64_t word, const struct breaker_rules *rules, bool failed, bool bad, uint64_t now) {
  bool closed = word_state(word) == BREAKER_CLOSED;
  uint64_t count = word_value(word) + 1;
  uint32_t epoch = word_epoch(word);
  if (failed && (!closed || bad || count >= rules->failures)) {
    return word_make(BREAKER_OPEN, epoch + 1, now + rules->timeout_ms);
  }
  if (closed) return word_make(BREAKER_CLOSED, epoch, failed ? count : 0);
  if (count >= rules->successes) return word_make(BREAKER_CLOSED, epoch + 1, 0);
  return word_make(BREAKER_HALF_OPEN, epoch, count);
}

static enum breaker_change change_of(uint64_t before, uint64_t after) {
  if (word_state(before) == word_state(after)) return BREAKER_SAME;
  return word_state(after) == BREAKER_OPEN ? BREAKER_HAS_OPENED : BREAKER_HAS_CLOSED;
}

static enum breaker_change outcome_count(struct breaker *breaker, const struct breaker_rules *rules, uint32_t epoch,
                                         bool failed, uint64_t now) {
  uint64_t word = atomic_load(&breaker->word), next;
  if (word_epoch(word) != epoch) return BREAKER_SAME;
  bool closed = word_state(word) == BREAKER_CLOSED;
  bool bad = closed && window_count(breaker, rules, epoch, failed, now);
  do {
    if (word_epoch(word) != epoch) return BREAKER_SAME;
    next = word_after(word, rules, failed, bad, now);
    if (next == word) return BREAKER_SAME; /* one more success of many */
  } while (!atomic_compare_exchange_weak(&breaker->word, &word, next));
  return change_of(word, next);
}

enum breaker_change breaker_leave(struct breaker *breaker, const struct breaker_rules *rules,
                                  const struct breaker_pass *pass, enum breaker_outcome outcome, uint64_t now) {
  enum breaker_change change = BREAKER_SAME;
  if (outcome != BREAKER_NEITHER) change = outcome_count(breaker, rules, pass->epoch, outcome == BREAKER_FAILURE, now);
  probe_give(breaker, pass);
  return change;
}
