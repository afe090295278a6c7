// SPDX-License-Identifier: Apache-2.0
#include "bindings/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/network.h"
#include "bindings/bind.h"
#include "config/file.h"
#include "config/tree.h"
#include "process/worker.h"
#include "script/vm.h"

static void set_integer(lua_State *L, const char *name, unsigned value) {
  lua_pushinteger(L, (lua_Integer)value);
  lua_setfield(L, -2, name);
}

static void set_slice(lua_State *L, const char *name, struct slice value) {
  bind_push_slice(L, value);
  lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

static void node_push(lua_State *L, const struct tree *node);

static void entry_push(lua_State *L, const struct tree *child) {
  lua_createtable(L, 0, 4);
  set_slice(L, "key", child->key);
  set_integer(L, "line", child->key_line);
  set_integer(L, "column", child->key_column);
  node_push(L, child);
  lua_setfield(L, -2, "value");
}

static void children_push(lua_State *L, const struct tree *node) {
  int position = 0;
  lua_createtable(L, (int)node->count, 0);
  for (const struct tree *child = node->first; child; child = child->next) {
    if (node->kind == TREE_MAP) {
      entry_push(L, child);
    } else {
      node_push(L, child);
    }
    lua_rawseti(L, -2, ++position);
  }
}

/* Recursive: a tree is at most TREE_DEPTH_MAX deep. */
static void node_push(lua_State *L, const struct tree *node) {
  static const char *const kinds[] = {[TREE_SCALAR] = "scalar", [TREE_MAP] = "map", [TREE_LIST] = "list"};
  luaL_checkstack(L, 8, "configuration too deep");
  lua_createtable(L, 0, 6);
  set_slice(L, "kind", slice_text(kinds[node->kind]));
  set_integer(L, "line", node->line);
  set_integer(L, "column", node->column);
  if (node->kind == TREE_SCALAR) {
    set_slice(L, "text", node->text);
    set_flag(L, "quoted", node->quoted);
    set_flag(L, "null", node->null);
  } else {
    children_push(L, node);
    lua_setfield(L, -2, node->kind == TREE_MAP ? "entries" : "items");
  }
}

static void faults_push(lua_State *L, const struct tree_faults *faults) {
  lua_createtable(L, (int)faults->count, 0);
  for (unsigned i = 0; i < faults->count; i++) {
    lua_createtable(L, 0, 3);
    set_integer(L, "line", faults->items[i].line);
    set_integer(L, "column", faults->items[i].column);
    set_slice(L, "message", slice_text(faults->items[i].message));
    lua_rawseti(L, -2, (int)i + 1);
  }
}

struct parsed {
  struct arena arena;
  struct tree_faults faults;
  struct tree *root;
};

static int parsed_push(lua_State *L) {
  const struct parsed *parsed = lua_touserdata(L, 1);
  lua_settop(L, 0);
  if (parsed->root) node_push(L, parsed->root);
  if (!parsed->root) lua_pushnil(L);
  if (parsed->faults.count > 0) faults_push(L, &parsed->faults);
  if (parsed->faults.count == 0) lua_pushnil(L);
  return 2;
}

/* Pushing runs protected: a VM at its memory limit must not keep the arena. */
static int door_parse(lua_State *L) {
  static const char *const formats[] = {"yaml", "json", NULL};
  struct slice text = bind_slice(L, 1);
  int format = luaL_checkoption(L, 2, NULL, formats);
  struct parsed parsed = {0};
  lua_pushcfunction(L, parsed_push);
  lua_pushlightuserdata(L, &parsed);
  parsed.root = format == 0 ? tree_parse_yaml(text, &parsed.arena, &parsed.faults)
                            : tree_parse_json(text, &parsed.arena, &parsed.faults);
  int status = lua_pcall(L, 1, 2, 0);
  arena_free(&parsed.arena);
  return status == 0 ? 2 : lua_error(L);
}

static int read_push(lua_State *L) {
  const struct buffer *bytes = lua_touserdata(L, 1);
  bind_push_slice(L, buffer_slice(bytes));
  return 1;
}

static int door_read(lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  struct buffer bytes = {0};
  struct error error;
  lua_pushcfunction(L, read_push);
  lua_pushlightuserdata(L, &bytes);
  struct slice held;
  if (vm_configuration(vm_of(L), path, &held)) {
    lua_pop(L, 2);
    bind_push_slice(L, held);
    return 1;
  }
  if (config_file_read(path, &bytes, &error) < 0) {
    buffer_free(&bytes);
    lua_pushnil(L);
    bind_push_slice(L, slice_text(error.message));
    return 2;
  }
  int status = lua_pcall(L, 1, 1, 0);
  buffer_free(&bytes);
  return status == 0 ? 1 : lua_error(L);
}

static int door_is_folder(lua_State *L) {
  struct stat status;
  lua_pushboolean(L, stat(luaL_checkstring(L, 1), &status) == 0 && S_ISDIR(status.st_mode));
  return 1;
}

/* [A-Za-z_][A-Za-z0-9_]*: what ${NAME} can name. */
static bool variable_name(struct slice name) {
  for (size_t i = 0; i < name.len; i++) {
    unsigned char byte = (unsigned char)name.ptr[i];
    if (byte != '_' && !isalpha(byte) && !(i > 0 && isdigit(byte))) return false;
  }
  return name.len > 0;
}

/* Takes the name at the last argument, so that it serves as __index too. */
static int door_variable(lua_State *L) {
  struct slice name = bind_slice(L, lua_gettop(L));
  const char *value = variable_name(name) ? getenv(name.ptr) : NULL;
  if (!value) return 0;
  bind_push_slice(L, slice_text(value));
  return 1;
}

/* Variables that configure a gateway, by name or by ending: no vendor is known here. */
static bool variable_matters(struct slice name) {
  static const char *const names[] = {
      "HOST",           "PORT",
      "WORKERS",        "GATEWAY_CONFIG",
      "GATEWAY_ENV",    "GATEWAY_SCRIPTS",
      "LOG_LEVEL",      "LOG_FORMAT",
      "MASTER_KEY",     "ALLOW_UNAUTHENTICATED_PROXY",
      "CORS_ORIGINS",   "TRUSTED_PROXIES",
      "RATE_LIMIT_RPS", "RATE_LIMIT_BURST",
      "ENABLE_PPROF",   "HTTPS_PROXY",
      "HTTP_PROXY",     "NO_PROXY",
      "https_proxy",    "http_proxy",
      "no_proxy",       "AWS_BEARER_TOKEN_BEDROCK",
  };
  static const char *const endings[] = {
      "_API_KEY",       "_BASE_URL",
      "_ENDPOINT",      "_API_VERSION",
      "_DEPLOYMENT",    "_ACCOUNT_ID",
      "_TOKEN",         "_PAT",
      "_JWT",           "_HOST",
      "_MODELS",        "_PROJECT_ID",
      "_REGION",        "_SERVICE_ACCOUNT_JSON",
      "_ACCESS_KEY",    "_SECRET_KEY",
      "_ACCESS_KEY_ID", "_CREDENTIALS",
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (slice_equal(name, slice_text(names[i]))) return true;
  }
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
    struct slice ending = slice_text(endings[i]);
    if (name.len > ending.len && slice_equal(slice_from(name, name.len - ending.len), ending)) return true;
  }
  return false;
}

static int door_environment(lua_State *L) {
  lua_newtable(L);
  for (char **each = environ; each && *each; each++) {
    const char *equals = strchr(*each, '=');
    struct slice name = slice_make(*each, equals ? (size_t)(equals - *each) : 0);
    if (!variable_matters(name)) continue;
    bind_push_slice(L, name);
    bind_push_slice(L, slice_text(equals + 1));
    lua_rawset(L, -3);
  }
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, door_variable);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
  return 1;
}

static int door_settings(lua_State *L) {
  struct worker *worker = vm_host(L);
  struct settings unused;
  struct error error;
  luaL_checktype(L, 1, LUA_TTABLE);
  if (config_settings_fill(worker ? &worker->settings : &unused, L, 1, &error) == 0) {
    lua_pushboolean(L, true);
    return 1;
  }
  lua_pushnil(L);
  bind_push_slice(L, slice_text(error.message));
  return 2;
}

static int door_is_network(lua_State *L) {
  struct network unused;
  lua_pushboolean(L, network_parse(bind_slice(L, 1), &unused));
  return 1;
}

void bind_config(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"parse", door_parse},           {"read", door_read},
      {"variable", door_variable},     {"environment", door_environment},
      {"settings", door_settings},     {"is_folder", door_is_folder},
      {"is_network", door_is_network}, {0},
  };
  bind_door_private(L, "config", functions);
}
