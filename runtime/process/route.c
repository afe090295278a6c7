// SPDX-License-Identifier: Apache-2.0
#include "process/route.h"

#include <stddef.h>

enum {
  READ = METHOD_GET | METHOD_HEAD,
  ANY = READ | METHOD_POST | METHOD_PUT | METHOD_PATCH | METHOD_DELETE | METHOD_OPTIONS,
  FORWARDED = ANY | BODY_STREAMS
};

static const struct route routes[] = {
    {"/v1/chat/completions", METHOD_POST, ROUTE_MODEL, "chat", SHAPE_OPENAI},
    {"/v1/completions", METHOD_POST, ROUTE_MODEL, "completions", SHAPE_OPENAI},
    {"/v1/embeddings", METHOD_POST, ROUTE_MODEL, "embeddings", SHAPE_OPENAI},
    {"/v1/responses", METHOD_POST, ROUTE_MODEL, "responses", SHAPE_RESPONSES},
    {"/v1/messages", METHOD_POST, ROUTE_MODEL, "messages", SHAPE_ANTHROPIC},
    {"/v1/messages/count_tokens", METHOD_POST, ROUTE_MODEL, "count_tokens", SHAPE_ANTHROPIC},
    {"/v1/images/generations", METHOD_POST, ROUTE_MODEL, "images", SHAPE_OPENAI},
    {"/v1/images/edits", METHOD_POST, ROUTE_MODEL, "images_edits", SHAPE_OPENAI},
    {"/v1/images/variations", METHOD_POST, ROUTE_MODEL, "images_variations", SHAPE_OPENAI},
    {"/v1/audio/speech", METHOD_POST, ROUTE_MODEL, "speech", SHAPE_OPENAI},
    {"/v1/audio/transcriptions", METHOD_POST, ROUTE_MODEL, "transcriptions", SHAPE_OPENAI},
    {"/v1/audio/translations", METHOD_POST, ROUTE_MODEL, "translations", SHAPE_OPENAI},
    {"/v1/moderations", METHOD_POST, ROUTE_MODEL, "moderations", SHAPE_OPENAI},
    {"/v1/rerank", METHOD_POST, ROUTE_MODEL, "rerank", SHAPE_OPENAI},
    {"/v1beta/models/*:generateContent", METHOD_POST, ROUTE_MODEL, "gemini", SHAPE_GEMINI},
    {"/v1beta/models/*:streamGenerateContent", METHOD_POST, ROUTE_MODEL, "gemini", SHAPE_GEMINI},
    {"/v1beta/models/*:countTokens", METHOD_POST, ROUTE_MODEL, "gemini_count", SHAPE_GEMINI},
    {"/v1beta/models/*:embedContent", METHOD_POST, ROUTE_MODEL, "gemini_embed", SHAPE_GEMINI},
    {"/v1beta/models/*:batchEmbedContents", METHOD_POST, ROUTE_MODEL, "gemini_embed", SHAPE_GEMINI},
    {"/v1/models/*:generateContent", METHOD_POST, ROUTE_MODEL, "gemini", SHAPE_GEMINI},
    {"/v1/models/*:streamGenerateContent", METHOD_POST, ROUTE_MODEL, "gemini", SHAPE_GEMINI},
    {"/v1/models/*:countTokens", METHOD_POST, ROUTE_MODEL, "gemini_count", SHAPE_GEMINI},
    {"/v1/models/*:embedContent", METHOD_POST, ROUTE_MODEL, "gemini_embed", SHAPE_GEMINI},
    {"/v1/models/*:batchEmbedContents", METHOD_POST, ROUTE_MODEL, "gemini_embed", SHAPE_GEMINI},
    {"/v1/explain", METHOD_POST | UNCOUNTED, ROUTE_MODEL, "explain", SHAPE_OPENAI},
    {"/v1/models", READ, ROUTE_MODEL, "models", SHAPE_OPENAI},
    {"/v1/models/*", READ, ROUTE_MODEL, "model", SHAPE_OPENAI},
    {"/v1beta/models", READ, ROUTE_MODEL, "models", SHAPE_GEMINI},
    {"/v1beta/models/*", READ, ROUTE_MODEL, "model", SHAPE_GEMINI},
    {"/v1/capabilities", READ, ROUTE_MODEL, "capabilities", SHAPE_OPENAI},
    {"/livez", READ, ROUTE_PROBE, "livez", SHAPE_OPENAI},
    {"/readyz", READ, ROUTE_PROBE, "readyz", SHAPE_OPENAI},
    {"/health", READ, ROUTE_PROBE, "health", SHAPE_OPENAI},
    {"/metrics", READ, ROUTE_MONITOR, "metrics", SHAPE_OPENAI},
    {"/", READ, ROUTE_PROBE, "root", SHAPE_OPENAI},
    {"/v1/files", FORWARDED, ROUTE_MODEL, "files", SHAPE_OPENAI},
    {"/v1/files/*", FORWARDED, ROUTE_MODEL, "files", SHAPE_OPENAI},
    {"/v1/batches", FORWARDED, ROUTE_MODEL, "files", SHAPE_OPENAI},
    {"/v1/batches/*", FORWARDED, ROUTE_MODEL, "files", SHAPE_OPENAI},
    {"/v1/responses/*", FORWARDED, ROUTE_MODEL, "response", SHAPE_RESPONSES},
    {"/v1/realtime", METHOD_GET, ROUTE_MODEL, "realtime", SHAPE_OPENAI},
    {"/v1/messages/*", FORWARDED, ROUTE_MODEL, "passthrough", SHAPE_ANTHROPIC},
    {"/v1/*", FORWARDED, ROUTE_MODEL, "passthrough", SHAPE_OPENAI},
    {"/v1beta/*", 0, ROUTE_MODEL, NULL, SHAPE_GEMINI},
    {"/admin/*", ANY, ROUTE_ADMIN, "admin", SHAPE_OPENAI},
    {"*", METHOD_OPTIONS, ROUTE_PROBE, "options", SHAPE_OPENAI},
    {"", 0, ROUTE_UNKNOWN, NULL, SHAPE_OPENAI},
};

static bool path_matches(const char *pattern, struct slice path) {
  struct slice wanted = slice_text(pattern);
  const char *star = wanted.len > 1 ? memchr(wanted.ptr, '*', wanted.len) : NULL;
  if (!star) return wanted.len == 0 || slice_equal(wanted, path);
  struct slice before = {wanted.ptr, (size_t)(star - wanted.ptr)}, behind = slice_from(wanted, before.len + 1);
  return path.len > before.len + behind.len && slice_starts(path, before) &&
         slice_equal(slice_from(path, path.len - behind.len), behind);
}

const struct route *route_find(struct slice path) {
  const struct route *route = routes;
  while (!path_matches(route->path, path)) route++;
  return route;
}

static const struct {
  const char *name;
  unsigned bit;
} methods[] = {{"GET", METHOD_GET},     {"HEAD", METHOD_HEAD},     {"POST", METHOD_POST},      {"PUT", METHOD_PUT},
               {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE}, {"OPTIONS", METHOD_OPTIONS}};

unsigned route_method(struct slice method) {
  for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
    if (slice_equal(method, slice_text(methods[i].name))) return methods[i].bit;
  }
  return 0;
}

const char *route_allow(const struct route *route) {
  switch (route->methods & ~(unsigned)UNCOUNTED) {
    case READ:
      return "GET, HEAD";
    case METHOD_POST:
      return "POST";
    case METHOD_OPTIONS:
      return "OPTIONS";
    default:
      return "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  }
}
