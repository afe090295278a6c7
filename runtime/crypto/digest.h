// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* SHA-256 and HMAC-SHA-256. */
enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 2 * DIGEST_SIZE };

struct digest {
  unsigned char bytes[DIGEST_SIZE];
};

void digest_sha256(struct slice bytes, struct digest *out);

/* In constant time. */
bool digest_equal(const struct digest *a, const struct digest *b);

/* Writes DIGEST_HEX_SIZE lowercase digits, no NUL. */
void digest_hex(const struct digest *digest, char *out);

/* A key whose share of the HMAC is computed once. One thread (or one process after a fork) at a time: each call uses
 * the key's own scratch state. */
struct digest_key;

/* Borrows `secret` until it returns. Null when memory is gone. */
struct digest_key *digest_key_open(struct slice secret);
void digest_key_close(struct digest_key *key);

void digest_hmac(struct digest_key *key, struct slice bytes, struct digest *out);
