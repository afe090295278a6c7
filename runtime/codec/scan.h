// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Finding the next byte that matters, a block at a time: 16 bytes with SSE2, else 8 in a word. Private to this room.
 * Each block function answers which bytes of its block stop the scan: a bit each with SSE2, else zero or not zero. */

#ifdef __SSE2__

enum { SCAN_BLOCK = 16 };
typedef __m128i scan_block;

static inline scan_block scan_load(const char *p) {
  return _mm_loadu_si128((const __m128i *)(const void *)p);
}

static inline unsigned scan_is_byte(scan_block block, char wanted) {
  return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(wanted)));
}

static inline unsigned scan_is_either(scan_block block, char a, char b) {
  __m128i hits = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8(a)), _mm_cmpeq_epi8(block, _mm_set1_epi8(b)));
  return (unsigned)_mm_movemask_epi8(hits);
}

/* Signed comparison: below 0x20 are the control characters and, being negative, everything that is not ASCII. */
static inline unsigned scan_is_string_stop(scan_block block) {
  __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(block, _mm_set1_epi8('"')), _mm_cmpeq_epi8(block, _mm_set1_epi8('\\')));
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(marks, _mm_cmplt_epi8(block, _mm_set1_epi8(0x20))));
}

static inline unsigned scan_is_control(scan_block block) {
  __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  return (unsigned)_mm_movemask_epi8(_mm_or_si128(low, _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f))));
}

static inline unsigned scan_is_beyond_ascii(scan_block block) {
  return (unsigned)_mm_movemask_epi8(block);
}

#define SCAN_STOP(p, hits) return (p) + __builtin_ctz(hits)

#else

enum { SCAN_BLOCK = 8 };
typedef uint64_t scan_block;

#define SCAN_ONES 0x0101010101010101ULL
#define SCAN_HIGHS 0x8080808080808080ULL

static inline scan_block scan_load(const char *p) {
  uint64_t word;
  memcpy(&word, p, sizeof word);
  return word;
}

static inline uint64_t scan_is_byte(scan_block block, char wanted) {
  uint64_t x = block ^ (SCAN_ONES * (unsigned char)wanted);
  return (x - SCAN_ONES) & ~x & SCAN_HIGHS;
}

static inline uint64_t scan_is_either(scan_block block, char a, char b) {
  return scan_is_byte(block, a) | scan_is_byte(block, b);
}

static inline uint64_t scan_is_low(scan_block block) {
  return (block - SCAN_ONES * 0x20) & ~block & SCAN_HIGHS;
}

static inline uint64_t scan_is_string_stop(scan_block block) {
  return scan_is_either(block, '"', '\\') | scan_is_low(block) | (block & SCAN_HIGHS);
}

static inline uint64_t scan_is_control(scan_block block) {
  return scan_is_low(block) | scan_is_byte(block, 0x7f);
}

static inline uint64_t scan_is_beyond_ascii(scan_block block) {
  return block & SCAN_HIGHS;
}

/* A word only says that one of its bytes stops the scan (and which differs by byte order): look at each. */
#define SCAN_STOP(p, hits) break

#endif

/* The first `a` or `b` in [p, end), else `end`. */
static inline const char *scan_either(const char *p, const char *end, char a, char b) {
  for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
    __auto_type hits = scan_is_either(scan_load(p), a, b);
    if (hits) SCAN_STOP(p, hits);
  }
  while (p < end && *p != a && *p != b) p++;
  return p;
}

/* The first `a` with a `b` behind it in [p, end), else `end`. */
static inline const char *scan_pair(const char *p, const char *end, char a, char b) {
  for (; end - p > SCAN_BLOCK; p += SCAN_BLOCK) {
    __auto_type hits = scan_is_byte(scan_load(p), a) & scan_is_byte(scan_load(p + 1), b);
    if (hits) SCAN_STOP(p, hits);
  }
  for (; end - p > 1; p++) {
    if (p[0] == a && p[1] == b) return p;
  }
  return end;
}

/* The first byte that is not plain inside a JSON string: a quote, a backslash, a control character, not ASCII. */
static inline const char *scan_string_stop(const char *p, const char *end) {
  for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
    __auto_type hits = scan_is_string_stop(scan_load(p));
    if (hits) SCAN_STOP(p, hits);
  }
  while (p < end && (signed char)*p >= 0x20 && *p != '"' && *p != '\\') p++;
  return p;
}

/* The first control character (0x00-0x1f, 0x7f). */
static inline const char *scan_control(const char *p, const char *end) {
  for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
    __auto_type hits = scan_is_control(scan_load(p));
    if (hits) SCAN_STOP(p, hits);
  }
  while (p < end && (unsigned char)*p >= 0x20 && *p != 0x7f) p++;
  return p;
}

/* The first byte that is not ASCII. */
static inline const char *scan_beyond_ascii(const char *p, const char *end) {
  for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
    __auto_type hits = scan_is_beyond_ascii(scan_load(p));
    if (hits) SCAN_STOP(p, hits);
  }
  while (p < end && (signed char)*p >= 0) p++;
  return p;
}
