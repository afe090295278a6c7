// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* Who may call: digests of client keys in the shared mapping, never the keys. Written by one process (the supervisor
 * now, the keeper later), read lock-free by the workers. Digest = HMAC-SHA-256(pepper, key); the pepper is drawn at
 * start and never leaves the processes. */
enum key_scope { KEY_SCOPE_READ = 1, KEY_SCOPE_ADMIN = 2 };

enum { KEYS_MAX = 12288, KEY_SECRET_MAX = 512 };

struct key_identity {
  char id[64]; /* "master-key:" + first 16 hex of its SHA-256, or the stored key's id */
  char name[64];
  unsigned scopes;    /* enum key_scope bits */
  int64_t expires_at; /* unix seconds, 0 = never */
};

/* The identity of MASTER_KEY: every scope, never expires. */
void key_identity_master(struct slice secret, struct key_identity *out);

struct keys;

/* Bytes of zeroed shared memory the table needs, 64-byte aligned. */
size_t keys_table_size(void);

/* Draws the pepper. Called before the fork, so that every process inherits it together with the table; the result is
 * the process's own handle, at the same address in all of them. `table` is borrowed. Null when memory is gone. */
struct keys *keys_open(void *table);
void keys_close(struct keys *keys);

/* Adds a key, or gives a known one a new identity. Refuses an empty secret, one longer than KEY_SECRET_MAX, and the
 * key after KEYS_MAX. */
int keys_put(struct keys *keys, struct slice secret, const struct key_identity *identity, struct error *error);

/* Copies the identity of a usable key: known and not expired. The time does not depend on what is stored. */
bool keys_find(const struct keys *keys, struct slice secret, struct key_identity *out);

/* Grows with every change: caches of keys_find's answer compare it. */
uint64_t keys_version(const struct keys *keys);
