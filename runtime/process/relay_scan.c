// SPDX-License-Identifier: Apache-2.0
#include "process/relay_scan.h"

#include "codec/content.h"
#include "process/call.h"

/* What a stream in the client's own format, which is not chat's, says of its end, its errors and its usage. The bytes
 * go through as they are. */

enum relay_format relay_format_of(const struct reply *reply) {
  if (reply->verbatim) return RELAY_BYTES;
  if (reply->answer != REPLY_ANSWER_OWN) return RELAY_CHAT;
  switch (reply->call->route->shape) {
    case SHAPE_ANTHROPIC:
      return RELAY_ANTHROPIC;
    case SHAPE_GEMINI:
      return RELAY_GEMINI;
    case SHAPE_RESPONSES:
      return RELAY_RESPONSES;
    case SHAPE_OPENAI:
      break;
  }
  bool chunks = slice_equal(slice_text(reply->call->route->endpoint), SLICE_LITERAL("completions"));
  return chunks ? RELAY_CHAT : RELAY_EVENTS;
}

static bool holds(struct slice data, struct slice word) {
  return data.len >= word.len && memmem(data.ptr, data.len, word.ptr, word.len);
}

static bool member_find(struct slice object, const char *name, struct slice *value) {
  struct json_step step = {slice_text(name), -1};
  return json_find(object, &step, 1, value);
}

/* What is not valid JSON says nothing. */
static bool is_object(struct slice data) {
  struct json_fault fault;
  data = slice_trim(data);
  return data.len > 0 && data.ptr[0] == '{' && json_validate(data, &json_limits_lenient, &fault) == 0;
}

/* The usage in an object, or in the object that is its member `inside`. */
static void usage_take(struct reply *reply, struct slice object, const char *inside) {
  struct arena arena = {0};
  struct json_index index;
  struct json_fault fault;
  if (inside && !member_find(object, inside, &object)) return;
  if (json_index_build(object, &json_limits_lenient, &arena, &index, &fault) == 0) {
    usage_read(&index, &reply->usage);
    usage_gemini_read(&index, &reply->usage);
  }
  arena_free(&arena);
}

/* Its `event:` line, else its member "type", else "". */
static struct slice kind_of(const struct sse_event *event) {
  struct slice type, plain;
  if (event->name.len > 0) return event->name;
  bool told = is_object(event->data) && member_find(event->data, "type", &type);
  return told && json_type_of(type) == JSON_STRING && json_string_plain(type, &plain) ? plain : (struct slice){0};
}

static bool is_kind(struct slice kind, const char *name) {
  return slice_equal(kind, slice_text(name));
}

/* An error by its kind, or one in no shape of this API that clients take for one all the same. */
static bool is_error(struct slice kind, struct slice data) {
  struct slice error;
  if (kind.len > 0) return is_kind(kind, "error");
  return holds(data, SLICE_LITERAL("\"error\"")) && is_object(data) && member_find(data, "error", &error) &&
         json_type_of(error) != JSON_NULL;
}

/* ---- one format after the other ---- */

static void anthropic_scan(struct reply *reply, const struct sse_event *event) {
  struct slice kind = kind_of(event);
  bool counts = holds(event->data, SLICE_LITERAL("\"usage\"")) && is_object(event->data);
  if (is_kind(kind, "message_start") && counts) usage_take(reply, event->data, "message");
  if (is_kind(kind, "message_delta") && counts) usage_take(reply, event->data, NULL);
  if (is_kind(kind, "message_stop")) reply->saw_finish = true;
  if (is_error(kind, event->data)) reply->saw_error = true;
}

static void responses_scan(struct reply *reply, const struct sse_event *event) {
  struct slice kind = kind_of(event);
  bool failed = is_kind(kind, "response.failed");
  bool over = failed || is_kind(kind, "response.completed") || is_kind(kind, "response.incomplete");
  if (over && is_object(event->data)) usage_take(reply, event->data, "response");
  if (over) reply->saw_finish = true;
  if (failed || is_error(kind, event->data)) reply->saw_error = true;
}

static bool blocks_prompt(struct slice data) {
  struct json_step steps[2] = {{SLICE_LITERAL("promptFeedback"), -1}, {SLICE_LITERAL("blockReason"), -1}};
  struct slice value;
  return json_find(data, steps, 2, &value) && json_type_of(value) == JSON_STRING;
}

static void gemini_scan(struct reply *reply, const struct sse_event *event) {
  struct slice error;
  if (!is_object(event->data)) return;
  usage_take(reply, event->data, NULL);
  if (holds(event->data, SLICE_LITERAL("\"finishReason\""))) reply->saw_finish = true;
  if (holds(event->data, SLICE_LITERAL("\"promptFeedback\"")) && blocks_prompt(event->data)) reply->saw_finish = true;
  bool has_error = holds(event->data, SLICE_LITERAL("\"error\"")) && member_find(event->data, "error", &error);
  if (has_error && json_type_of(error) == JSON_OBJECT) reply->saw_error = true;
}

/* Events of OpenAI's other surfaces: images, speech, transcriptions. */
static void events_scan(struct reply *reply, const struct sse_event *event) {
  struct slice error;
  if (is_kind(event->name, "error")) reply->saw_error = true;
  bool counts = holds(event->data, SLICE_LITERAL("\"usage\"")), blames = holds(event->data, SLICE_LITERAL("\"error\""));
  if ((!counts && !blames) || !is_object(event->data)) return;
  if (counts) usage_take(reply, event->data, NULL);
  if (blames && member_find(event->data, "error", &error) && json_type_of(error) == JSON_OBJECT)
    reply->saw_error = true;
}

void relay_scan(struct reply *reply, const struct sse_event *event) {
  if (!event->has_data) return;
  switch (reply->options.format) {
    case RELAY_ANTHROPIC:
      return anthropic_scan(reply, event);
    case RELAY_RESPONSES:
      return responses_scan(reply, event);
    case RELAY_GEMINI:
      return gemini_scan(reply, event);
    case RELAY_EVENTS:
      return events_scan(reply, event);
    case RELAY_CHAT:
    case RELAY_BYTES:
      break;
  }
}

/* What a dialect translates is held by the script once more: its events seldom look like chat's chunks. */
bool relay_scan_silent(const struct reply *reply, struct slice name, struct slice data) {
  if (is_kind(name, "error")) return false;
  switch (relay_format_of(reply)) {
    case RELAY_CHAT:
      return content_chat_silent(data);
    case RELAY_ANTHROPIC:
      return content_messages_silent(name, data);
    case RELAY_RESPONSES:
      return content_responses_silent(name, data);
    case RELAY_GEMINI:
      return content_gemini_silent(data);
    case RELAY_EVENTS:
    case RELAY_BYTES:
      break;
  }
  return false;
}

bool relay_scan_complete(const struct reply *reply) {
  bool marked = reply->options.format != RELAY_EVENTS && reply->options.format != RELAY_BYTES;
  return marked ? reply->saw_finish : !reply->error.code;
}

bool relay_scan_over(const struct reply *reply) {
  return reply->saw_finish && (reply->options.format == RELAY_ANTHROPIC || reply->options.format == RELAY_RESPONSES);
}
