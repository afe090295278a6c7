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

void reply_form_choose(struct reply *reply) {
  struct slice type = reply_field(reply, SLICE_LITERAL("content-type"));
  bool own = reply->answer == REPLY_ANSWER_OWN;
  if (reply->response->status / 100 != 2) return;
  reply->streams = (reply->wants_stream || own) && framing_has_type(reply->framing, type);
  reply->verbatim = own && !reply->streams && type.len > 0 && !type_is_json(type) && !type_starts(type, "text/");
}

static int encoding_check(struct reply *reply) {
  struct slice encoding = reply_field(reply, SLICE_LITERAL("content-encoding"));
  if (encoding.len == 0 || slice_equal_caseless(encoding, SLICE_LITERAL("identity"))) return 0;
  return error_set(&reply->error, 502, "upstream_encoded", "The upstream compressed its answer although nobody asked.");
}

/* Without a type an answer is taken for JSON. */
static bool must_be_json(const struct reply *reply) {
  struct slice type = reply_field(reply, SLICE_LITERAL("content-type"));
  if (reply->answer == REPLY_ANSWER_OWN) return type.len == 0 || type_is_json(type);
  return reply->answer == REPLY_ANSWER_JSON;
}

int reply_whole_check(struct reply *reply) {
  struct json_fault fault;
  if (reply->response->status / 100 != 2 || reply->answer == REPLY_ANSWER_ANY) return 0;
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
