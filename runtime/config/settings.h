// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What the C side needs of the configuration, after lua/config.lua has checked and typed it. Plain values; strings are
 * owned by the struct's fixed arrays. Defaults are in conf/gateway.yaml and in lua/config.lua, nowhere else. */
struct settings {
  char host[256];
  unsigned port;
  unsigned workers; /* 0 = one per core */
  char log_level[8];
  char master_key[512]; /* empty = none */
  bool open_proxy;      /* /v1 without a key */
  unsigned drain_ms;

  uint64_t max_request_bytes;
  unsigned request_line_bytes, head_bytes, header_count, header_name_bytes, header_value_bytes, query_parameters;
  unsigned requests_per_connection, connections_per_worker, connections_per_address;
  unsigned queue_high_bytes, queue_low_bytes, queue_cap_bytes;

  char trusted_proxies[4096]; /* networks of base/network.h, separated by blanks */
  unsigned address_rate_milli, address_burst;
  uint64_t overload_memory_bytes; /* 0 = nine tenths of what the system gives */
  unsigned overload_lag_ms, overload_retry_ms;

  unsigned first_byte_ms, head_ms, body_idle_ms, body_total_ms, body_rate_bytes, body_grace_ms, keep_alive_ms,
      write_stall_ms, heartbeat_ms;

  unsigned upstream_dns_ms, upstream_connect_ms, upstream_first_byte_ms, upstream_idle_ms, upstream_total_ms;
  unsigned upstream_pool_idle_ms, upstream_pool_age_ms, upstream_pool_idle_max;
  uint64_t upstream_body_bytes;
  uint64_t sse_event_bytes, stream_bytes;
  char ca_file[512];
  char https_proxy[512], http_proxy[512], no_proxy[1024];

  char client_gone_policy[8];    /* "cancel", "drain", "finish" */
  char client_gone_routes[1024]; /* "endpoint=policy", separated by blanks */
  unsigned client_gone_calls;    /* that go on without their client, at most */

  unsigned script_cpu_ms;
  uint64_t script_memory_bytes;
  char script_path[512];              /* the operator's scripts; empty = none */
  unsigned script_rollback_window_ms; /* how long a new generation is watched; 0 = it is not */
  unsigned script_rollback_fault_ppm; /* faults in a million calls that give it up; 0 = none do */
  unsigned script_rollback_p99_us;    /* the same of a script's 99th percentile */

  char recording_path[512];      /* empty = nothing is recorded */
  unsigned recording_sample_ppm; /* of a million requests */
  bool recording_redact;
  uint64_t recording_bytes;     /* of the whole file */
  char script_http_allow[8192]; /* rules of upstream/url.h, separated by blanks */
};
