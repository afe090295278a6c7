// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Base64 of RFC 4648, standard alphabet. Writes into memory of the caller, sized with the two functions below. */

/* Most bytes that `len` characters can stand for. */
static inline size_t base64_decoded_max(size_t len) {
  return len / 4 * 3 + 3;
}

/* Characters for `len` bytes, padding included. `len` must be below SIZE_MAX / 2. */
static inline size_t base64_encoded_size(size_t len) {
  return (len + 2) / 3 * 4;
}

/* Writes the bytes that `text` stands for and how many. Padding may be missing. False when a character is not of the
 * alphabet or the length cannot be: then nothing in `out` counts. */
bool base64_decode(struct slice text, unsigned char *out, size_t *len);

/* Writes base64_encoded_size(bytes.len) characters, no NUL. */
void base64_encode(struct slice bytes, char *out);
