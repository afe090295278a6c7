// SPDX-License-Identifier: Apache-2.0
#include <limits.h>
#include <math.h>
#include <string.h>

#include "bindings/config.h"

enum setting_type { SETTING_TEXT, SETTING_FLAG, SETTING_UNSIGNED, SETTING_WIDE };

struct setting {
  const char *name;
  size_t offset;
  enum setting_type type;
  size_t size;
};

#define SETTING(member, type) \
  { #member, offsetof(struct settings, member), type, sizeof((struct settings *)0)->member }

static const struct setting members[] = {
    SETTING(host, SETTING_TEXT),
    SETTING(port, SETTING_UNSIGNED),
    SETTING(workers, SETTING_UNSIGNED),
    SETTING(log_level, SETTING_TEXT),
    SETTING(master_key, SETTING_TEXT),
    SETTING(open_proxy, SETTING_FLAG),
    SETTING(drain_ms, SETTING_UNSIGNED),
    SETTING(max_request_bytes, SETTING_WIDE),
    SETTING(request_line_bytes, SETTING_UNSIGNED),
    SETTING(head_bytes, SETTING_UNSIGNED),
    SETTING(header_count, SETTING_UNSIGNED),
    SETTING(header_name_bytes, SETTING_UNSIGNED),
    SETTING(header_value_bytes, SETTING_UNSIGNED),
    SETTING(query_parameters, SETTING_UNSIGNED),
    SETTING(requests_per_connection, SETTING_UNSIGNED),
    SETTING(connections_per_worker, SETTING_UNSIGNED),
    SETTING(connections_per_address, SETTING_UNSIGNED),
    SETTING(queue_high_bytes, SETTING_UNSIGNED),
    SETTING(queue_low_bytes, SETTING_UNSIGNED),
    SETTING(queue_cap_bytes, SETTING_UNSIGNED),
    SETTING(trusted_proxies, SETTING_TEXT),
    SETTING(address_rate_milli, SETTING_UNSIGNED),
    SETTING(address_burst, SETTING_UNSIGNED),
    SETTING(overload_memory_bytes, SETTING_WIDE),
    SETTING(overload_lag_ms, SETTING_UNSIGNED),
    SETTING(overload_retry_ms, SETTING_UNSIGNED),
    SETTING(first_byte_ms, SETTING_UNSIGNED),
    SETTING(head_ms, SETTING_UNSIGNED),
    SETTING(body_idle_ms, SETTING_UNSIGNED),
    SETTING(body_total_ms, SETTING_UNSIGNED),
    SETTING(body_rate_bytes, SETTING_UNSIGNED),
    SETTING(body_grace_ms, SETTING_UNSIGNED),
    SETTING(keep_alive_ms, SETTING_UNSIGNED),
    SETTING(write_stall_ms, SETTING_UNSIGNED),
    SETTING(heartbeat_ms, SETTING_UNSIGNED),
    SETTING(upstream_dns_ms, SETTING_UNSIGNED),
    SETTING(upstream_connect_ms, SETTING_UNSIGNED),
    SETTING(upstream_first_byte_ms, SETTING_UNSIGNED),
    SETTING(upstream_idle_ms, SETTING_UNSIGNED),
    SETTING(upstream_total_ms, SETTING_UNSIGNED),
    SETTING(upstream_pool_idle_ms, SETTING_UNSIGNED),
    SETTING(upstream_pool_age_ms, SETTING_UNSIGNED),
    SETTING(upstream_pool_idle_max, SETTING_UNSIGNED),
    SETTING(upstream_body_bytes, SETTING_WIDE),
    SETTING(sse_event_bytes, SETTING_WIDE),
    SETTING(stream_bytes, SETTING_WIDE),
    SETTING(ca_file, SETTING_TEXT),
    SETTING(https_proxy, SETTING_TEXT),
    SETTING(http_proxy, SETTING_TEXT),
    SETTING(no_proxy, SETTING_TEXT),
    SETTING(client_gone_policy, SETTING_TEXT),
    SETTING(client_gone_routes, SETTING_TEXT),
    SETTING(client_gone_calls, SETTING_UNSIGNED),
    SETTING(script_cpu_ms, SETTING_UNSIGNED),
    SETTING(script_memory_bytes, SETTING_WIDE),
    SETTING(script_path, SETTING_TEXT),
    SETTING(script_rollback_window_ms, SETTING_UNSIGNED),
    SETTING(script_rollback_fault_ppm, SETTING_UNSIGNED),
    SETTING(script_rollback_p99_us, SETTING_UNSIGNED),
    SETTING(recording_path, SETTING_TEXT),
    SETTING(recording_sample_ppm, SETTING_UNSIGNED),
    SETTING(recording_redact, SETTING_FLAG),
    SETTING(recording_bytes, SETTING_WIDE),
    SETTING(script_http_allow, SETTING_TEXT),
};
enum { MEMBERS = sizeof members / sizeof *members };

static int refuse(struct error *error, const struct setting *member, const char *why) {
  return error_set(error, 0, "setting_invalid", "setting %s: %s", member->name, why);
}

static int text_fill(const struct setting *member, char *target, lua_State *L, struct error *error) {
  size_t len;
  if (lua_type(L, -1) != LUA_TSTRING) return refuse(error, member, "not a string");
  const char *text = lua_tolstring(L, -1, &len);
  if (len >= member->size) return refuse(error, member, "too long");
  if (memchr(text, '\0', len)) return refuse(error, member, "holds a NUL");
  memset(target, 0, member->size);
  memcpy(target, text, len);
  return 0;
}

static int number_fill(const struct setting *member, void *target, lua_State *L, struct error *error) {
  double most = member->type == SETTING_WIDE ? 9007199254740991.0 : (double)UINT_MAX;
  if (lua_type(L, -1) != LUA_TNUMBER) return refuse(error, member, "not a number");
  double value = lua_tonumber(L, -1);
  if (!(value >= 0 && value <= most) || floor(value) != value) return refuse(error, member, "out of range");
  if (member->type == SETTING_WIDE) {
    *(uint64_t *)target = (uint64_t)value;
  } else {
    *(unsigned *)target = (unsigned)value;
  }
  return 0;
}

/* The value is on top of the stack. */
static int member_fill(const struct setting *member, struct settings *settings, lua_State *L, struct error *error) {
  void *target = (char *)settings + member->offset;
  if (member->type == SETTING_TEXT) return text_fill(member, target, L, error);
  if (member->type != SETTING_FLAG) return number_fill(member, target, L, error);
  if (!lua_isboolean(L, -1)) return refuse(error, member, "not a boolean");
  *(bool *)target = lua_toboolean(L, -1);
  return 0;
}

static bool member_named(const char *name) {
  for (size_t i = 0; i < MEMBERS; i++) {
    if (strcmp(members[i].name, name) == 0) return true;
  }
  return false;
}

static int names_check(lua_State *L, int index, struct error *error) {
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "(no string)";
    if (member_named(name)) continue;
    lua_pop(L, 2);
    return error_set(error, 0, "setting_invalid", "setting %.60s: not known to this program", name);
  }
  return 0;
}

int config_settings_fill(struct settings *settings, lua_State *L, int index, struct error *error) {
  if (index < 0) index += lua_gettop(L) + 1;
  if (!lua_istable(L, index)) return error_set(error, 0, "setting_invalid", "settings are no table");
  if (names_check(L, index, error) < 0) return -1;
  struct settings filled = {0};
  for (size_t i = 0; i < MEMBERS; i++) {
    lua_getfield(L, index, members[i].name);
    int result = member_fill(&members[i], &filled, L, error);
    lua_pop(L, 1);
    if (result < 0) return -1;
  }
  *settings = filled;
  return 0;
}
