// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"
#include "process/record_take.h"
#include "process/shape.h"
#include "process/worker.h"

/* On every answer (gateway-api 1.1): what a browser may do with it is nothing. The dashboard's pages will say their
 * own. */
static const struct slice security_fields = SLICE_LITERAL(
    "\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: "
    "strict-origin-when-cross-origin\r\nPermissions-Policy: camera=(), microphone=(), geolocation=()\r\n"
    "Content-Security-Policy: default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src "
    "'self'\r\n");

static struct call_field *own_field(const struct call *call, struct slice name) {
  struct call_field *field = call->fields;
  while (field && !slice_equal_caseless(field->name, name)) field = field->next;
  return field;
}

static bool gateways_own(struct slice name) {
  static const char *const names[] = {"connection", "content-length",    "content-type", "date",    "keep-alive",  "te",
                                      "trailer",    "transfer-encoding", "server",       "upgrade", "x-request-id"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (slice_equal_caseless(name, slice_text(names[i]))) return true;
  }
  return false;
}

bool call_field_taken(const struct call *call, struct slice name) {
  return own_field(call, name) != NULL;
}

bool call_field_set(struct call *call, struct slice name, struct slice value) {
  if (gateways_own(name)) return false;
  struct arena *arena = exchange_arena(call->exchange);
  struct call_field *field = own_field(call, name);
  if (!field) {
    field = arena_alloc(arena, sizeof *field);
    *field = (struct call_field){.next = call->fields, .name = arena_copy(arena, name)};
    call->fields = field;
  }
  field->value = arena_copy(arena, value);
  return true;
}

static void field_append(struct buffer *out, struct slice name, struct slice value) {
  buffer_append_slice(out, name);
  buffer_append(out, ": ", 2);
  buffer_append_slice(out, value);
  buffer_append(out, "\r\n", 2);
}

/* The prepared lines but those whose place own fields take. */
static void others_append(const struct call *call, struct slice fields, struct buffer *out) {
  while (fields.len > 0) {
    const char *end = memchr(fields.ptr, '\n', fields.len), *colon = memchr(fields.ptr, ':', fields.len);
    struct slice line = {fields.ptr, end ? (size_t)(end - fields.ptr) + 1 : fields.len};
    struct slice name = {fields.ptr, colon ? (size_t)(colon - fields.ptr) : 0};
    if (!own_field(call, name)) buffer_append_slice(out, line);
    fields = slice_from(fields, line.len);
  }
}

void call_fields(const struct call *call, struct buffer *out) {
  buffer_append(out, "X-Request-ID: ", 14);
  buffer_append(out, call->trace_id, 32);
  buffer_append_slice(out, security_fields);
  if (call->shape == SHAPE_ANTHROPIC) {
    buffer_append(out, "request-id: req_", 16);
    buffer_append(out, call->trace_id, 32);
    buffer_append(out, "\r\n", 2);
  }
  if (call->notes.provider.len > 0 && call->stream != CALL_STREAM_BEGUN) { /* who will answer is not known there */
    field_append(out, SLICE_LITERAL("X-Gateway-Provider"), call->notes.provider);
  }
  for (const struct call_field *field = call->fields; field; field = field->next) {
    field_append(out, field->name, field->value);
  }
}

struct slice call_fields_compose(struct call *call, struct slice content_type, struct slice fields,
                                 struct slice others) {
  struct buffer *out = &call->worker->scratch;
  buffer_clear(out);
  if (content_type.len > 0) {
    buffer_append(out, "Content-Type: ", 14);
    buffer_append_slice(out, content_type);
    buffer_append(out, "\r\n", 2);
  }
  call_fields(call, out);
  if (call->fields) {
    others_append(call, fields, out);
    others_append(call, others, out);
  } else {
    buffer_append_slice(out, fields);
    buffer_append_slice(out, others);
  }
  return buffer_slice(out);
}

void call_respond(struct call *call, int status, struct slice content_type, struct slice fields,
                  const struct slice *body, unsigned body_count) {
  struct slice composed = call_fields_compose(call, content_type, fields, (struct slice){0});
  record_answer(call, status, composed);
  for (unsigned i = 0; i < body_count; i++) record_answer_piece(call, body[i]);
  exchange_respond(call->exchange, status, NULL, 0, composed, body, body_count);
}

void call_refuse(struct call *call, const struct call_problem *problem) {
  struct buffer body = {0};
  call->notes.code = arena_copy(exchange_arena(call->exchange), problem->code);
  if (call->stream == CALL_STREAM_BEGUN) return call_stream_break(call, problem);
  shape_body(call->shape, problem, call->trace_id, &body);
  struct slice piece = buffer_slice(&body);
  call_respond(call, shape_status(call->shape, problem), SLICE_LITERAL("application/json"), problem->fields, &piece, 1);
  buffer_free(&body);
}

int call_refuse_text(struct call *call, int status, const char *type, const char *code, const char *message) {
  call_refuse(
      call, &(struct call_problem){
                .status = status, .message = slice_text(message), .type = slice_text(type), .code = slice_text(code)});
  return -1;
}
