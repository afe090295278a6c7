// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "shared/table_stripe.h"

/* Token buckets. One that would be full is as good as none, so its entry expires at that moment. */

static const double SECOND = 1e9;

/* An expiry this far away never comes: a bucket whose rate is next to nothing. */
static const double LONGEST = 1e17;

/* What rounding may take from a client that waited exactly as long as it was told. */
static const double DUST = 1e-6;

static double refilled(const struct hold *hold, const struct entry *entry, const struct table_bucket *bucket) {
  double elapsed = hold->now > entry->stamp ? (double)(hold->now - entry->stamp) / SECOND : 0;
  return fmin(bucket->burst, entry->number + elapsed * bucket->rate);
}

/* The moment is stored before the tokens: a process that dies in between loses a refill, and grants nothing. A clock
 * that was read before a faster process came by does not turn time back. */
static void bucket_write(struct hold *hold, struct entry *entry, const struct table_bucket *bucket, double tokens) {
  double full_in = fmin(fmax(ceil((bucket->burst - tokens) / bucket->rate * SECOND), 1), LONGEST);
  uint64_t moment = entry && entry->stamp > hold->now ? entry->stamp : hold->now;
  struct entry with = {.kind = ENTRY_BUCKET, .number = tokens, .stamp = moment, .expires = moment + (uint64_t)full_in};
  if (!entry) {
    stripe_make(hold, &with, (struct slice){0});
    return;
  }
  *(volatile uint64_t *)&entry->stamp = with.stamp;
  *(volatile uint64_t *)&entry->expires = with.expires;
  *(volatile double *)&entry->number = with.number;
}

static enum table_result bucket_change(struct hold *hold, const struct table_bucket *bucket, bool settle,
                                       struct table_taken *out) {
  struct entry *entry = stripe_find(hold);
  if (entry && entry->kind != ENTRY_BUCKET) return TABLE_KIND;
  double tokens = entry ? refilled(hold, entry, bucket) : bucket->burst;
  double after = settle ? fmin(bucket->burst, tokens + bucket->tokens) : tokens - bucket->tokens;
  if (!settle && after < 0 && after > -DUST) after = 0;
  out->allowed = settle || after >= 0;
  out->remaining = out->allowed ? after : tokens;
  out->retry_after = out->allowed ? 0 : (bucket->tokens - tokens) / bucket->rate;
  if (out->allowed && bucket->tokens != 0 && (entry || after < bucket->burst)) bucket_write(hold, entry, bucket, after);
  return TABLE_OK;
}

static enum table_result change(struct table *table, struct slice key, const struct table_bucket *bucket, uint64_t now,
                                bool settle, struct table_taken *out) {
  if (key.len > TABLE_KEY_MAX) return TABLE_LARGE;
  struct hold hold = stripe_lock(table, key, now);
  enum table_result result = bucket_change(&hold, bucket, settle, out);
  stripe_unlock(&hold);
  return result;
}

enum table_result table_take(struct table *table, struct slice key, const struct table_bucket *bucket, uint64_t now,
                             struct table_taken *out) {
  return change(table, key, bucket, now, false, out);
}

enum table_result table_settle(struct table *table, struct slice key, const struct table_bucket *bucket, uint64_t now,
                               struct table_taken *out) {
  return change(table, key, bucket, now, true, out);
}
