// SPDX-License-Identifier: Apache-2.0
#include "process/call.h"
#include "process/reply.h"
#include "process/worker.h"

/* What kind of body an answer has, and whether a whole one is good. */

static bool type_starts(struct slice type, const char *wanted) {
  struct slice prefix = slice_text(wanted);
  return type.len >= prefix.len && slice_equal_caseless(slice_make(type.ptr, prefix.len), prefix);
}

/* "application/json", "application/problem+json; charset=utf-8". */
static bool type_is_json(struct slice type) {
  const char *end = type.len ? memchr(type.ptr, ';', type.len) : NULL;
  if (end) type.len = (size_t)(end - type.ptr);
  type = slice_trim(type);
  return type_starts(type, "application/json") ||
         (type.len > 5 && slice_equal_caseless(slice_from(type, type.len - 5), SLICE_LITERAL("+json")));
}

/* Sound and what was heard come in many forms; every other surface is answered with JSON or events. */
static bool has_many_forms(const struct reply *reply) {
  static const char *const endpoints[] = {"speech", "transcriptions", "translations"};
  struct slice endpoint = slice_text(reply->call->route->endpoint);
  for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
    if (slice_equal(endpoint, slice_text(endpoints[i]))) return true;
  }
  return false;
}

static bool is_encoded(const struct reply *reply) {
  struct slice encoding = reply_field(reply, SLICE_LITERAL("content-encoding"));
  return encoding.len > 0 && !slice_equal_caseless(encoding, SLICE_LITERAL("identity"));
}

/* What is compressed can neither be read nor passed on: it is collected like a whole answer, and refused. */
void reply_form_choose(struct reply *reply) {
  struct slice type = reply_field(reply, SLICE_LITERAL("content-type"));
  bool own = reply->answer == REPLY_ANSWER_OWN;
  if (reply->response->status / 100 != 2 || is_encoded(reply)) return;
  reply->streams = (reply->wants_stream || own) && framing_has_type(reply->framing, type);
  bool bytes = type.len > 0 && !type_is_json(type) && !type_starts(type, "text/");
  reply->verbatim = own && !reply->streams && bytes && has_many_forms(reply);
}

static int encoding_check(struct reply *reply) {
  if (!is_encoded(reply)) return 0;
  return error_set(&reply->error, 502, "upstream_encoded", "The upstream compressed its answer although nobody asked.");
}

/* Where it is not told by the surface, the type tells; without a type an answer is taken for JSON. */
static bool must_be_json(const struct reply *reply) {
  struct slice type = reply_field(reply, SLICE_LITERAL("content-type"));
  if (reply->answer != REPLY_ANSWER_OWN) return reply->answer == REPLY_ANSWER_JSON;
  return !has_many_forms(reply) || type.len == 0 || type_is_json(type);
}

int reply_whole_check(struct reply *reply) {
  struct json_fault fault;
  if (reply->response->status / 100 != 2) return 0;
  if (encoding_check(reply) < 0) return -1;
  if (!must_be_json(reply)) return 0;
  struct json_limits limits = json_limits_default;
  limits.tokens = 4000000; /* embeddings and logprobs are long; the body limit bounds them */
  if (json_index_build(buffer_slice(&reply->inbox), &limits, exchange_arena(reply->call->exchange), &reply->index,
                       &fault) < 0) {
    return error_set(&reply->error, 502, "upstream_not_json",
                     "The upstream's answer is not a JSON object: %s at byte %zu.", fault.reason, fault.offset);
  }
  usage_read(&reply->index, &reply->usage);
  if (reply->answer == REPLY_ANSWER_OWN) usage_gemini_read(&reply->index, &reply->usage);
  return 0;
}
