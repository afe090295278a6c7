// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <stdint.h>

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character, or 64. */
static unsigned value_of(unsigned char character) {
  if (character >= 'A' && character <= 'Z') return character - 'A';
  if (character >= 'a' && character <= 'z') return character - 'a' + 26U;
  if (character >= '0' && character <= '9') return character - '0' + 52U;
  if (character == '+') return 62;
  return character == '/' ? 63 : 64;
}

/* Gathers `count` characters into the upper bits of 24; false when one is not of the alphabet. */
static bool gather(const char *text, size_t count, uint32_t *bits) {
  *bits = 0;
  for (size_t i = 0; i < count; i++) {
    unsigned value = value_of((unsigned char)text[i]);
    if (value == 64) return false;
    *bits |= (uint32_t)value << (18 - 6 * i);
  }
  return true;
}

static size_t scatter(uint32_t bits, size_t count, unsigned char *out) {
  for (size_t i = 0; i < count; i++) out[i] = (unsigned char)(bits >> (16 - 8 * i));
  return count;
}

/* `text` without its padding; false when there is padding that cannot be. */
static bool unpad(struct slice *text) {
  size_t padding = 0;
  while (padding < 2 && text->len > padding && text->ptr[text->len - 1 - padding] == '=') padding++;
  if (padding > 0 && text->len % 4 != 0) return false;
  text->len -= padding;
  return true;
}

bool base64_decode(struct slice text, unsigned char *out, size_t *len) {
  *len = 0;
  if (!unpad(&text) || text.len % 4 == 1) return false;
  for (size_t at = 0; at < text.len; at += 4) {
    size_t count = text.len - at < 4 ? text.len - at : 4;
    uint32_t bits;
    if (!gather(text.ptr + at, count, &bits)) return false;
    *len += scatter(bits, count - 1, out + *len);
  }
  return true;
}

/* Characters for the last one or two bytes. */
static void encode_rest(const unsigned char *bytes, size_t count, char *out) {
  uint32_t bits = (uint32_t)bytes[0] << 16 | (count == 2 ? (uint32_t)bytes[1] << 8 : 0);
  out[0] = alphabet[bits >> 18];
  out[1] = alphabet[bits >> 12 & 63];
  out[2] = count == 2 ? alphabet[bits >> 6 & 63] : '=';
  out[3] = '=';
}

void base64_encode(struct slice bytes, char *out) {
  const unsigned char *at = (const unsigned char *)bytes.ptr;
  size_t left = bytes.len;
  for (; left >= 3; left -= 3, at += 3, out += 4) {
    uint32_t bits = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
    for (unsigned i = 0; i < 4; i++) out[i] = alphabet[bits >> (18 - 6 * i) & 63];
  }
  if (left > 0) encode_rest(at, left, out);
}
