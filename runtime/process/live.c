// SPDX-License-Identifier: Apache-2.0
#include "process/live.h"

#include <stddef.h>
#include <string.h>

struct fixed {
  const char *key;
  size_t offset, size;
};

#define FIXED(key, member) \
  { key, offsetof(struct settings, member), sizeof((struct settings *)0)->member }

static const struct fixed all[] = {
    FIXED("server.host", host),
    FIXED("server.port", port),
    FIXED("server.workers", workers),
    FIXED("log.level", log_level),
    FIXED("auth.master_key", master_key),
    FIXED("auth.allow_unauthenticated_proxy", open_proxy),
    FIXED("upstream.ca_file", ca_file),
    FIXED("upstream.https_proxy", https_proxy),
    FIXED("upstream.http_proxy", http_proxy),
    FIXED("upstream.no_proxy", no_proxy),
    FIXED("upstream.pool.idle", upstream_pool_idle_ms),
    FIXED("upstream.pool.age", upstream_pool_age_ms),
    FIXED("upstream.pool.size", upstream_pool_idle_max),
    FIXED("timeouts.upstream.dns", upstream_dns_ms),
};
enum { FIXED_COUNT = sizeof all / sizeof *all };

void live_settings(struct settings *next, const struct settings *running) {
  for (size_t i = 0; i < FIXED_COUNT; i++) {
    memcpy((char *)next + all[i].offset, (const char *)running + all[i].offset, all[i].size);
  }
}

void live_differences(const struct settings *one, const struct settings *other,
                      void (*tell)(void *user, const char *key), void *user) {
  for (size_t i = 0; i < FIXED_COUNT; i++) {
    if (memcmp((const char *)one + all[i].offset, (const char *)other + all[i].offset, all[i].size) == 0) continue;
    tell(user, all[i].key);
  }
}
