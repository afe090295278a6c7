// SPDX-License-Identifier: Apache-2.0
#include "codec/eventstream.h"

#include "codec/crc32.h"

enum {
  PRELUDE = 12,
  CHECKSUM = 4,
  MESSAGE_MIN = PRELUDE + CHECKSUM,
  HEADERS_MAX = 128 * 1024,       /* the format's own limits */
  PAYLOAD_MAX = 24 * 1024 * 1024, /* (the AWS event stream specification) */
  HELD_KEEP = 4096,               /* a held buffer above this is given back after its message */
};

void eventstream_init(struct eventstream *stream, size_t limit) {
  *stream = (struct eventstream){.limit = limit};
}

void eventstream_feed(struct eventstream *stream, struct slice bytes) {
  stream->input = bytes;
}

bool eventstream_at_boundary(const struct eventstream *stream) {
  bool holds = stream->held.len > 0 && !stream->given;
  return !holds && stream->input.len == 0 && !stream->too_large && !stream->corrupt;
}

void eventstream_free(struct eventstream *stream) {
  buffer_free(&stream->held);
  buffer_free(&stream->name);
}

/* ---- headers ---- */

static size_t number16(const char *p) {
  const unsigned char *bytes = (const unsigned char *)p;
  return (size_t)bytes[0] << 8 | bytes[1];
}

static uint32_t number32(const char *p) {
  return (uint32_t)number16(p) << 16 | (uint32_t)number16(p + 2);
}

/* Takes `count` bytes off the front; false when they are not there. */
static bool take(struct slice *from, size_t count, struct slice *out) {
  if (from->len < count) return false;
  *out = slice_make(from->ptr, count);
  *from = slice_from(*from, count);
  return true;
}

/* How many bytes a value of this type has; -1: no such type. For bytes and strings its length stands in front. */
static int value_size(unsigned char type, struct slice *headers) {
  static const signed char sizes[] = {0, 0, 1, 2, 4, 8, -2, -2, 8, 16};
  struct slice length;
  if (type >= sizeof sizes) return -1;
  if (sizes[type] >= 0) return sizes[type];
  return take(headers, 2, &length) ? (int)number16(length.ptr) : -1;
}

int eventstream_header_next(struct slice *headers, struct eventstream_header *header) {
  struct slice length, type;
  if (headers->len == 0) return 0;
  if (!take(headers, 1, &length) || length.ptr[0] == 0) return -1;
  if (!take(headers, (unsigned char)length.ptr[0], &header->name) || !take(headers, 1, &type)) return -1;
  int size = value_size((unsigned char)type.ptr[0], headers);
  header->type = (enum eventstream_type)type.ptr[0];
  return size >= 0 && take(headers, (size_t)size, &header->value) ? 1 : -1;
}

/* What of a message's headers says what it is. */
struct marks {
  struct slice message, event, exception, error_code, error_message;
};

static int marks_read(struct slice headers, struct marks *marks) {
  const struct {
    struct slice name;
    struct slice *value;
  } wanted[] = {
      {SLICE_LITERAL(":message-type"), &marks->message},        {SLICE_LITERAL(":event-type"), &marks->event},
      {SLICE_LITERAL(":exception-type"), &marks->exception},    {SLICE_LITERAL(":error-code"), &marks->error_code},
      {SLICE_LITERAL(":error-message"), &marks->error_message},
  };
  struct eventstream_header header;
  int found;
  while ((found = eventstream_header_next(&headers, &header)) > 0) {
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
      bool same = header.type == EVENTSTREAM_STRING && slice_equal(header.name, wanted[i].name);
      if (same) *wanted[i].value = header.value;
    }
  }
  return found;
}

static struct slice prefixed(struct eventstream *stream, struct slice prefix, struct slice name) {
  buffer_clear(&stream->name);
  buffer_append_slice(&stream->name, prefix);
  buffer_append_slice(&stream->name, name);
  return buffer_slice(&stream->name);
}

static void event_name(struct eventstream *stream, const struct marks *marks, struct eventstream_event *event) {
  if (slice_equal(marks->message, SLICE_LITERAL("exception"))) {
    event->name = prefixed(stream, SLICE_LITERAL("exception."), marks->exception);
  } else if (slice_equal(marks->message, SLICE_LITERAL("error"))) {
    event->name = prefixed(stream, SLICE_LITERAL("error."), marks->error_code);
    if (event->data.len == 0) event->data = marks->error_message;
  } else {
    event->name = marks->event;
  }
}

/* ---- messages ---- */

static enum eventstream_result corrupt(struct eventstream *stream) {
  stream->corrupt = true;
  return EVENTSTREAM_CORRUPT;
}

/* The lengths are believed once their checksum is right. */
static enum eventstream_result prelude_check(struct eventstream *stream, const char *prelude, size_t *total) {
  *total = number32(prelude);
  size_t headers = number32(prelude + 4);
  if (crc32_of(slice_make(prelude, 8)) != number32(prelude + 8)) return corrupt(stream);
  if (*total < MESSAGE_MIN || headers > *total - MESSAGE_MIN || headers > HEADERS_MAX) return corrupt(stream);
  if (*total <= stream->limit && *total - headers - MESSAGE_MIN <= PAYLOAD_MAX) return EVENTSTREAM_EVENT;
  stream->too_large = true;
  return EVENTSTREAM_TOO_LARGE;
}

static enum eventstream_result message_read(struct eventstream *stream, struct slice raw,
                                            struct eventstream_event *event) {
  struct marks marks = {0};
  size_t headers = number32(raw.ptr + 4), checked = raw.len - CHECKSUM;
  if (crc32_of(slice_make(raw.ptr, checked)) != number32(raw.ptr + checked)) return corrupt(stream);
  *event = (struct eventstream_event){.raw = raw, .headers = slice_make(raw.ptr + PRELUDE, headers)};
  event->data = slice_make(raw.ptr + PRELUDE + headers, checked - PRELUDE - headers);
  if (marks_read(event->headers, &marks) < 0) return corrupt(stream);
  event_name(stream, &marks, event);
  return EVENTSTREAM_EVENT;
}

static void held_drop(struct eventstream *stream) {
  if (!stream->given) return;
  stream->given = false;
  buffer_clear(&stream->held);
  if (stream->held.cap > HELD_KEEP) buffer_free(&stream->held);
}

/* Moves input behind what is held until that has `len` bytes. False when there is not enough. */
static bool held_fill(struct eventstream *stream, size_t len) {
  size_t missing = len > stream->held.len ? len - stream->held.len : 0;
  size_t count = missing < stream->input.len ? missing : stream->input.len;
  buffer_append(&stream->held, stream->input.ptr, count);
  stream->input = slice_from(stream->input, count);
  return count == missing;
}

static enum eventstream_result held_next(struct eventstream *stream, struct eventstream_event *event) {
  size_t total;
  if (!held_fill(stream, PRELUDE)) return EVENTSTREAM_NEED_MORE;
  enum eventstream_result result = prelude_check(stream, stream->held.data, &total);
  if (result != EVENTSTREAM_EVENT) return result;
  if (!held_fill(stream, total)) return EVENTSTREAM_NEED_MORE;
  stream->given = true;
  return message_read(stream, buffer_slice(&stream->held), event);
}

enum eventstream_result eventstream_next(struct eventstream *stream, struct eventstream_event *event) {
  size_t total;
  if (stream->corrupt) return EVENTSTREAM_CORRUPT;
  if (stream->too_large) return EVENTSTREAM_TOO_LARGE;
  held_drop(stream);
  if (stream->held.len > 0 || stream->input.len < PRELUDE) return held_next(stream, event);
  enum eventstream_result result = prelude_check(stream, stream->input.ptr, &total);
  if (result != EVENTSTREAM_EVENT) return result;
  if (stream->input.len < total) return held_next(stream, event);
  struct slice raw = slice_make(stream->input.ptr, total);
  stream->input = slice_from(stream->input, total);
  return message_read(stream, raw, event);
}
