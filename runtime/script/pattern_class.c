// SPDX-License-Identifier: Apache-2.0
#include "script/pattern_class.h"

#include <stddef.h>

static const char *set_end(const char *at, const char *text_end, const char **problem) {
  if (at < text_end && *at == '^') at++;
  do { /* the first character counts even when it is ']' */
    if (at == text_end) break;
    if (*at++ == '%' && at < text_end) at++;
  } while (at < text_end && *at != ']');
  if (at < text_end) return at + 1;
  *problem = "malformed pattern (missing ']')";
  return NULL;
}

const char *pattern_item_end(const char *item, const char *text_end, const char **problem) {
  if (*item == '[') return set_end(item + 1, text_end, problem);
  if (*item != '%') return item + 1;
  if (item + 1 < text_end) return item + 2;
  *problem = "malformed pattern (ends with '%')";
  return NULL;
}

static bool is_lower(unsigned char byte) {
  return byte >= 'a' && byte <= 'z';
}

static bool is_upper(unsigned char byte) {
  return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(unsigned char byte) {
  return byte >= '0' && byte <= '9';
}

static bool is_alphanumeric(unsigned char byte) {
  return is_lower(byte) || is_upper(byte) || is_digit(byte);
}

static bool is_graphic(unsigned char byte) {
  return byte > ' ' && byte < 0x7f;
}

/* Membership in the class of a lower-case letter; -1 when the letter names none. */
static int class_has(unsigned char letter, unsigned char byte) {
  switch (letter) {
    case 'a':
      return is_lower(byte) || is_upper(byte);
    case 'c':
      return byte < ' ' || byte == 0x7f;
    case 'd':
      return is_digit(byte);
    case 'g':
      return is_graphic(byte);
    case 'l':
      return is_lower(byte);
    case 'p':
      return is_graphic(byte) && !is_alphanumeric(byte);
    case 's':
      return byte == ' ' || (byte >= '\t' && byte <= '\r');
    case 'u':
      return is_upper(byte);
    case 'w':
      return is_alphanumeric(byte);
    case 'x':
      return is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
    case 'z':
      return byte == 0;
    default:
      return -1;
  }
}

static bool escape_matches(unsigned char byte, unsigned char letter) {
  int has = is_lower(letter) || is_upper(letter) ? class_has(letter | 0x20, byte) : -1;
  if (has < 0) return byte == letter;
  return is_lower(letter) ? has : !has;
}

/* `at` is the first character inside the brackets, `last` the closing one. */
static bool set_has(unsigned char byte, const char *at, const char *last) {
  for (; at < last; at++) {
    if (*at == '%' && at + 1 < last) {
      if (escape_matches(byte, (unsigned char)*++at)) return true;
    } else if (last - at > 2 && at[1] == '-') {
      if ((unsigned char)at[0] <= byte && byte <= (unsigned char)at[2]) return true;
      at += 2;
    } else if ((unsigned char)*at == byte) {
      return true;
    }
  }
  return false;
}

bool pattern_item_matches(unsigned char byte, const char *item, const char *next) {
  switch (*item) {
    case '.':
      return true;
    case '%':
      return escape_matches(byte, (unsigned char)item[1]);
    case '[': {
      bool negated = item[1] == '^';
      return set_has(byte, item + 1 + negated, next - 1) != negated;
    }
    default:
      return (unsigned char)*item == byte;
  }
}
