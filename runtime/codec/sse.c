// SPDX-License-Identifier: Apache-2.0
#include "codec/sse.h"

#include "codec/scan.h"

/* A held buffer above this is given back after its event: memory per stream stays constant. */
enum { SSE_KEEP = 4096 };

/* What the bytes of the present block ended in. A block ends with a blank line: LF, CRLF, or CR. */
enum sse_state {
  STATE_START,    /* none yet: line ends here belong to no block */
  STATE_LINE,     /* inside a line */
  STATE_LF,       /* a line, ended by LF or CRLF */
  STATE_CR,       /* a line, ended by CR, maybe the first half of CRLF */
  STATE_BLANK_CR, /* a blank line's CR behind an LF: its LF may follow */
};

static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};

void sse_init(struct sse *sse, size_t limit) {
  *sse = (struct sse){.limit = limit};
}

void sse_free(struct sse *sse) {
  buffer_free(&sse->held);
  buffer_free(&sse->text);
}

void sse_feed(struct sse *sse, struct slice bytes) {
  sse->input = bytes;
}

bool sse_at_boundary(const struct sse *sse) {
  bool in_mark = !sse->started && sse->mark > 0;
  return sse->state == STATE_START && sse->input.len == 0 && !in_mark && !sse->too_large;
}

/* True once the stream's first bytes are known not to be a byte-order mark, or have been dropped as one. */
static bool mark_skip(struct sse *sse) {
  while (sse->mark < sizeof byte_order_mark && sse->input.len > 0) {
    if (sse->input.ptr[0] != byte_order_mark[sse->mark]) break;
    sse->mark++;
    sse->input = slice_from(sse->input, 1);
  }
  if (sse->mark < sizeof byte_order_mark && sse->input.len == 0) return false;
  if (sse->mark < sizeof byte_order_mark) buffer_append(&sse->held, byte_order_mark, sse->mark);
  if (sse->held.len > 0) sse->state = STATE_LINE;
  sse->started = true;
  return true;
}

/* Moves the state over `*p`. True when the block ended: before `*p` when `*before` says so, else behind it. */
static bool byte_step(struct sse *sse, char c, bool *before) {
  enum sse_state state = (enum sse_state)sse->state;
  *before = false;
  if (state == STATE_BLANK_CR) {
    *before = c != '\n';
    return true;
  }
  if (c == '\n') {
    if (state == STATE_LF) return true;
    sse->state = STATE_LF;
  } else if (c == '\r') {
    if (state == STATE_CR) return true;
    sse->state = state == STATE_LF ? STATE_BLANK_CR : STATE_CR;
  } else {
    sse->state = STATE_LINE;
  }
  return false;
}

/* Length of what the input adds to the present block, up to its end; -1 when the block does not end in it. */
static ptrdiff_t block_end(struct sse *sse) {
  const char *p = sse->input.ptr;
  const char *end = p + sse->input.len;
  while (p < end) {
    bool before;
    if (sse->state == STATE_LINE && (p = scan_either(p, end, '\n', '\r')) == end) break;
    if (byte_step(sse, *p, &before)) return p - sse->input.ptr + !before;
    p++;
  }
  return -1;
}

static void field_take(struct sse *sse, struct slice line, struct sse_event *event) {
  const char *colon = memchr(line.ptr, ':', line.len);
  struct slice name = colon ? slice_make(line.ptr, (size_t)(colon - line.ptr)) : line;
  struct slice value = colon ? slice_from(line, name.len + 1) : slice_make("", 0);
  if (slice_starts(value, SLICE_LITERAL(" "))) value = slice_from(value, 1);
  if (slice_equal(name, SLICE_LITERAL("event"))) event->name = value;
  if (!slice_equal(name, SLICE_LITERAL("data"))) return;
  if (!event->has_data) {
    event->data = value;
  } else {
    if (sse->text.len == 0 && !sse->joined) buffer_append_slice(&sse->text, event->data);
    sse->joined = true;
    buffer_append(&sse->text, "\n", 1);
    buffer_append_slice(&sse->text, value);
    event->data = buffer_slice(&sse->text);
  }
  event->has_data = true;
}

static void block_read(struct sse *sse, struct slice block, struct sse_event *event) {
  *event = (struct sse_event){.raw = block, .name = {"", 0}, .data = {"", 0}};
  sse->joined = false;
  buffer_clear(&sse->text);
  const char *p = block.ptr;
  const char *end = p + block.len;
  while (p < end) {
    const char *stop = scan_either(p, end, '\n', '\r');
    if (stop > p) field_take(sse, slice_make(p, (size_t)(stop - p)), event);
    p = stop + 1;
  }
}

static void held_drop(struct sse *sse) {
  buffer_clear(&sse->held);
  if (sse->held.cap > SSE_KEEP) buffer_free(&sse->held);
  if (sse->text.cap > SSE_KEEP) buffer_free(&sse->text);
}

static void blank_skip(struct sse *sse) {
  size_t blank = 0;
  while (blank < sse->input.len && (sse->input.ptr[blank] == '\n' || sse->input.ptr[blank] == '\r')) blank++;
  sse->input = slice_from(sse->input, blank);
}

static enum sse_result block_hold(struct sse *sse) {
  if (sse->input.len > sse->limit || sse->held.len > sse->limit - sse->input.len) {
    sse->too_large = true;
    return SSE_TOO_LARGE;
  }
  buffer_append_slice(&sse->held, sse->input);
  sse->input = slice_make("", 0);
  return SSE_NEED_MORE;
}

static enum sse_result block_finish(struct sse *sse, size_t len, struct sse_event *event) {
  struct slice block = slice_make(sse->input.ptr, len);
  if (len > sse->limit || sse->held.len > sse->limit - len) {
    sse->too_large = true;
    return SSE_TOO_LARGE;
  }
  if (sse->held.len > 0) {
    buffer_append_slice(&sse->held, block);
    block = buffer_slice(&sse->held);
  }
  sse->input = slice_from(sse->input, len);
  sse->state = STATE_START;
  block_read(sse, block, event);
  return SSE_EVENT;
}

enum sse_result sse_next(struct sse *sse, struct sse_event *event) {
  if (sse->too_large) return SSE_TOO_LARGE;
  if (!sse->started && !mark_skip(sse)) return SSE_NEED_MORE;
  if (sse->state == STATE_START) {
    held_drop(sse);
    blank_skip(sse);
  }
  ptrdiff_t len = block_end(sse);
  return len < 0 ? block_hold(sse) : block_finish(sse, (size_t)len, event);
}
