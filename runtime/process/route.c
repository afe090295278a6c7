// SPDX-License-Identifier: Apache-2.0
#include "process/route.h"

#include <stddef.h>

enum {
  READ = METHOD_GET | METHOD_HEAD,
  ANY = READ | METHOD_POST | METHOD_PUT | METHOD_PATCH | METHOD_DELETE | METHOD_OPTIONS
};

static const struct route routes[] = {
    {"/v1/chat/completions", METHOD_POST, ROUTE_MODEL, "chat"},
    {"/v1/models", READ, ROUTE_MODEL, "models"},
    {"/v1/models/*", READ, ROUTE_MODEL, "model"},
    {"/livez", READ, ROUTE_PROBE, "livez"},
    {"/readyz", READ, ROUTE_PROBE, "readyz"},
    {"/health", READ, ROUTE_PROBE, "health"},
    {"/metrics", READ, ROUTE_MONITOR, "metrics"},
    {"/v1/*", 0, ROUTE_MODEL, NULL},
    {"/admin/*", ANY, ROUTE_ADMIN, "admin"},
    {"*", METHOD_OPTIONS, ROUTE_PROBE, "options"},
    {"", 0, ROUTE_UNKNOWN, NULL},
};

static bool path_matches(const char *pattern, struct slice path) {
  struct slice wanted = slice_text(pattern);
  if (wanted.len >= 2 && wanted.ptr[wanted.len - 1] == '*') {
    wanted.len--;
    return path.len > wanted.len && slice_starts(path, wanted);
  }
  return wanted.len == 0 || slice_equal(wanted, path);
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
  switch (route->methods) {
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
