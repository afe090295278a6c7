// SPDX-License-Identifier: Apache-2.0
#include "shared/keys.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/digest.h"
#include "crypto/secret.h"

enum { TABLE_SLOTS = 16384 };
_Static_assert((TABLE_SLOTS & (TABLE_SLOTS - 1)) == 0 && KEYS_MAX <= TABLE_SLOTS / 4 * 3, "probes end soon");

struct key_record {
  struct digest digest;
  struct key_identity identity;
};

enum { RECORD_WORDS = sizeof(struct key_record) / 8 };
_Static_assert(sizeof(struct key_record) % 8 == 0, "records are copied word by word");

/* Two versions of one record: `sequence` counts the writes, its lowest bit says which version counts. The writer fills
 * the other one first, so a reader never waits for a writer, not even for one that was stopped half-way. */
struct key_slot {
  _Atomic uint64_t sequence; /* 0: never used */
  _Atomic uint64_t words[2][RECORD_WORDS];
};

struct keys_table {
  _Atomic uint64_t version;
  uint64_t count; /* the writer's alone */
  struct key_slot slots[TABLE_SLOTS];
};

struct keys {
  struct keys_table *table;  /* shared, borrowed */
  struct digest_key *pepper; /* owned; its scratch state becomes each process's own by the fork */
};

void key_identity_master(struct slice secret, struct key_identity *out) {
  struct digest digest;
  char hex[DIGEST_HEX_SIZE];
  digest_sha256(secret, &digest);
  digest_hex(&digest, hex);
  *out = (struct key_identity){.name = "master key", .scopes = KEY_SCOPE_READ | KEY_SCOPE_ADMIN};
  snprintf(out->id, sizeof out->id, "master-key:%.16s", hex);
}

size_t keys_table_size(void) {
  return sizeof(struct keys_table);
}

static struct digest_key *pepper_draw(void) {
  struct random *random = random_open();
  if (!random) return NULL;
  char secret[DIGEST_SIZE];
  random_bytes(random, secret, sizeof secret);
  random_close(random);
  struct digest_key *pepper = digest_key_open(slice_make(secret, sizeof secret));
  secret_cleanse(secret, sizeof secret);
  return pepper;
}

struct keys *keys_open(void *table) {
  struct keys *keys = calloc(1, sizeof *keys);
  if (!keys) return NULL;
  keys->table = table;
  keys->pepper = pepper_draw();
  if (keys->pepper) return keys;
  keys_close(keys);
  return NULL;
}

void keys_close(struct keys *keys) {
  if (!keys) return;
  digest_key_close(keys->pepper);
  free(keys);
}

/* Copies the slot's record; again when it was replaced meanwhile. False when the slot is unused. */
static bool slot_read(const struct key_slot *slot, struct key_record *record) {
  uint64_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire), before;
  uint64_t words[RECORD_WORDS];
  do {
    if (sequence == 0) return false;
    before = sequence;
    for (size_t i = 0; i < RECORD_WORDS; i++) {
      words[i] = atomic_load_explicit(&slot->words[before & 1][i], memory_order_relaxed);
    }
    atomic_thread_fence(memory_order_acquire);
    sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
  } while (sequence != before);
  memcpy(record, words, sizeof words);
  return true;
}

static void slot_write(struct key_slot *slot, const struct key_record *record) {
  uint64_t words[RECORD_WORDS];
  memcpy(words, record, sizeof words);
  uint64_t next = atomic_load_explicit(&slot->sequence, memory_order_relaxed) + 1;
  atomic_thread_fence(memory_order_release); /* the last flip is seen before this version changes again */
  for (size_t i = 0; i < RECORD_WORDS; i++) {
    atomic_store_explicit(&slot->words[next & 1][i], words[i], memory_order_relaxed);
  }
  atomic_store_explicit(&slot->sequence, next, memory_order_release);
}

/* The place of `digest`: the slot that holds it (then `record` is filled and true is returned) or the unused one where
 * it would go. The pepper makes the places unpredictable to a caller. */
static bool slot_find(const struct keys *keys, const struct digest *digest, struct key_slot **slot,
                      struct key_record *record) {
  uint64_t hash;
  memcpy(&hash, digest->bytes, sizeof hash);
  for (uint64_t at = hash;; at++) {
    *slot = &keys->table->slots[at & (TABLE_SLOTS - 1)];
    if (!slot_read(*slot, record)) return false;
    if (digest_equal(&record->digest, digest)) return true;
  }
}

int keys_put(struct keys *keys, struct slice secret, const struct key_identity *identity, struct error *error) {
  if (secret.len == 0 || secret.len > KEY_SECRET_MAX) {
    return error_set(error, 0, "invalid_key", "a key has 1 to %d bytes, this one %zu", KEY_SECRET_MAX, secret.len);
  }
  struct key_record record = {0}, known;
  struct key_slot *slot;
  digest_hmac(keys->pepper, secret, &record.digest);
  record.identity = *identity;
  if (!slot_find(keys, &record.digest, &slot, &known)) {
    if (keys->table->count >= KEYS_MAX) return error_set(error, 0, "keys_full", "the limit is %d keys", KEYS_MAX);
    keys->table->count++;
  }
  slot_write(slot, &record);
  atomic_fetch_add_explicit(&keys->table->version, 1, memory_order_release);
  return 0;
}

bool keys_find(const struct keys *keys, struct slice secret, struct key_identity *out) {
  if (secret.len == 0 || secret.len > KEY_SECRET_MAX) return false;
  struct digest digest;
  struct key_slot *slot;
  struct key_record record;
  digest_hmac(keys->pepper, secret, &digest);
  if (!slot_find(keys, &digest, &slot, &record)) return false;
  if (record.identity.expires_at != 0 && record.identity.expires_at <= (int64_t)time(NULL)) return false;
  *out = record.identity;
  return true;
}

uint64_t keys_version(const struct keys *keys) {
  return atomic_load_explicit(&keys->table->version, memory_order_acquire);
}
