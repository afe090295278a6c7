// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/json.h"

enum { NUMBER_PRINT_MAX = 32, NUMBER_EXACT_DIGITS = 15, DECIMAL_PLACES = 9 };

static const double integer_max = 9007199254740992.0; /* 2^53: beyond it doubles skip integers */
static const double decimal_scale = 1e9;

static bool is_integer(double value) {
  return value == floor(value) && fabs(value) <= integer_max && !(value == 0 && signbit(value));
}

/* Appends a value that at most 15 digits, nine of them decimal places, tell exactly. False when it is none. */
static bool decimal_append(struct buffer *out, double value) {
  double scaled = nearbyint(fabs(value) * decimal_scale);
  if (scaled >= 1e15 || fabs(value) < 1e-4 || scaled / decimal_scale != fabs(value)) return false;
  long long digits = (long long)scaled;
  long long whole = digits / (long long)decimal_scale, part = digits % (long long)decimal_scale;
  if (value < 0) buffer_append(out, "-", 1);
  buffer_append_decimal(out, whole);
  char places[1 + DECIMAL_PLACES] = ".";
  size_t len = sizeof places;
  for (size_t i = len; i-- > 1; part /= 10) places[i] = (char)('0' + part % 10);
  while (places[len - 1] == '0') len--;
  buffer_append(out, places, len);
  return true;
}

bool json_number_encode(struct buffer *out, double value) {
  if (!isfinite(value)) return false;
  if (is_integer(value)) {
    buffer_append_decimal(out, (long long)value);
    return true;
  }
  if (decimal_append(out, value)) return true;
  buffer_reserve(out, NUMBER_PRINT_MAX);
  char *text = out->data + out->len;
  int len = 0;
  /* The fewest digits that read back as the same value. */
  for (int digits = NUMBER_EXACT_DIGITS; digits <= 17; digits++) {
    len = snprintf(text, NUMBER_PRINT_MAX, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  out->len += (size_t)len;
  return true;
}

/* Plain notation of at most 15 digits prints as it was written: one division, correctly rounded, no trial printing. */
static bool number_short(struct slice raw, double *out) {
  static const double tens[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
  bool negative = raw.ptr[0] == '-';
  size_t at = negative;
  if (raw.len - at > NUMBER_EXACT_DIGITS + 1) return false;
  size_t point = raw.len;
  long long digits = 0;
  for (; at < raw.len; at++) {
    if (raw.ptr[at] == '.') {
      point = at + 1;
    } else if (raw.ptr[at] >= '0' && raw.ptr[at] <= '9') {
      digits = digits * 10 + (raw.ptr[at] - '0');
    } else {
      return false;
    }
  }
  size_t places = raw.len - point;
  if (places == 0 && raw.len - negative > NUMBER_EXACT_DIGITS) return false;
  double value = (double)digits / tens[places];
  *out = negative ? -value : value;
  return places == 0 || (raw.ptr[raw.len - 1] != '0' && value >= 1e-4);
}

double json_number_value(struct slice raw) {
  double value;
  if (number_short(raw, &value)) return value;
  struct buffer text = {0};
  buffer_append_slice(&text, raw);
  buffer_append(&text, "", 1);
  value = strtod(text.data, NULL);
  buffer_free(&text);
  return value;
}

bool json_number_exact(struct slice raw, double *out) {
  if (number_short(raw, out)) return true;
  double value = json_number_value(raw);
  if (!isfinite(value) || (value == floor(value) && fabs(value) > integer_max)) return false;
  struct buffer printed = {0};
  json_number_encode(&printed, value);
  bool same = slice_equal(buffer_slice(&printed), raw);
  buffer_free(&printed);
  *out = value;
  return same;
}
