// SPDX-License-Identifier: Apache-2.0
#include "codec/chunked.h"

#include "codec/field.h"

const struct chunked_limits chunked_limits_default = {
    .chunks = 65536, .extension = 256, .extensions_sum = 16384, .trailers = 8192, .trailer_fields = 32};

enum {
  SIZE_DIGITS_MAX = 8,
};

/* Which byte comes next. Names say what was just seen. */
enum chunked_state {
  STATE_SIZE,            /* digits of a chunk's size */
  STATE_EXTENSION_START, /* a semicolon: a name must follow */
  STATE_EXTENSION_NAME,
  STATE_EXTENSION_EQUALS, /* a value must follow */
  STATE_EXTENSION_TOKEN,
  STATE_EXTENSION_QUOTED,
  STATE_EXTENSION_ESCAPE, /* a backslash inside quotes */
  STATE_EXTENSION_UNQUOTED,
  STATE_SIZE_CR,
  STATE_DATA,
  STATE_DATA_END, /* all bytes of a chunk */
  STATE_DATA_CR,
  STATE_TRAILER_START, /* the last chunk's line or a trailer's */
  STATE_TRAILER_NAME,
  STATE_TRAILER_VALUE,
  STATE_TRAILER_CR,
  STATE_LAST_CR,
  STATE_END,
  STATE_BAD,
};

void chunked_init(struct chunked *chunked) {
  *chunked = (struct chunked){.state = STATE_SIZE};
}

static bool is_printable(unsigned char c) {
  return c >= 0x20 && c <= 0x7e;
}

static int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  unsigned char lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Behind a whole extension: the next one or the line's end. */
static enum chunked_state extension_next(unsigned char c, enum chunked_state otherwise) {
  if (c == ';') return STATE_EXTENSION_START;
  return c == '\r' ? STATE_SIZE_CR : otherwise;
}

static enum chunked_state size_step(struct chunked *chunked, unsigned char c) {
  int digit = hex_digit(c);
  if (digit >= 0) {
    if (++chunked->digits > SIZE_DIGITS_MAX) return STATE_BAD;
    chunked->left = chunked->left << 4 | (unsigned)digit;
    return STATE_SIZE;
  }
  chunked->extension = 0;
  return chunked->digits > 0 ? extension_next(c, STATE_BAD) : STATE_BAD;
}

static enum chunked_state extension_state(enum chunked_state state, unsigned char c) {
  switch (state) {
    case STATE_EXTENSION_START:
      return field_is_tchar(c) ? STATE_EXTENSION_NAME : STATE_BAD;
    case STATE_EXTENSION_NAME:
      if (c == '=') return STATE_EXTENSION_EQUALS;
      return field_is_tchar(c) ? STATE_EXTENSION_NAME : extension_next(c, STATE_BAD);
    case STATE_EXTENSION_EQUALS:
      if (c == '"') return STATE_EXTENSION_QUOTED;
      return field_is_tchar(c) ? STATE_EXTENSION_TOKEN : STATE_BAD;
    case STATE_EXTENSION_TOKEN:
      return field_is_tchar(c) ? STATE_EXTENSION_TOKEN : extension_next(c, STATE_BAD);
    case STATE_EXTENSION_QUOTED:
      if (c == '"') return STATE_EXTENSION_UNQUOTED;
      if (c == '\\') return STATE_EXTENSION_ESCAPE;
      return is_printable(c) ? STATE_EXTENSION_QUOTED : STATE_BAD;
    case STATE_EXTENSION_ESCAPE:
      return is_printable(c) ? STATE_EXTENSION_QUOTED : STATE_BAD;
    default:
      return extension_next(c, STATE_BAD);
  }
}

static enum chunked_state extension_step(struct chunked *chunked, const struct chunked_limits *limits,
                                         unsigned char c) {
  enum chunked_state next = extension_state(chunked->state, c);
  if (next == STATE_SIZE_CR) return next;
  if (++chunked->extension > limits->extension) return STATE_BAD;
  if (++chunked->extensions_sum > limits->extensions_sum) return STATE_BAD;
  return next;
}

static enum chunked_state size_done(struct chunked *chunked, const struct chunked_limits *limits, unsigned char c) {
  if (c != '\n') return STATE_BAD;
  chunked->digits = 0;
  if (chunked->left == 0) return STATE_TRAILER_START;
  if (limits->chunks > 0 && ++chunked->chunks > limits->chunks) return STATE_BAD;
  return STATE_DATA;
}

static enum chunked_state trailer_state(enum chunked_state state, unsigned char c) {
  switch (state) {
    case STATE_TRAILER_START:
      return field_is_tchar(c) ? STATE_TRAILER_NAME : STATE_BAD;
    case STATE_TRAILER_NAME:
      if (c == ':') return STATE_TRAILER_VALUE;
      return field_is_tchar(c) ? STATE_TRAILER_NAME : STATE_BAD;
    case STATE_TRAILER_VALUE:
      if (c == '\r') return STATE_TRAILER_CR;
      return c == '\t' || (c >= 0x20 && c != 0x7f) ? STATE_TRAILER_VALUE : STATE_BAD;
    default:
      return c == '\n' ? STATE_TRAILER_START : STATE_BAD;
  }
}

static enum chunked_state trailer_step(struct chunked *chunked, const struct chunked_limits *limits, unsigned char c) {
  if (chunked->state == STATE_TRAILER_START) {
    if (c == '\r') return STATE_LAST_CR;
    if (++chunked->trailer_fields > limits->trailer_fields) return STATE_BAD;
  }
  if (++chunked->trailers > limits->trailers) return STATE_BAD;
  return trailer_state(chunked->state, c);
}

static enum chunked_state byte_step(struct chunked *chunked, const struct chunked_limits *limits, unsigned char c) {
  switch ((enum chunked_state)chunked->state) {
    case STATE_SIZE:
      return size_step(chunked, c);
    case STATE_EXTENSION_START:
    case STATE_EXTENSION_NAME:
    case STATE_EXTENSION_EQUALS:
    case STATE_EXTENSION_TOKEN:
    case STATE_EXTENSION_QUOTED:
    case STATE_EXTENSION_ESCAPE:
    case STATE_EXTENSION_UNQUOTED:
      return extension_step(chunked, limits, c);
    case STATE_SIZE_CR:
      return size_done(chunked, limits, c);
    case STATE_DATA_END:
      return c == '\r' ? STATE_DATA_CR : STATE_BAD;
    case STATE_DATA_CR:
      return c == '\n' ? STATE_SIZE : STATE_BAD;
    case STATE_TRAILER_START:
    case STATE_TRAILER_NAME:
    case STATE_TRAILER_VALUE:
    case STATE_TRAILER_CR:
      return trailer_step(chunked, limits, c);
    case STATE_LAST_CR:
      return c == '\n' ? STATE_END : STATE_BAD;
    default:
      return STATE_BAD;
  }
}

static void data_take(struct chunked *chunked, struct slice *input, struct slice *data) {
  size_t len = chunked->left < input->len ? (size_t)chunked->left : input->len;
  *data = slice_make(input->ptr, len);
  *input = slice_from(*input, len);
  chunked->left -= len;
  if (chunked->left == 0) chunked->state = STATE_DATA_END;
}

enum chunked_result chunked_next(struct chunked *chunked, const struct chunked_limits *limits, struct slice *input,
                                 struct slice *data) {
  for (;;) {
    if (chunked->state == STATE_END) return CHUNKED_END;
    if (chunked->state == STATE_BAD) return CHUNKED_BAD;
    if (input->len == 0) return CHUNKED_NEED_MORE;
    if (chunked->state == STATE_DATA) {
      data_take(chunked, input, data);
      return CHUNKED_DATA;
    }
    chunked->state = byte_step(chunked, limits, (unsigned char)input->ptr[0]);
    *input = slice_from(*input, 1);
  }
}
