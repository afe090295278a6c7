-- SPDX-License-Identifier: Apache-2.0
--- Every key of the configuration document: its type, bounds and default. `setting` names the member of the C side's
--- `struct settings` that a key fills, `scale` times as large. A key of a later version is `later`: an operator who
--- writes it is told.
--- Change a key here and in conf/gateway.yaml and docs/configuration.md: spec/config_spec.lua compares the three.

local door = require "gateway.config"
local events = require "config_events"
local scalar = require "scalar"

local later = { "unsupported" }

--- A header's value loses spaces around it, so no client could send such a key.
local function key_problem(value)
  if value:find "^ " or value:find " $" then return "must not begin or end with a space" end
end

local function positive_time(value, shown)
  if value <= 0 then return "request_timeout must be positive, got " .. shown end
end

--- A rule of gateway.http: runtime/upstream/url.h.
local function host_rule_problem(value)
  local rest = value:gsub("^https?://", "")
  local host, port = rest:match "^(%[[%x:.]+%])(.*)$"
  if not host then host, port = rest:match "^([%w%-_.*]+)(.*)$" end
  local name = host and host:gsub("^%*%.", "")
  if not name or name == "" or name:find("*", 1, true) then
    return "must be host, host:port, *.domain, or one of these after http:// or https://"
  end
  if port == "" then return nil end
  local number = tonumber(port:match "^:(%d%d?%d?%d?%d?)$")
  if not number or number < 1 or number > 65535 then return "must end after the host, or with a port up to 65535" end
end

local function shadow_problem(value)
  if not value:find "^[%w_-]+@.+%.lua$" then return "must be <name>@<file>.lua, a live script and its candidate" end
end

local function network_problem(value)
  if not door.is_network(value) then return "must be an address or a network such as 10.0.0.0/8 or 2001:db8::/32" end
end

local function interval_problem(value)
  if value > 0 and value < 1000 then return "must be 0s, for never, or at least 1s" end
end

local function open_time_problem(value, shown)
  if value < 0 then return "circuit_breaker.timeout cannot be negative, got " .. shown end
end

local function check_path_problem(value, shown)
  if value:find "^/[!-~]*$" then return nil end
  return "must begin with / and hold no spaces, got " .. shown
end

local function json_file_problem(value)
  if not value:find "%.json$" then return "must name a .json file" end
end

--- 0 stands for the default, as in the compatible gateway: lua/config_resilience.lua says what else a number may be.
local breaker = {
  failure_threshold = { "integer", max = 1000000, default = 5 },
  success_threshold = { "integer", max = 1000000, default = 1 },
  max_half_threshold = { "integer", max = 1000, default = 1 },
  timeout = { "duration", default = "30s", check = open_time_problem, says = "invalid circuit_breaker.timeout %s" },
  window = { "record", optional = true, fields = {
    duration = { "duration", min = "100ms", max = "1h", default = "30s" },
    min_requests = { "integer", min = 1, max = 1000000, default = 20 },
    error_rate = { "number", min = 0.01, max = 1, default = 0.5 },
  } },
}

local concurrency = {
  max_concurrency = { "integer" },
  queue_size = { "integer", default = 1000 },
  queue_timeout = { "duration", min = "1ms", max = "1h", default = "5s" },
}

local health_check = {
  interval = { "duration", min = "50ms", max = "24h", default = "10s" },
  path = { "string", min = 1, max = 1024, check = check_path_problem },
  timeout = { "duration", min = "1ms", max = "30s", default = "5s" },
  unhealthy_after = { "integer", min = 1, max = 100, default = 3 },
  healthy_after = { "integer", min = 1, max = 100, default = 2 },
}

--- What a strategy's `config` may hold, its script says: lua/config_strategy.lua.
local strategy = {
  mode = { "string" },
  conditions = { "array", of = { "record", fields = {
    key = { "string" },
    name = { "string", min = 1, max = 256 },
    value = "any",
    also = { "array", of = { "record", fields = {
      key = { "string" }, name = { "string", min = 1, max = 256 }, value = "any",
    } } },
    target_key = { "string" },
  } }, default = {} },
  content_conditions = { "array", of = { "record", fields = {
    type = { "string" },
    value = { "string", max = 8192 },
    target_key = { "string" },
  } }, default = {} },
  ab_variants = { "array", of = { "record", fields = {
    target_key = { "string" },
    weight = { "number", default = 0 },
    label = { "string", min = 1, max = 64 },
  } }, default = {} },
  unpriced_strategy = { "string", one_of = { "fallback", "skip", "allow" }, default = "fallback",
    says = "cost-optimized unpriced_strategy must be one of fallback, skip, allow" },
  config = { "node" },
}

local target = {
  virtual_key = { "string", min = 1, max = 64 },
  name = { "string", min = 1, max = 64 },
  provider = { "string", min = 1, max = 64 },
  base_url = { "string", min = 1, max = 2048, expand = true },
  api_key = { "string", min = 1, max = 8192, expand = true, secret = true },
  api_keys = { "array", min = 1, max = 32, of = { "string", min = 1, max = 8192, expand = true, secret = true } },
  api_key_pause = { "duration", min = "1ms", max = "24h", default = "10m" },
  variables = { "map", of = { "string", min = 1, max = 8192, expand = true, secret = true }, default = {} },
  weight = { "number", default = 0 },
  priority = { "integer", min = -1000000, max = 1000000, default = 0 },
  models = { "array", of = "string", default = {} },
  model_map = { "map", of = { "string", min = 1 }, default = {} },
  retry = { "record", fields = {
    attempts = { "integer", max = 10, default = 1 },
    on_status_codes = { "array", of = { "integer", min = 300, max = 599 } },
    initial_backoff_ms = { "integer", max = 30000, default = 100 },
    retry_ambiguous = { "boolean", default = false },
  } },
  timeout = { "record", fields = {
    connect = { "duration", min = "1ms" },
    first_byte = { "duration", min = "1ms" },
    idle = { "duration", min = "1ms" },
    total = { "duration", min = "1ms" },
  } },
  circuit_breaker = { "record", optional = true, fields = breaker },
  concurrency = { "record", optional = true, fields = concurrency },
  health_check = { "record", optional = true, fields = health_check },
  strategy = { "record", optional = true, fields = strategy },
}
target.targets = { "array", of = { "record", fields = target } } -- a group: lua/config_groups.lua

--- What a plugin's own `config` may hold, its script says: lua/plugin_config.lua.
local plugin = {
  name = { "string", min = 1, max = 64, required = true },
  type = { "string", max = 64 },
  stage = { "string", one_of = { "before_request", "after_request", "on_error" } },
  enabled = { "boolean", default = true },
  config = { "node" },
}

local server = {
  host = { "string", min = 1, max = 255, default = "127.0.0.1", setting = "host" },
  port = { "integer", min = 0, max = 65535, default = 8080, setting = "port" },
  workers = { "integer", min = 0, max = 64, default = 0, setting = "workers" },
  drain_timeout = { "duration", max = "1h", default = "30s", setting = "drain_ms" },
  trusted_proxies = { "array", of = { "string", min = 1, max = 60, check = network_problem }, max = 64,
    default = { "127.0.0.0/8", "::1/128" }, setting = "trusted_proxies" },
}

local limits = {
  request_line = { "bytes", min = 64, max = "1MiB", default = "8KiB", setting = "request_line_bytes" },
  head = { "bytes", min = "1KiB", max = "1MiB", default = "32KiB", setting = "head_bytes" },
  headers = { "integer", min = 1, max = 1000, default = 100, setting = "header_count" },
  header_name = { "bytes", min = 16, max = "64KiB", default = "256B", setting = "header_name_bytes" },
  header_value = { "bytes", min = 64, max = "1MiB", default = "16KiB", setting = "header_value_bytes" },
  query_parameters = { "integer", min = 0, max = 10000, default = 128, setting = "query_parameters" },
  requests_per_connection = { "integer", min = 1, max = 1000000000, default = 10000,
    setting = "requests_per_connection" },
  connections_per_worker = { "integer", min = 1, max = 1000000, default = 16384, setting = "connections_per_worker" },
  connections_per_address = { "integer", min = 0, max = 1000000, default = 1024, setting = "connections_per_address" },
  address_rate = { "number", min = 0, max = 1000000, default = 0, setting = "address_rate_milli", scale = 1000 },
  address_burst = { "integer", min = 0, max = 1000000, default = 40, setting = "address_burst" },
  queue_low = { "bytes", min = "1KiB", max = "1GiB", default = "32KiB", setting = "queue_low_bytes" },
  queue_high = { "bytes", min = "1KiB", max = "1GiB", default = "64KiB", setting = "queue_high_bytes" },
  queue_cap = { "bytes", min = "1KiB", max = "1GiB", default = "1MiB", setting = "queue_cap_bytes" },
  upstream_body = { "bytes", min = "1KiB", max = "16GiB", default = "64MiB", setting = "upstream_body_bytes" },
  sse_event = { "bytes", min = "1KiB", max = "1GiB", default = "8MiB", setting = "sse_event_bytes" },
  stream = { "bytes", min = "1KiB", max = "1024GiB", default = "256MiB", setting = "stream_bytes" },
}

local timeouts = {
  first_byte = { "duration", min = "1ms", default = "10s", setting = "first_byte_ms" },
  head = { "duration", min = "1ms", default = "10s", setting = "head_ms" },
  body_idle = { "duration", min = "1ms", default = "15s", setting = "body_idle_ms" },
  body_total = { "duration", min = "1ms", default = "5m", setting = "body_total_ms" },
  body_rate = { "bytes", max = "1GiB", default = "1KiB", setting = "body_rate_bytes" },
  body_grace = { "duration", default = "10s", setting = "body_grace_ms" },
  keep_alive = { "duration", min = "1ms", default = "75s", setting = "keep_alive_ms" },
  write_stall = { "duration", min = "1ms", default = "30s", setting = "write_stall_ms" },
  heartbeat = { "duration", default = "15s", setting = "heartbeat_ms" },
  upstream = { "record", fields = {
    dns = { "duration", min = "1ms", default = "2s", setting = "upstream_dns_ms" },
    connect = { "duration", min = "1ms", implied = "3s", setting = "upstream_connect_ms" },
    first_byte = { "duration", min = "1ms", implied = "60s", setting = "upstream_first_byte_ms" },
    idle = { "duration", min = "1ms", implied = "60s", setting = "upstream_idle_ms" },
    total = { "duration", min = "1ms", implied = "10m", setting = "upstream_total_ms" },
  } },
}

--- What becomes of a request whose client has left.
local client_policy = { "string", one_of = { "cancel", "drain", "finish" }, default = "cancel" }

local client_gone = {
  policy = { "string", one_of = client_policy.one_of, default = "cancel", setting = "client_gone_policy" },
  routes = { "map", of = client_policy, default = {}, setting = "client_gone_routes" },
  calls_per_worker = { "integer", max = 100000, default = 1000, setting = "client_gone_calls" },
}

local upstream = {
  ca_file = { "string", max = 511, default = "", setting = "ca_file" },
  https_proxy = { "string", max = 511, expand = true, setting = "https_proxy" },
  http_proxy = { "string", max = 511, expand = true, setting = "http_proxy" },
  no_proxy = { "string", max = 1023, setting = "no_proxy" },
  pool = { "record", fields = {
    idle = { "duration", min = "1ms", default = "60s", setting = "upstream_pool_idle_ms" },
    age = { "duration", min = "1ms", default = "10m", setting = "upstream_pool_age_ms" },
    size = { "integer", min = 0, max = 65536, default = 1024, setting = "upstream_pool_idle_max" },
  } },
}

local function delay_problem(value)
  local milliseconds = scalar.duration { text = value }
  if value == "p95" or milliseconds and milliseconds >= 1 and milliseconds <= 600000 then return nil end
  return "must be p95, or a duration from 1ms to 10m"
end

--- Another target beside one that is slow. Of the root's strategy alone.
local hedge = { "record", optional = true, fields = {
  delay = { "string", check = delay_problem },
  max = { "integer", min = 1, max = 3 },
} }

local root_strategy = { hedge = hedge }
for name, field in pairs(strategy) do root_strategy[name] = field end

--- When new requests are turned away so that those inside keep their pace.
local overload = {
  memory = { "bytes", max = "1024GiB", default = "0B", setting = "overload_memory_bytes" },
  loop_lag = { "duration", max = "2s", default = "500ms", setting = "overload_lag_ms" },
  retry_after = { "duration", min = "1s", max = "1h", default = "1s", setting = "overload_retry_ms" },
}

--- When a new generation of scripts is given up for the one before. 0 switches a sign off.
local rollback = {
  window = { "duration", max = "1h", default = "60s", setting = "script_rollback_window_ms" },
  fault_rate = { "number", min = 0, max = 1, default = 0.05, setting = "script_rollback_fault_ppm", scale = 1000000 },
  p99 = { "duration", max = "60s", default = "20ms", setting = "script_rollback_p99_us", scale = 1000 },
}

return { "record", fields = {
  apiVersion = { "string", default = "v1" },
  max_request_bytes = { "bytes", min = 1, max = "1GiB", default = "32MiB", setting = "max_request_bytes" },
  request_timeout = { "duration", check = positive_time, says = "invalid request_timeout" },
  strategy = { "record", fields = root_strategy },
  targets = { "array", of = { "record", fields = target }, word = "auto", required = true,
    missing = 'at least one target is required (or write "targets: auto")' },
  aliases = { "map", of = "string", default = {} },
  plugins = { "array", of = { "record", fields = plugin }, default = {} },
  mcp_servers = later,
  observability = { "record", fields = { tracing = later, exporters = later } },
  compatibility = { "record", fields = {
    on_unsupported_param = { "string", one_of = { "warn", "drop", "reject" }, default = "warn",
      says = "compatibility.on_unsupported_param must be one of warn, drop, reject" },
    provider_field = { "boolean", default = false },
  } },
  retry_budget = { "record", fields = {
    ratio = { "number", min = 0, max = 1, default = 0.2 },
    min_per_second = { "number", min = 0, max = 1000000, default = 10 },
  } },
  batch_target = { "string" },
  responses_target = { "string" },
  server = { "record", fields = server },
  auth = { "record", fields = {
    master_key = { "string", max = 511, expand = true, secret = true, check = key_problem, setting = "master_key" },
    allow_unauthenticated_proxy = { "boolean", default = false, setting = "open_proxy" },
  } },
  log = { "record", fields = {
    level = { "string", one_of = { "debug", "info", "warn", "warning", "error" }, default = "info",
      setting = "log_level" },
  } },
  limits = { "record", fields = limits },
  overload = { "record", fields = overload },
  timeouts = { "record", fields = timeouts },
  upstream = { "record", fields = upstream },
  client_gone = { "record", fields = client_gone },
  scripts = { "record", fields = {
    cpu_limit = { "duration", min = "1ms", max = "10s", default = "20ms", setting = "script_cpu_ms" },
    memory_limit = { "bytes", min = "8MiB", max = "4GiB", default = "64MiB", setting = "script_memory_bytes" },
    path = { "string", min = 1, max = 511, setting = "script_path" },
    require_specs = { "boolean", default = false },
    rollback = { "record", fields = rollback },
    http_allow = { "array", of = { "string", min = 1, max = 253, check = host_rule_problem }, max = 32, default = {},
      setting = "script_http_allow" },
    shadow = { "string", max = 511, check = shadow_problem },
  } },
  discovery = { "record", fields = {
    interval = { "duration", default = "0s", check = interval_problem },
    jitter = { "number", min = 0, max = 1, default = 0.1 },
  } },
  catalog = { "record", fields = {
    overlay = { "string", min = 1, max = 511, check = json_file_problem },
  } },
  events = events,
  recording = { "record", fields = {
    path = { "string", max = 511, default = "", setting = "recording_path" },
    sample = { "number", min = 0, max = 1, default = 1, setting = "recording_sample_ppm", scale = 1000000 },
    redact = { "boolean", default = true, setting = "recording_redact" },
    max_size = { "bytes", min = "4KiB", max = "1024GiB", default = "256MiB", setting = "recording_bytes" },
  } },
} }
