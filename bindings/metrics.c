// SPDX-License-Identifier: Apache-2.0
#include "telemetry/metrics.h"

#include "bindings/bind.h"
#include "bindings/rehearsal.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.metrics. For scripts: count(name[, by]) adds to gateway_script_events_total{name}; a name has 1 to 64 of
 * a-z 0-9 _ . -, and after some hundred names the rest is counted as `other`. For the hallway, also series of the
 * published families. Handles live as long as the process; where there are no metrics
 * (specs, check) they take numbers and keep nothing. */

void bind_metrics(lua_State *L);

#define METRIC_TYPE "gateway.metric"
enum { LABELS_MAX = 4 };

struct metric_handle {
  struct metric *metric; /* null where there are no metrics */
  enum metrics_family family;
};

static struct metrics *metrics_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker ? worker->metrics : NULL;
}

static const struct metric_handle *handle_check(lua_State *L) {
  return luaL_checkudata(L, 1, METRIC_TYPE);
}

static void kind_check(lua_State *L, bool fits, const char *wanted) {
  if (!fits) luaL_error(L, "this metric is no %s", wanted);
}

/* Numbers that a 64-bit cell holds exactly. */
static lua_Number number_check(lua_State *L, lua_Number least) {
  lua_Number value = luaL_checknumber(L, 2);
  luaL_argcheck(L, value >= least && value <= 0x1p53, 2, "out of range");
  return value;
}

static int metric_add_by(lua_State *L) {
  const struct metric_handle *handle = handle_check(L);
  kind_check(L, !metrics_is_gauge(handle->family) && !metrics_is_histogram(handle->family), "counter");
  if (lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    lua_pushinteger(L, 1);
  }
  lua_Number by = number_check(L, 0);
  if (handle->metric) metric_add(handle->metric, (uint64_t)by);
  return 0;
}

static int metric_set_to(lua_State *L) {
  const struct metric_handle *handle = handle_check(L);
  kind_check(L, metrics_is_gauge(handle->family), "gauge");
  lua_Number value = number_check(L, -0x1p53);
  if (handle->metric) metric_set(handle->metric, (int64_t)value);
  return 0;
}

static int metric_observe_micros(lua_State *L) {
  const struct metric_handle *handle = handle_check(L);
  kind_check(L, metrics_is_histogram(handle->family), "histogram");
  lua_Number micros = number_check(L, 0);
  if (handle->metric) metric_observe(handle->metric, (uint64_t)micros);
  return 0;
}

static enum metrics_family family_check(lua_State *L) {
  enum metrics_family family = METRIC_FAMILIES;
  if (!metrics_family_parse(bind_slice(L, 1), &family)) luaL_error(L, "there is no metric %s", lua_tostring(L, 1));
  return family;
}

/* series(family, label, ...) -> handle with add(n), set(n), observe(microseconds) */
static int metrics_series_named(lua_State *L) {
  struct metrics *metrics = metrics_of(L);
  enum metrics_family family = family_check(L);
  struct slice labels[LABELS_MAX];
  int count = lua_gettop(L) - 1;
  if (count != (int)metrics_label_count(family)) {
    return luaL_error(L, "metric %s has %d labels, not %d", lua_tostring(L, 1), (int)metrics_label_count(family),
                      count);
  }
  for (int i = 0; i < count; i++) labels[i] = bind_slice(L, i + 2);
  struct metric_handle *handle = lua_newuserdata(L, sizeof *handle);
  handle->family = family;
  handle->metric = metrics ? metrics_series(metrics, family, labels, (unsigned)count) : NULL;
  luaL_getmetatable(L, METRIC_TYPE);
  lua_setmetatable(L, -2);
  return 1;
}

static int text_push(lua_State *L) {
  const struct buffer *text = lua_touserdata(L, 1);
  bind_push_slice(L, buffer_slice(text));
  return 1;
}

/* moment() -> what render takes: nanoseconds, good to a few of them */
static int metrics_moment_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)metrics_moment());
  return 1;
}

/* What a full table makes: rendering it is no script's fault. */
enum { RENDERED_MOST = 2 * 1024 * 1024 };

/* render([since]) -> the text exposition of all workers, without the gauges that were to be written since that moment
 * and were not: what they are about is gone. A refused allocation of the string must not leak the text. */
static int metrics_render_text(lua_State *L) {
  struct metrics *metrics = metrics_of(L);
  struct buffer text = {0};
  uint64_t since = (uint64_t)luaL_optnumber(L, 1, 0);
  if (!metrics) return luaL_error(L, "there are no metrics here");
  vm_work_expect(vm_of(L), RENDERED_MOST);
  lua_pushcfunction(L, text_push);
  lua_pushlightuserdata(L, &text);
  metrics_render(metrics, since, &text);
  int status = lua_pcall(L, 1, 1, 0);
  buffer_free(&text);
  return status == 0 ? 1 : lua_error(L);
}

enum { EVENT_NAME_MAX = 64 };

static struct slice event_name_check(lua_State *L) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
  struct slice name = bind_slice(L, 1);
  bool fits = name.len > 0 && name.len <= EVENT_NAME_MAX && strspn(name.ptr, letters) == name.len;
  luaL_argcheck(L, fits, 1, "1 to 64 of a-z, 0-9, '_', '.' and '-'");
  return name;
}

static int metrics_count(lua_State *L) {
  struct metrics *metrics = metrics_of(L);
  struct slice name = event_name_check(L);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_settop(L, 1);
    lua_pushinteger(L, 1);
  }
  lua_Number by = number_check(L, 0);
  if (rehearsal_is_on(L)) rehearsal_count(L, name.ptr, by);
  if (metrics) metric_add(metrics_series(metrics, METRIC_SCRIPT_EVENTS, &name, 1), (uint64_t)by);
  return 0;
}

void bind_metrics(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"add", metric_add_by}, {"set", metric_set_to}, {"observe", metric_observe_micros}, {NULL, NULL}};
  static const luaL_Reg functions[] = {{"series", metrics_series_named},
                                       {"render", metrics_render_text},
                                       {"moment", metrics_moment_now},
                                       {"count", metrics_count},
                                       {NULL, NULL}};
  static const luaL_Reg for_scripts[] = {{"count", metrics_count}, {NULL, NULL}};
  bind_box_type(L, METRIC_TYPE, methods);
  bind_door_private(L, "metrics", functions);
  bind_door(L, "metrics", for_scripts);
}
