// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

/* Signed tokens of RFC 7515 in their compact form, with RS256: RSASSA-PKCS1-v1_5 over SHA-256. */
struct jwt {
  struct slice key; /* PEM of an RSA private key, PKCS#8 or PKCS#1, not encrypted, 2048 bits or more (RFC 7518 3.3) */
  struct slice header; /* JSON text */
  struct slice claims; /* JSON text */
};

/* Appends `header.claims.signature` to `out`. Borrows everything until it returns. About a millisecond of CPU.
 * Fails with jwt_bad_key (nothing of the key is in the message) and leaves `out` as it was. */
int jwt_sign(const struct jwt *jwt, struct buffer *out, struct error *error);
