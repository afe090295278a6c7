// SPDX-License-Identifier: Apache-2.0
#include "process/shape.h"

#include "codec/json.h"
#include "process/call.h"

static bool has_field(const struct http_request *request, struct slice name) {
  return field_find(request->fields, request->field_count, name) != NULL;
}

enum shape shape_of(const struct route *route, const struct http_request *request) {
  bool lists_models = route->endpoint && slice_starts(slice_text(route->endpoint), SLICE_LITERAL("model"));
  if (lists_models && has_field(request, SLICE_LITERAL("anthropic-version"))) return SHAPE_ANTHROPIC;
  return lists_models && has_field(request, SLICE_LITERAL("x-goog-api-key")) ? SHAPE_GEMINI : route->shape;
}

static void member_append(struct buffer *out, const char *name, struct slice value) {
  buffer_append_format(out, "\"%s\":", name);
  if (value.len > 0) {
    json_string_encode(out, value);
  } else {
    buffer_append(out, "null", 4);
  }
}

/* ---- OpenAI's ---- */

static void openai_append(const struct call_problem *problem, struct buffer *out) {
  buffer_append_slice(out, SLICE_LITERAL("{\"error\":{"));
  member_append(out, "message", problem->message);
  buffer_append(out, ",", 1);
  member_append(out, "type", problem->type);
  buffer_append(out, ",", 1);
  member_append(out, "param", problem->param);
  buffer_append(out, ",", 1);
  member_append(out, "code", problem->code);
  buffer_append_slice(out, SLICE_LITERAL("}}"));
}

/* ---- Anthropic's ---- */

struct kind {
  int status, own; /* own: the status its clients know it by */
  const char *type;
};

static const struct kind anthropic_kinds[] = {
    {400, 400, "invalid_request_error"},
    {401, 401, "authentication_error"},
    {402, 402, "billing_error"},
    {403, 403, "permission_error"},
    {404, 404, "not_found_error"},
    {405, 405, "invalid_request_error"},
    {413, 413, "request_too_large"},
    {422, 400, "invalid_request_error"},
    {429, 429, "rate_limit_error"},
    {503, 529, "overloaded_error"},
    {504, 504, "timeout_error"},
    {529, 529, "overloaded_error"},
    {502, 500, "api_error"},
};

static struct kind anthropic_kind(const struct call_problem *problem) {
  int status = slice_equal(problem->code, SLICE_LITERAL("insufficient_quota")) ? 402 : problem->status;
  for (size_t i = 0; i < sizeof anthropic_kinds / sizeof *anthropic_kinds; i++) {
    if (anthropic_kinds[i].status == status) return anthropic_kinds[i];
  }
  return (struct kind){status, status, status < 500 ? "invalid_request_error" : "api_error"};
}

static void anthropic_append(const struct call_problem *problem, struct buffer *out) {
  buffer_append_format(out,
                       "{\"type\":\"error\",\"error\":{\"type\":\"%s\",\"message\":", anthropic_kind(problem).type);
  json_string_encode(out, problem->message);
  buffer_append(out, "}", 1);
}

/* ---- Google's ---- */

static const char *gemini_status(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 501:
      return "UNIMPLEMENTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

static void gemini_append(const struct call_problem *problem, struct buffer *out) {
  buffer_append_format(out, "{\"error\":{\"code\":%d,\"message\":", problem->status);
  json_string_encode(out, problem->message);
  buffer_append_format(out, ",\"status\":\"%s\"}}", gemini_status(problem->status));
}

/* ---- any ---- */

int shape_status(enum shape shape, const struct call_problem *problem) {
  return shape == SHAPE_ANTHROPIC ? anthropic_kind(problem).own : problem->status;
}

void shape_body(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out) {
  switch (shape) {
    case SHAPE_ANTHROPIC:
      anthropic_append(problem, out);
      buffer_append_format(out, ",\"request_id\":\"req_%s\"}", trace_id);
      break;
    case SHAPE_GEMINI:
      gemini_append(problem, out);
      break;
    case SHAPE_OPENAI:
    case SHAPE_RESPONSES:
      openai_append(problem, out);
      break;
  }
  buffer_append(out, "\n", 1);
}

static void responses_event(const struct call_problem *problem, struct buffer *out) {
  buffer_append_slice(out, SLICE_LITERAL("event: error\ndata: {\"type\":\"error\","));
  member_append(out, "code", problem->code);
  buffer_append(out, ",", 1);
  member_append(out, "message", problem->message);
  buffer_append(out, ",", 1);
  member_append(out, "param", problem->param);
  buffer_append(out, "}", 1);
}

void shape_event(enum shape shape, const struct call_problem *problem, const char *trace_id, struct buffer *out) {
  (void)trace_id;
  switch (shape) {
    case SHAPE_ANTHROPIC:
      buffer_append_slice(out, SLICE_LITERAL("event: error\ndata: "));
      anthropic_append(problem, out);
      buffer_append(out, "}", 1);
      break;
    case SHAPE_RESPONSES:
      responses_event(problem, out);
      break;
    case SHAPE_GEMINI:
      buffer_append(out, "data: ", 6);
      gemini_append(problem, out);
      break;
    case SHAPE_OPENAI:
      buffer_append(out, "data: ", 6);
      openai_append(problem, out);
      break;
  }
  buffer_append(out, "\n\n", 2);
}

/* Google's SDKs take each line that is not empty for JSON: their clients get an empty one, which is nothing to SSE. */
struct slice shape_ping(enum shape shape) {
  switch (shape) {
    case SHAPE_ANTHROPIC:
      return SLICE_LITERAL("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    case SHAPE_GEMINI:
      return SLICE_LITERAL("\r\n");
    case SHAPE_OPENAI:
    case SHAPE_RESPONSES:
      break;
  }
  return SLICE_LITERAL(": ping\n\n");
}
