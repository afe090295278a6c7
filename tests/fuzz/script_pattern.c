// SPDX-License-Identifier: Apache-2.0
/* Input: one byte n, n bytes of pattern, the rest is the subject. No pattern may read outside either, or not end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "script/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of exactly this size, so that the sanitizer sees one byte too far. */
static struct slice copy(const uint8_t *bytes, size_t len) {
  char *made = malloc(len ? len : 1);
  if (!made) abort();
  memcpy(made, bytes, len);
  return slice_make(made, len);
}

static void check_captures(const struct pattern *pattern) {
  for (unsigned i = 0; i < pattern->captures; i++) {
    const struct pattern_capture *capture = &pattern->capture[i];
    if (capture->start < pattern->subject || capture->start > pattern->subject_end) abort();
    if (capture->len > 0 && capture->len > pattern->subject_end - capture->start) abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  size_t pattern_len = data[0] < size ? data[0] : size - 1;
  struct slice text = copy(data + 1, pattern_len);
  struct slice subject = copy(data + 1 + pattern_len, size - 1 - pattern_len);
  struct pattern_choice choices[PATTERN_CHOICES];
  struct pattern pattern;
  pattern_open(&pattern, subject, text, choices, NULL, NULL);
  for (const char *at = subject.ptr; at <= subject.ptr + subject.len; at++) {
    const char *end;
    enum pattern_result result = pattern_match(&pattern, at, text.ptr, &end);
    if (result == PATTERN_BROKEN) break;
    if (result != PATTERN_YES) continue;
    if (end < at || end > subject.ptr + subject.len) abort();
    check_captures(&pattern);
  }
  free((void *)(uintptr_t)text.ptr);
  free((void *)(uintptr_t)subject.ptr);
  return 0;
}
