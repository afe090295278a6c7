// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/error.h"
#include "loop/loop.h"
#include "upstream/address.h"

/* Private to this room. The addresses of one origin: literals and localhost at once, names from getaddrinfo on libuv's
 * threads, remembered for a while. Everybody who asks while a lookup runs shares it. */

enum { RESOLVE_MAX = 8 };

struct resolver {
  struct loop *loop;
  const char *host; /* borrowed from the origin */
  unsigned port, timeout_ms, cache_ms;
  bool fixed; /* known without asking, for good */
  union address addresses[RESOLVE_MAX];
  unsigned count;
  uint64_t expires;      /* loop milliseconds */
  struct lookup *lookup; /* in flight; owns itself */
  struct list waiters;
};

struct resolver_waiter { /* lives in its owner */
  struct list node;
  struct timer timer;
  struct resolver *resolver;
  /* `error` null: resolver->addresses holds at least one. Upstream_dns or upstream_dns_timeout. */
  void (*done)(struct resolver_waiter *waiter, const struct error *error);
};

void resolver_open(struct resolver *resolver, struct loop *loop, const char *host, unsigned port, unsigned timeout_ms,
                   unsigned cache_ms);
/* Nobody may be waiting. */
void resolver_close(struct resolver *resolver);

void resolver_waiter_init(struct resolver_waiter *waiter,
                          void (*done)(struct resolver_waiter *waiter, const struct error *error));

/* True when the addresses are there already; else `done` is called later, from the loop. */
bool resolver_ask(struct resolver *resolver, struct resolver_waiter *waiter);
void resolver_leave(struct resolver_waiter *waiter); /* safe when not waiting */
