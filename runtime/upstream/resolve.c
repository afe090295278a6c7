// SPDX-License-Identifier: Apache-2.0
#include "upstream/resolve.h"

#include <stdlib.h>

#include "base/check.h"

struct lookup { /* outlives its resolver when that closes first */
  uv_getaddrinfo_t req;
  struct resolver *resolver; /* null: nobody wants the answer */
};

/* RFC 6761: localhost never leaves the machine. */
static bool is_localhost(const char *host) {
  struct slice name = slice_text(host);
  struct slice domain = SLICE_LITERAL(".localhost");
  if (slice_equal(name, SLICE_LITERAL("localhost"))) return true;
  return name.len > domain.len && slice_equal(slice_from(name, name.len - domain.len), domain);
}

void resolver_open(struct resolver *resolver, struct loop *loop, const char *host, unsigned port, unsigned timeout_ms,
                   unsigned cache_ms) {
  *resolver =
      (struct resolver){.loop = loop, .host = host, .port = port, .timeout_ms = timeout_ms, .cache_ms = cache_ms};
  list_init(&resolver->waiters);
  if (address_parse(host, port, &resolver->addresses[0])) {
    resolver->count = 1;
  } else if (is_localhost(host)) {
    address_parse("127.0.0.1", port, &resolver->addresses[0]);
    address_parse("::1", port, &resolver->addresses[1]);
    resolver->count = 2;
  }
  resolver->fixed = resolver->count > 0;
}

void resolver_close(struct resolver *resolver) {
  if (!resolver->lookup) return;
  resolver->lookup->resolver = NULL;
  uv_cancel((uv_req_t *)&resolver->lookup->req); /* one that runs already ends by itself */
  resolver->lookup = NULL;
}

static void addresses_take(struct resolver *resolver, const struct addrinfo *list) {
  resolver->count = 0;
  for (; list && resolver->count < RESOLVE_MAX; list = list->ai_next) {
    if (address_copy(list->ai_addr, resolver->port, &resolver->addresses[resolver->count])) resolver->count++;
  }
  resolver->expires = loop_now(resolver->loop) + resolver->cache_ms;
}

static void waiters_tell(struct resolver *resolver, const struct error *error) {
  struct list waiting; /* taken over first: a callback may ask again */
  list_init(&waiting);
  while (!list_empty(&resolver->waiters)) {
    struct list *node = resolver->waiters.next;
    list_remove(node);
    list_push_back(&waiting, node);
  }
  while (!list_empty(&waiting)) {
    struct resolver_waiter *waiter = LIST_OWNER(waiting.next, struct resolver_waiter, node);
    resolver_leave(waiter);
    waiter->done(waiter, error);
  }
}

static void on_lookup(uv_getaddrinfo_t *req, int status, struct addrinfo *list) {
  struct lookup *lookup = req->data;
  struct resolver *resolver = lookup->resolver;
  free(lookup);
  if (!resolver) {
    uv_freeaddrinfo(list);
    return;
  }
  resolver->lookup = NULL;
  addresses_take(resolver, status == 0 ? list : NULL);
  uv_freeaddrinfo(list);
  struct error error;
  if (resolver->count == 0) {
    error_set(&error, 502, "upstream_dns", "the host name %s could not be resolved: %s", resolver->host,
              status < 0 ? uv_strerror(status) : "no address");
  }
  waiters_tell(resolver, resolver->count ? NULL : &error);
}

static void on_waiter_timeout(struct timer *timer) {
  struct resolver_waiter *waiter = LIST_OWNER(timer, struct resolver_waiter, timer);
  struct error error;
  error_set(&error, 504, "upstream_dns_timeout", "the host name %s was not resolved within %u ms",
            waiter->resolver->host, waiter->resolver->timeout_ms);
  resolver_leave(waiter);
  waiter->done(waiter, &error);
}

static int lookup_start(struct resolver *resolver) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
  struct lookup *lookup = calloc(1, sizeof *lookup);
  REQUIRE(lookup != NULL);
  lookup->resolver = resolver;
  lookup->req.data = lookup;
  int status = uv_getaddrinfo(&resolver->loop->uv, &lookup->req, on_lookup, resolver->host, NULL, &hints);
  if (status < 0) {
    free(lookup);
    return status;
  }
  resolver->lookup = lookup;
  return 0;
}

void resolver_waiter_init(struct resolver_waiter *waiter,
                          void (*done)(struct resolver_waiter *waiter, const struct error *error)) {
  list_init(&waiter->node);
  timer_init(&waiter->timer, on_waiter_timeout);
  waiter->resolver = NULL;
  waiter->done = done;
}

bool resolver_ask(struct resolver *resolver, struct resolver_waiter *waiter) {
  if (resolver->fixed || (resolver->count > 0 && loop_now(resolver->loop) < resolver->expires)) return true;
  REQUIRE(resolver->lookup ||
          lookup_start(resolver) == 0); /* fails only when memory is gone or the name is not valid */
  waiter->resolver = resolver;
  list_push_back(&resolver->waiters, &waiter->node);
  if (resolver->timeout_ms) timer_start(resolver->loop->wheel, &waiter->timer, resolver->timeout_ms);
  return false;
}

void resolver_leave(struct resolver_waiter *waiter) {
  list_remove(&waiter->node);
  timer_stop(&waiter->timer);
}
