// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* Prometheus series. Each worker writes its own slots of the shared mapping (single writer, no locks); any worker can
 * render the sum of all. Names, help texts, kinds, labels and buckets are one table in metrics_table.c (gateway-api
 * section 6.1). */
struct metrics; /* one worker's view */

enum metrics_family {
  METRIC_REQUESTS,          /* gateway_requests_total{provider,model,status} */
  METRIC_DURATION,          /* gateway_request_duration_seconds{provider,model}: histogram */
  METRIC_FIRST_TOKEN,       /* gateway_time_to_first_token_seconds{provider,model}: histogram */
  METRIC_TOKENS_IN,         /* gateway_tokens_input_total{provider,model} */
  METRIC_TOKENS_OUT,        /* gateway_tokens_output_total{provider,model} */
  METRIC_PROVIDER_ERRORS,   /* gateway_provider_errors_total{provider,error_type} */
  METRIC_COST,              /* gateway_request_cost_usd_total{provider,model}; value in micro-units, rendered in USD */
  METRIC_BREAKER,           /* gateway_circuit_breaker_state{provider}: gauge, last writer wins */
  METRIC_RATE_LIMITED,      /* gateway_rate_limit_rejections_total{key_type} */
  METRIC_PROVIDER_INIT,     /* gateway_provider_init_failures_total{provider} */
  METRIC_CONNECTIONS,       /* gateway_server_connections_current{state}: gauge, summed over workers */
  METRIC_TRANSITIONS,       /* gateway_server_connection_transitions_total{state} */
  METRIC_UPSTREAM_CONNECTS, /* gateway_upstream_connections_total{kind="new"|"reused"} */
  METRIC_RETRIES,           /* gateway_retries_total{target} */
  METRIC_RETRIES_REFUSED,   /* gateway_retries_refused_total{target} */
  METRIC_FAILOVERS,         /* gateway_failovers_total{target} */
  METRIC_VARIANTS,          /* gateway_variant_requests_total{variant,target} */
  METRIC_SCRIPT_FAULTS,     /* gateway_script_faults_total{kind,name} */
  METRIC_SCRIPT_EVENTS,     /* gateway_script_events_total{name}: what scripts count */
  METRIC_SCRIPT_RELOADS,    /* gateway_script_reloads_total{result}: accepted, rejected, rolled_back */
  METRIC_GENERATION,        /* gateway_generation: number of the active one */
  METRIC_LOG_DROPPED,       /* gateway_log_lines_dropped_total */
  METRIC_WORKER_RESTARTS,   /* gateway_worker_restarts_total: written by the supervisor's slot */
  METRIC_DISCOVERY,         /* gateway_model_discovery_total{provider,result}: success, error */
  METRIC_CLIENT_GONE,       /* gateway_client_gone_total{policy}: cancel, drain, finish */
  METRIC_DETACHED,          /* gateway_requests_detached_current: gauge, summed over workers */
  METRIC_HTTP_REFUSED,      /* gateway_http_refused_total{code}: framing, limits, time-outs */
  METRIC_EVENTS,            /* gateway_events_total{subject}: all but those of requests */
  METRIC_EVENTS_DROPPED,    /* gateway_hook_events_dropped_total{subject} */
  METRIC_OVERLOADED,        /* gateway_overload_rejections_total{reason}: memory, body, loop_lag */
  METRIC_LOOP_LAG,          /* gateway_loop_lag_seconds: gauge in microseconds, the worst of the workers */
  METRIC_TARGET_IN_FLIGHT,  /* gateway_target_in_flight{target}: gauge, as shared memory has it at the scrape */
  METRIC_TARGET_QUEUED,     /* gateway_target_queued{target}: the same */
  METRIC_TARGET_UP,         /* gateway_target_up{target}: 1, or 0 where checks fail */
  METRIC_CREDENTIAL_DISABLED, /* gateway_credential_disabled{target,index}: 1 while it is left alone */
  METRIC_HEDGES,              /* gateway_hedges_total{target,outcome}: won, lost, refused */
  METRIC_FAMILIES
};

/* The family of a full name ("gateway_requests_total"). False when there is none. */
bool metrics_family_parse(struct slice name, enum metrics_family *family);
unsigned metrics_label_count(enum metrics_family family);
bool metrics_is_histogram(enum metrics_family family);
bool metrics_is_gauge(enum metrics_family family);

/* Bytes of zeroed shared memory for `count` writers, 64-byte aligned: their slots and the one table of label values. */
size_t metrics_area_size(unsigned count);

/* `area` is the shared mapping's part, borrowed; `own` this process's position among its `count` writers. A restarted
 * worker goes on with its predecessor's numbers, except for the gauges it leaves behind, which start at 0 again. */
struct metrics *metrics_open(void *area, unsigned count, unsigned own);
void metrics_close(struct metrics *metrics);

/* A series to write to, found or made. `labels` are values in the family's order, `label_count` of them. At most 500
 * different values of one label name over all workers (and 250 bytes each); then the value is `other`. Never null: when
 * the table is full it is the family's series with every label `other`, and gateway_metrics_overflow_total counts.
 * Valid for the life of the process: callers keep it. */
struct metric *metrics_series(struct metrics *metrics, enum metrics_family family, const struct slice *labels,
                              unsigned label_count);

void metric_add(struct metric *metric, uint64_t by);               /* counters */
void metric_set(struct metric *metric, int64_t value);             /* gauges */
void metric_observe(struct metric *metric, uint64_t microseconds); /* histograms */

/* Appends the text exposition format 0.0.4: all workers' sums, which workers live, and the program's process_* series
 * (processor time, memory and start of all its processes, open files of this one). Whoever writes all that there is of
 * a METRIC_GAUGE_FRESH before, and says since when, has none of what is gone: series that are older are left out. 0:
 * all are shown. */
void metrics_render(struct metrics *metrics, uint64_t since, struct buffer *out);
uint64_t metrics_moment(void); /* now, in monotonic nanoseconds */
