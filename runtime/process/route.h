// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/slice.h"

/* Which room of the house a request wants, known from its head alone: decides authentication and limits before any
 * script runs. What is done there is decided by lua/router.lua, which knows the same endpoint names. Which paths and
 * methods there are below /admin/ only scripts know (lua/dispatch.lua). */
enum route_class {
  ROUTE_PROBE,   /* open to everybody, never refused for load */
  ROUTE_MONITOR, /* a key with read_only or admin */
  ROUTE_ADMIN,   /* the same; scripts ask for admin where they want it; without any key nobody is let in */
  ROUTE_MODEL,   /* /v1: any key, unless the proxy is open */
  ROUTE_UNKNOWN, /* 404, after authentication where the path is under /v1 or /admin */
};

enum {
  METHOD_GET = 1,
  METHOD_HEAD = 2,
  METHOD_POST = 4,
  METHOD_PUT = 8,
  METHOD_PATCH = 16,
  METHOD_DELETE = 32,
  METHOD_OPTIONS = 64,
  BODY_STREAMS = 1024, /* no method: the handler begins at the head, and takes the body as it comes */
  UNCOUNTED = 2048     /* no method: what is read there is no routed request: nobody is asked for anything */
};

/* Whose words a client of the route expects errors in: see shape.h. */
enum shape { SHAPE_OPENAI, SHAPE_RESPONSES, SHAPE_ANTHROPIC, SHAPE_GEMINI };

struct route {
  const char *path; /* exact; one '*' stands for at least one byte, anything */
  unsigned methods; /* METHOD_ bits, maybe BODY_STREAMS, UNCOUNTED */
  enum route_class class;
  const char *endpoint; /* the name lua/router.lua knows it by */
  enum shape shape;
};

/* What is read of its body is a routed request, part of gateway_requests_total. */
static inline bool route_counts(const struct route *route) {
  return !(route->methods & UNCOUNTED);
}

/* Never null: what no row serves gets the last one, ROUTE_UNKNOWN. */
const struct route *route_find(struct slice path);

/* The METHOD_ bit of a method's name, 0 when it is not ours. */
unsigned route_method(struct slice method);

/* "GET, HEAD": for the Allow header. Static text. */
const char *route_allow(const struct route *route);
