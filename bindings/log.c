// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.h"

#include "bindings/bind.h"
#include "bindings/rehearsal.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.log: lines of scripts. debug, info, warn, error(message [, fields]); fields are strings, numbers, booleans.
 * Every line loses what looks like a credential or an address of a person; what a client wrote must not be put there at
 * all. redacted(text) is what such a line would show of a text. Where there is no log (specs, check) the arguments are
 * checked all the same. */

void bind_log(lua_State *L);

enum { KEY_MAX = 64 };

static struct log *log_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker ? worker->log : NULL;
}

/* A name goes into the line as it is: nothing in it may need an escape, nor stand for the line's own members. */
static const char *key_check(lua_State *L, int index) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  if (lua_type(L, index) != LUA_TSTRING) luaL_error(L, "the names of log fields are strings");
  struct slice key = bind_slice(L, index);
  if (key.len == 0 || key.len > KEY_MAX || strspn(key.ptr, letters) != key.len) {
    luaL_error(L, "a log field's name has 1 to %d letters, digits, '_', '.' or '-'", KEY_MAX);
  }
  if (strcmp(key.ptr, "time") == 0 || strcmp(key.ptr, "level") == 0 || strcmp(key.ptr, "msg") == 0) {
    luaL_error(L, "every log line has its own %s", key.ptr);
  }
  return key.ptr;
}

/* The value of one field is on top, its name below. */
static void field_write(lua_State *L, struct log *log) {
  const char *key = key_check(L, -2);
  switch (lua_type(L, -1)) {
    case LUA_TSTRING:
      if (log) log_text(log, key, bind_slice(L, -1));
      break;
    case LUA_TNUMBER:
      if (log) log_number(log, key, lua_tonumber(L, -1));
      break;
    case LUA_TBOOLEAN:
      if (log) log_raw(log, key, lua_toboolean(L, -1) ? SLICE_LITERAL("true") : SLICE_LITERAL("false"));
      break;
    default:
      luaL_error(L, "log field %s is a %s; strings, numbers and booleans can be logged", key, luaL_typename(L, -1));
  }
}

static void fields_write(lua_State *L, struct log *log) {
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) field_write(L, log);
}

static const char *level_name(enum log_level level) {
  static const char *const names[] = {"debug", "info", "warn", "error"};
  return names[level];
}

static int line_write(lua_State *L, enum log_level level) {
  struct log *log = log_of(L);
  struct slice message = bind_slice(L, 1);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    fields_write(L, NULL); /* a bad field raises before the line is begun */
  }
  if (rehearsal_is_on(L)) rehearsal_log(L, level_name(level));
  if (!log || !log_enabled(log, level)) return 0;
  log_begin_text(log, level, message);
  if (!lua_isnil(L, 2)) fields_write(L, log);
  log_end(log);
  return 0;
}

static int log_debug(lua_State *L) {
  return line_write(L, LOG_DEBUG);
}

static int log_info(lua_State *L) {
  return line_write(L, LOG_INFO);
}

static int log_warn(lua_State *L) {
  return line_write(L, LOG_WARN);
}

static int log_error(lua_State *L) {
  return line_write(L, LOG_ERROR);
}

/* hide(name, secret), for the hallway: no line shows it from now on */
static int log_hide_secret(lua_State *L) {
  struct log *log = log_of(L);
  struct slice name = bind_slice(L, 1), secret = bind_slice(L, 2);
  if (log) log_hide(log, name, secret);
  return 0;
}

static int redacted_push(lua_State *L) {
  const struct buffer *text = lua_touserdata(L, 1);
  bind_push_slice(L, buffer_slice(text));
  return 1;
}

/* redacted(text) -> the text as a line would show it. Pushing runs protected: the buffer must be freed. */
static int log_redacted(lua_State *L) {
  struct slice text = bind_slice(L, 1);
  struct buffer out = {0};
  lua_pushcfunction(L, redacted_push);
  lua_pushlightuserdata(L, &out);
  log_redact(log_of(L), text, &out);
  int status = lua_pcall(L, 1, 1, 0);
  buffer_free(&out);
  return status == 0 ? 1 : lua_error(L);
}

void bind_log(lua_State *L) {
  static const luaL_Reg functions[] = {{"debug", log_debug}, {"info", log_info},        {"warn", log_warn},
                                       {"error", log_error}, {"hide", log_hide_secret}, {"redacted", log_redacted},
                                       {NULL, NULL}};
  static const luaL_Reg for_scripts[] = {{"debug", log_debug}, {"info", log_info},         {"warn", log_warn},
                                         {"error", log_error}, {"redacted", log_redacted}, {NULL, NULL}};
  bind_door_private(L, "log", functions);
  bind_door(L, "log", for_scripts);
}
