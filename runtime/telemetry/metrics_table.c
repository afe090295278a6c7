// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics_table.h"

#include "base/check.h"

static const char *const label_names[METRIC_LABELS] = {
    [LABEL_PROVIDER] = "provider", [LABEL_MODEL] = "model",
    [LABEL_STATUS] = "status",     [LABEL_ERROR_TYPE] = "error_type",
    [LABEL_KEY_TYPE] = "key_type", [LABEL_STATE] = "state",
    [LABEL_KIND] = "kind",         [LABEL_TARGET] = "target",
    [LABEL_NAME] = "name",         [LABEL_CODE] = "code",
    [LABEL_RESULT] = "result",     [LABEL_EVENT] = "name",
    [LABEL_SUBJECT] = "subject",   [LABEL_VARIANT] = "variant",
    [LABEL_REASON] = "reason",     [LABEL_POLICY] = "policy",
    [LABEL_CREDENTIAL] = "index",  [LABEL_OUTCOME] = "outcome",
};

static const struct metrics_bucket buckets[METRIC_BUCKETS] = {
    {5000, "0.005"}, {10000, "0.01"}, {25000, "0.025"}, {50000, "0.05"}, {100000, "0.1"},  {250000, "0.25"},
    {500000, "0.5"}, {1000000, "1"},  {2500000, "2.5"}, {5000000, "5"},  {10000000, "10"}, {30000000, "30"},
};

#define ROUTE_LABELS            \
  2, {                          \
    LABEL_PROVIDER, LABEL_MODEL \
  }

static const struct metrics_description families[METRIC_FAMILIES] = {
    [METRIC_REQUESTS] = {"gateway_requests_total",
                         "Requests by outcome.",
                         METRIC_COUNTER,
                         3,
                         {LABEL_PROVIDER, LABEL_MODEL, LABEL_STATUS},
                         false},
    [METRIC_DURATION] = {"gateway_request_duration_seconds", "Time from a request's head to the end of its answer.",
                         METRIC_HISTOGRAM, ROUTE_LABELS, true},
    [METRIC_FIRST_TOKEN] = {"gateway_time_to_first_token_seconds",
                            "Time from a request's head to its answer's first byte.", METRIC_HISTOGRAM, ROUTE_LABELS,
                            true},
    [METRIC_TOKENS_IN] = {"gateway_tokens_input_total", "Input tokens.", METRIC_COUNTER, ROUTE_LABELS, false},
    [METRIC_TOKENS_OUT] = {"gateway_tokens_output_total", "Output tokens.", METRIC_COUNTER, ROUTE_LABELS, false},
    [METRIC_PROVIDER_ERRORS] = {"gateway_provider_errors_total",
                                "Failed provider calls by reason.",
                                METRIC_COUNTER,
                                2,
                                {LABEL_PROVIDER, LABEL_ERROR_TYPE},
                                false},
    [METRIC_COST] = {"gateway_request_cost_usd_total", "Cost of requests in US dollars.", METRIC_COUNTER, ROUTE_LABELS,
                     true},
    [METRIC_BREAKER] = {"gateway_circuit_breaker_state",
                        "Circuit breaker: 0 closed, 1 open, 2 half-open.",
                        METRIC_GAUGE_FRESH,
                        1,
                        {LABEL_PROVIDER},
                        false},
    [METRIC_RATE_LIMITED] = {"gateway_rate_limit_rejections_total",
                             "Requests refused by a rate limit.",
                             METRIC_COUNTER,
                             1,
                             {LABEL_KEY_TYPE},
                             false},
    [METRIC_PROVIDER_INIT] = {"gateway_provider_init_failures_total",
                              "Providers that could not be set up.",
                              METRIC_COUNTER,
                              1,
                              {LABEL_PROVIDER},
                              false},
    [METRIC_CONNECTIONS] =
        {"gateway_server_connections_current", "Client connections by state.", METRIC_GAUGE, 1, {LABEL_STATE}, false},
    [METRIC_TRANSITIONS] = {"gateway_server_connection_transitions_total",
                            "Client connections that entered a state.",
                            METRIC_COUNTER,
                            1,
                            {LABEL_STATE},
                            false},
    [METRIC_UPSTREAM_CONNECTS] = {"gateway_upstream_connections_total",
                                  "Provider connections taken, new or reused.",
                                  METRIC_COUNTER,
                                  1,
                                  {LABEL_KIND},
                                  false},
    [METRIC_RETRIES] =
        {"gateway_retries_total", "Second and later attempts at one target.", METRIC_COUNTER, 1, {LABEL_TARGET}, false},
    [METRIC_RETRIES_REFUSED] = {"gateway_retries_refused_total",
                                "Attempts that the retry budget did not allow.",
                                METRIC_COUNTER,
                                1,
                                {LABEL_TARGET},
                                false},
    [METRIC_FAILOVERS] =
        {"gateway_failovers_total", "Requests that moved on to this target.", METRIC_COUNTER, 1, {LABEL_TARGET}, false},
    [METRIC_VARIANTS] = {"gateway_variant_requests_total",
                         "Requests of a test's variants, by the target asked last.",
                         METRIC_COUNTER,
                         2,
                         {LABEL_VARIANT, LABEL_TARGET},
                         false},
    [METRIC_SCRIPT_FAULTS] =
        {"gateway_script_faults_total", "Faults of scripts.", METRIC_COUNTER, 2, {LABEL_KIND, LABEL_NAME}, false},
    [METRIC_SCRIPT_EVENTS] =
        {"gateway_script_events_total", "Events counted by scripts.", METRIC_COUNTER, 1, {LABEL_EVENT}, false},
    [METRIC_SCRIPT_RELOADS] = {"gateway_script_reloads_total",
                               "Generations of scripts by what became of them.",
                               METRIC_COUNTER,
                               1,
                               {LABEL_RESULT},
                               false},
    [METRIC_GENERATION] =
        {"gateway_generation", "Number of the generation that serves.", METRIC_GAUGE_LATEST, 0, {0}, false},
    [METRIC_LOG_DROPPED] = {"gateway_log_lines_dropped_total",
                            "Log lines dropped because their reader was too slow.",
                            METRIC_COUNTER,
                            0,
                            {0},
                            false},
    [METRIC_WORKER_RESTARTS] =
        {"gateway_worker_restarts_total", "Workers replaced by the supervisor.", METRIC_COUNTER, 0, {0}, false},
    [METRIC_DISCOVERY] = {"gateway_model_discovery_total",
                          "Lists of models asked of providers.",
                          METRIC_COUNTER,
                          2,
                          {LABEL_PROVIDER, LABEL_RESULT},
                          false},
    [METRIC_CLIENT_GONE] = {"gateway_client_gone_total",
                            "Requests whose client left, by what became of them.",
                            METRIC_COUNTER,
                            1,
                            {LABEL_POLICY},
                            false},
    [METRIC_DETACHED] = {"gateway_requests_detached_current",
                         "Requests that go on although their client has left.",
                         METRIC_GAUGE,
                         0,
                         {0},
                         false},
    [METRIC_HTTP_REFUSED] = {"gateway_http_refused_total",
                             "Requests refused for their framing, size or slowness.",
                             METRIC_COUNTER,
                             1,
                             {LABEL_CODE},
                             false},
    [METRIC_EVENTS] = {"gateway_events_total",
                       "Events that are no request's end, by subject.",
                       METRIC_COUNTER,
                       1,
                       {LABEL_SUBJECT},
                       false},
    [METRIC_EVENTS_DROPPED] = {"gateway_hook_events_dropped_total",
                               "Events that did not reach somebody who wants them.",
                               METRIC_COUNTER,
                               1,
                               {LABEL_SUBJECT},
                               false},
    [METRIC_OVERLOADED] = {"gateway_overload_rejections_total",
                           "Requests refused because the gateway had as much as it could do.",
                           METRIC_COUNTER,
                           1,
                           {LABEL_REASON},
                           false},
    [METRIC_LOOP_LAG] = {"gateway_loop_lag_seconds",
                         "How late a worker's loop is, or how long what is ready waits for its turn.",
                         METRIC_GAUGE_MOST,
                         0,
                         {0},
                         true},
    [METRIC_TARGET_IN_FLIGHT] = {"gateway_target_in_flight",
                                 "Calls that a target is working on.",
                                 METRIC_GAUGE_FRESH,
                                 1,
                                 {LABEL_TARGET},
                                 false},
    [METRIC_TARGET_QUEUED] = {"gateway_target_queued",
                              "Requests that wait for a target's place.",
                              METRIC_GAUGE_FRESH,
                              1,
                              {LABEL_TARGET},
                              false},
    [METRIC_TARGET_UP] = {"gateway_target_up",
                          "Whether a target that is checked answers: 1 or 0.",
                          METRIC_GAUGE_FRESH,
                          1,
                          {LABEL_TARGET},
                          false},
    [METRIC_CREDENTIAL_DISABLED] = {"gateway_credential_disabled",
                                    "Credentials that their provider refuses: 1 while one is left alone.",
                                    METRIC_GAUGE_FRESH,
                                    2,
                                    {LABEL_TARGET, LABEL_CREDENTIAL},
                                    false},
    [METRIC_HEDGES] = {"gateway_hedges_total",
                       "Targets asked beside one that is slow, by what became of it.",
                       METRIC_COUNTER,
                       2,
                       {LABEL_TARGET, LABEL_OUTCOME},
                       false},
};

const struct metrics_description *metrics_describe(enum metrics_family family) {
  REQUIRE((unsigned)family < METRIC_FAMILIES);
  return &families[family];
}

const char *metrics_label_name(enum metric_label label) {
  return label_names[label];
}

const struct metrics_bucket *metrics_buckets(void) {
  return buckets;
}

unsigned metrics_cells(enum metrics_family family) {
  switch (metrics_describe(family)->kind) {
    case METRIC_HISTOGRAM:
      return METRIC_BUCKETS + 2;
    case METRIC_GAUGE_LATEST:
    case METRIC_GAUGE_FRESH:
      return 2;
    default:
      return 1;
  }
}

bool metrics_family_parse(struct slice name, enum metrics_family *family) {
  for (unsigned i = 0; i < METRIC_FAMILIES; i++) {
    if (!slice_equal(name, slice_text(families[i].name))) continue;
    *family = (enum metrics_family)i;
    return true;
  }
  return false;
}

unsigned metrics_label_count(enum metrics_family family) {
  return metrics_describe(family)->label_count;
}

bool metrics_is_histogram(enum metrics_family family) {
  return metrics_describe(family)->kind == METRIC_HISTOGRAM;
}

bool metrics_is_gauge(enum metrics_family family) {
  enum metric_kind kind = metrics_describe(family)->kind;
  return kind != METRIC_COUNTER && kind != METRIC_HISTOGRAM;
}
