// SPDX-License-Identifier: Apache-2.0
#include "bindings/fetch_options.h"

#include "bindings/bind.h"
#include "upstream/transfer.h"

enum { TIMEOUT_MS = 5000, TIMEOUT_MOST_MS = 60000, BODY_BYTES = 1024 * 1024, BODY_MOST_BYTES = 8 * 1024 * 1024 };

/* ---- reading ---- */

static bool is_option(const char *name) {
  static const char *const names[] = {"url", "method", "headers", "body", "timeout_ms", "allow", "max_bytes"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) == 0) return true;
  }
  return false;
}

static void names_check(lua_State *L) {
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "(no name)";
    if (!is_option(name)) luaL_error(L, "fetch knows no option %s", name);
  }
}

/* Pushes a member with raw access; the caller pops it. */
static int push_option(lua_State *L, const char *name) {
  lua_pushlstring(L, name, strlen(name));
  lua_rawget(L, 1);
  return lua_type(L, -1);
}

/* The table keeps the string alive. */
static struct slice text_option(lua_State *L, const char *name, struct slice otherwise) {
  int type = push_option(L, name);
  if (type != LUA_TNIL && type != LUA_TSTRING) luaL_error(L, "fetch: %s must be a string", name);
  struct slice text = type == LUA_TNIL ? otherwise : bind_slice(L, -1);
  lua_pop(L, 1);
  return text;
}

static lua_Number number_option(lua_State *L, const char *name, lua_Number otherwise, lua_Number most) {
  int type = push_option(L, name);
  lua_Number value = type == LUA_TNIL ? otherwise : lua_tonumber(L, -1);
  bool fits = (type == LUA_TNIL || type == LUA_TNUMBER) && value >= 1 && value <= most;
  if (!fits) luaL_error(L, "fetch: %s must be a number between 1 and %d", name, (int)most);
  lua_pop(L, 1);
  return value;
}

static void table_option(lua_State *L, const char *name) {
  int type = push_option(L, name);
  if (type != LUA_TNIL && type != LUA_TTABLE) luaL_error(L, "fetch: %s must be a table", name);
  lua_pop(L, 1);
}

void fetch_options_read(lua_State *L, struct fetch_options *options) {
  names_check(L);
  *options = (struct fetch_options){0};
  options->url = text_option(L, "url", (struct slice){0});
  if (!options->url.ptr) luaL_error(L, "fetch needs a url");
  options->body = text_option(L, "body", (struct slice){0});
  options->has_body = options->body.ptr != NULL;
  options->method = text_option(L, "method", options->has_body ? SLICE_LITERAL("POST") : SLICE_LITERAL("GET"));
  options->timeout_ms = (unsigned)number_option(L, "timeout_ms", TIMEOUT_MS, TIMEOUT_MOST_MS);
  options->max_bytes = (uint64_t)number_option(L, "max_bytes", BODY_BYTES, BODY_MOST_BYTES);
  table_option(L, "headers");
  table_option(L, "allow");
}

/* ---- who may be called ---- */

bool fetch_options_listed(const struct url *address, struct slice listed) {
  while (listed.len > 0) {
    const char *blank = memchr(listed.ptr, ' ', listed.len);
    size_t len = blank ? (size_t)(blank - listed.ptr) : listed.len;
    if (url_allowed(address, slice_make(listed.ptr, len))) return true;
    listed = slice_from(listed, len + 1);
  }
  return false;
}

bool fetch_options_allowed(lua_State *L, const struct fetch_options *options, struct slice listed) {
  bool allowed = fetch_options_listed(&options->address, listed);
  int type = push_option(L, "allow");
  int count = type == LUA_TTABLE ? (int)lua_objlen(L, -1) : 0;
  for (int i = 1; i <= count && !allowed; i++) {
    lua_rawgeti(L, -1, i);
    allowed = lua_type(L, -1) == LUA_TSTRING && url_allowed(&options->address, bind_slice(L, -1));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return allowed;
}

/* ---- headers ---- */

static int header_write(lua_State *L, struct buffer *out, bool *agent, struct error *error) {
  if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
    return luaL_error(L, "fetch: headers are strings by name");
  }
  struct http_field field = {bind_slice(L, -2), bind_slice(L, -1)};
  if (slice_equal_caseless(field.name, SLICE_LITERAL("user-agent"))) *agent = true;
  return transfer_fields_prepare(&field, 1, out, error);
}

int fetch_options_headers(lua_State *L, struct buffer *out, struct error *error) {
  static const struct http_field agent = {{"User-Agent", 10}, {"moongate", 8}};
  bool named = false;
  buffer_clear(out);
  if (push_option(L, "headers") == LUA_TTABLE) {
    int table = lua_gettop(L);
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
      if (header_write(L, out, &named, error) < 0) return -1;
    }
  }
  lua_pop(L, 1);
  return named ? 0 : transfer_fields_prepare(&agent, 1, out, error);
}

/* ---- for a fake ---- */

void fetch_options_push(lua_State *L, const struct fetch_options *options) {
  lua_createtable(L, 0, 5);
  bind_push_slice(L, options->url);
  lua_setfield(L, -2, "url");
  bind_push_slice(L, options->method);
  lua_setfield(L, -2, "method");
  if (push_option(L, "headers") == LUA_TNIL) {
    lua_pop(L, 1);
    lua_newtable(L);
  }
  lua_setfield(L, -2, "headers");
  if (options->has_body) bind_push_slice(L, options->body);
  if (options->has_body) lua_setfield(L, -2, "body");
  lua_pushinteger(L, (lua_Integer)options->timeout_ms);
  lua_setfield(L, -2, "timeout_ms");
}
