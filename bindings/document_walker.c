// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/document.h"

/* document.walker(rules): places of strings, compiled once per generation. `rules` is an array of
 *   { path = "messages[].content",         `[]` any element, `.*` any member, a last `**` every value here and below
 *     kind = "text",                       absent: what stands here is passed over
 *     role = "messages[].role",            the member that names whose text it is, on the way to the place; or
 *     fixed = "user",                      whose text it is (also when the member is not there)
 *     tool_kind = "tool_result",           the kind when that role is "tool" or "function"
 *     except = "type id",                  of a `**`: members of these names are passed over, wherever they are
 *     unless = "data:",                    strings that begin so are passed over
 *     only_type = "text" }                 only beside a member "type" of this value */

#define WALKER_TYPE "document.walker"

struct walker {
  struct json_rules *rules; /* owned */
};

static int walker_collect(lua_State *L) {
  json_rules_free(((struct walker *)lua_touserdata(L, 1))->rules);
  return 0;
}

/* The string rule[name], the rule being on top; it stays borrowed from there. */
static struct slice field(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  struct slice value = lua_isnil(L, -1) ? (struct slice){"", 0} : bind_slice(L, -1);
  lua_pop(L, 1);
  return value;
}

static void rule_add(lua_State *L, struct json_rules *rules) {
  luaL_checktype(L, -1, LUA_TTABLE);
  struct json_rule rule = {.path = field(L, "path"),
                           .kind = field(L, "kind"),
                           .fixed = field(L, "fixed"),
                           .tool_kind = field(L, "tool_kind"),
                           .except = field(L, "except"),
                           .unless = field(L, "unless"),
                           .only_type = field(L, "only_type")};
  const char *fault = json_rules_add(rules, &rule, field(L, "role"));
  if (fault) luaL_error(L, "'%s': %s", rule.path.ptr, fault);
}

static void type_open(lua_State *L) {
  if (luaL_newmetatable(L, WALKER_TYPE)) {
    lua_pushcfunction(L, walker_collect);
    lua_setfield(L, -2, "__gc");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
  }
}

int bind_document_walker(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  struct walker *walker = lua_newuserdata(L, sizeof *walker);
  walker->rules = json_rules_new();
  type_open(L);
  lua_setmetatable(L, -2);
  for (int i = 1;; i++) {
    lua_rawgeti(L, 1, i);
    if (lua_isnil(L, -1)) break;
    rule_add(L, walker->rules);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return 1;
}

const struct json_rules *bind_walker(lua_State *L, int index, int document_index) {
  const struct walker *walker = luaL_checkudata(L, index, WALKER_TYPE);
  struct document *document = bind_document(L, document_index);
  if (document->walked == walker->rules) return walker->rules;
  document->walked = walker->rules;
  lua_getfenv(L, document_index);
  lua_pushvalue(L, index);
  lua_pushboolean(L, true);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return walker->rules;
}
