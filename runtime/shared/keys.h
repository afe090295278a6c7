// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Who may call: digests of client keys in the shared mapping, never the keys. Written by one process (the supervisor
 * now, the keeper later), read lock-free by the workers. Digest = HMAC-SHA-256(pepper, key); the pepper is drawn at
 * start and lives in the mapping. */
enum key_scope { KEY_SCOPE_READ = 1, KEY_SCOPE_ADMIN = 2 };

struct key_identity {
  char id[64]; /* "master-key:" + first 16 hex of its SHA-256, or the stored key's id */
  char name[64];
  unsigned scopes;    /* enum key_scope bits */
  int64_t expires_at; /* unix seconds, 0 = never */
};

struct keys;
size_t keys_size(void);
void keys_init(struct keys *keys); /* on zeroed memory of keys_size() bytes */
int keys_put(struct keys *keys, struct slice secret, const struct key_identity *identity);
/* Copies the identity of a usable key. Constant time in the secret. */
bool keys_find(const struct keys *keys, struct slice secret, struct key_identity *out);
/* Grows with every change: caches of keys_find's answer compare it. */
uint64_t keys_version(const struct keys *keys);
