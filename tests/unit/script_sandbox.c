// SPDX-License-Identifier: Apache-2.0
#include "script/sandbox.h"
#include "script/state.h"
#include "script_holds.h"

/* ---- what is there ---- */

static const char *const allowed[] = {
    "assert",       "error",        "getmetatable",   "ipairs",        "next",         "pairs",        "pcall",
    "rawequal",     "require",      "select",         "setmetatable",  "tonumber",     "tostring",     "type",
    "unpack",       "xpcall",       "bit.arshift",    "bit.band",      "bit.bnot",     "bit.bor",      "bit.bswap",
    "bit.bxor",     "bit.lshift",   "bit.rol",        "bit.ror",       "bit.rshift",   "bit.tobit",    "bit.tohex",
    "math.abs",     "math.acos",    "math.asin",      "math.atan",     "math.atan2",   "math.ceil",    "math.cos",
    "math.cosh",    "math.deg",     "math.exp",       "math.floor",    "math.fmod",    "math.frexp",   "math.ldexp",
    "math.log",     "math.log10",   "math.max",       "math.min",      "math.modf",    "math.pow",     "math.rad",
    "math.random",  "math.sin",     "math.sinh",      "math.sqrt",     "math.tan",     "math.tanh",    "string.byte",
    "string.char",  "string.find",  "string.format",  "string.gmatch", "string.gsub",  "string.len",   "string.lower",
    "string.match", "string.rep",   "string.reverse", "string.sub",    "string.upper", "table.concat", "table.insert",
    "table.maxn",   "table.remove", "table.sort",
};

static bool is_allowed(const char *name) {
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
    if (strcmp(allowed[i], name) == 0) return true;
  }
  return false;
}

/* A walk over everything reachable from a value: fields, metatables, upvalues, environments. */
struct walk {
  lua_State *L;
  int seen; /* stack place of the table of what was visited */
  unsigned functions, tables;
};

static void walk_value(struct walk *walk, const char *path);

static bool first_visit(struct walk *walk) {
  lua_State *L = walk->L;
  lua_pushvalue(L, -1);
  lua_rawget(L, walk->seen);
  bool known = lua_toboolean(L, -1);
  lua_pop(L, 1);
  if (known) return false;
  lua_pushvalue(L, -1);
  lua_pushboolean(L, 1);
  lua_rawset(L, walk->seen);
  return true;
}

/* The name without the machinery of views and environments. */
static void join(char *out, size_t size, const char *path, const char *name) {
  bool transparent = strcmp(name, "__index") == 0;
  snprintf(out, size, "%s%s%s", path, *path && !transparent ? "." : "", transparent ? "" : name);
}

static void walk_table(struct walk *walk, const char *path) {
  lua_State *L = walk->L;
  walk->tables++;
  if (lua_getmetatable(L, -1)) {
    lua_getfield(L, -1, "__metatable");
    bool protected_ = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    lua_pop(L, 1);
    lua_getfield(L, -1, "__newindex");
    bool closed = lua_iscfunction(L, -1);
    lua_pop(L, 1);
    bool strict_names = *path == '\0';
    if (!(protected_ && closed) && !strict_names) fail_msg("%s: its metatable is open", path);
    walk_value(walk, path);
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    char name[256];
    join(name, sizeof name, path, lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?");
    walk_value(walk, name);
  }
}

static void walk_function(struct walk *walk, const char *path) {
  lua_State *L = walk->L;
  walk->functions++;
  const char *last = strrchr(path, '.');
  last = last ? last + 1 : path;
  bool machinery = strncmp(last, "__", 2) == 0 || strchr(path, '(') || *path == '\0';
  if (!machinery && !is_allowed(path)) fail_msg("%s is not on the list", path);
  for (int i = 1;; i++) {
    const char *name = lua_getupvalue(L, -1, i);
    if (!name) break;
    char deeper[256];
    snprintf(deeper, sizeof deeper, "%s(%d)", path, i);
    if (lua_istable(L, -1)) fail_msg("%s holds a table in an upvalue", path);
    walk_value(walk, deeper);
    lua_pop(L, 1);
  }
}

static void walk_value(struct walk *walk, const char *path) {
  lua_State *L = walk->L;
  luaL_checkstack(L, 16, "walk");
  switch (lua_type(L, -1)) {
    case LUA_TTABLE:
      if (first_visit(walk)) walk_table(walk, path);
      break;
    case LUA_TFUNCTION:
      if (first_visit(walk)) walk_function(walk, path);
      break;
    case LUA_TUSERDATA: /* the generator's state, out of reach without a debug library */
      if (strcmp(path, "math.random(1)") != 0) fail_msg("%s is a userdata", path);
      break;
    case LUA_TLIGHTUSERDATA:
    case LUA_TTHREAD:
      fail_msg("%s is a %s", path, luaL_typename(L, -1));
    default:
      break;
  }
}

static void nothing_but_the_list_is_reachable(void **state) {
  (void)state;
  struct walk walk = {.L = vm_state(vm)};
  lua_newtable(walk.L);
  walk.seen = lua_gettop(walk.L);
  lua_rawgeti(walk.L, LUA_REGISTRYINDEX, vm->script_env);
  walk_value(&walk, "");
  lua_pushliteral(walk.L, "");
  assert_true(lua_getmetatable(walk.L, -1));
  lua_getfield(walk.L, -1, "__metatable");
  assert_true(lua_isboolean(walk.L, -1));
  assert_true(walk.functions >= sizeof allowed / sizeof *allowed);
  assert_true(walk.tables >= 10);
}

static void everything_on_the_list_is_there(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
    char text[128];
    snprintf(text, sizeof text, "return type(%s) == 'function'", allowed[i]);
    holds(text);
  }
  holds("return math.huge > 1 and math.pi > 3");
}

static void what_is_not_on_the_list_raises(void **state) {
  (void)state;
  static const char *const gone[] = {"io",      "os",         "debug",     "package", "dofile",         "loadfile",
                                     "load",    "loadstring", "jit",       "ffi",     "collectgarbage", "getfenv",
                                     "setfenv", "newproxy",   "module",    "_G",      "print",          "rawset",
                                     "rawget",  "gcinfo",     "coroutine", "buffer",  "_VERSION",       "arg"};
  for (size_t i = 0; i < sizeof gone / sizeof *gone; i++) {
    char text[64], message[64];
    snprintf(text, sizeof text, "return %s", gone[i]);
    snprintf(message, sizeof message, "plugins/x.lua:1: undefined global '%s'", gone[i]);
    fails(text, message);
  }
  holds("return string.dump == nil and math.randomseed == nil and table.foreach == nil and table.new == nil");
  fails("return require 'string.buffer'", "module 'string.buffer' not found");
  fails("return require 'table.new'", "module 'table.new' not found");
}

/* ---- nothing can be changed ---- */

static void a_global_write_raises_and_leaves_nothing(void **state) {
  (void)state;
  fails("x = 1", "plugins/x.lua:1: global write to 'x': use local");
  fails("function f() end", "plugins/x.lua:1: global write to 'f': use local");
  fails("string = nil", "global write to 'string': use local");
  fails("pcall(function() leak = 1 end) return leak", "undefined global 'leak'");
}

static void shared_tables_are_read_only(void **state) {
  (void)state;
  fails("string.rep = nil", "plugins/x.lua:1: write to 'rep' of a read-only table");
  fails("math.pi = 3", "write to 'pi' of a read-only table");
  fails("table.insert(string, 1)", "write to a read-only table");
  fails("table.sort(bit)", "write to a read-only table");
  fails("table.remove(math)", "write to a read-only table");
  fails("setmetatable(string, {})", "cannot change a protected metatable");
  fails("getmetatable('').__index = {}", "attempt to index a boolean value");
  fails("getmetatable(string).__index = {}", "attempt to index a boolean value");
  fails("setmetatable('', {})", "table expected");
  holds("return getmetatable('') == false and getmetatable(string) == false and getmetatable({}) == nil");
  holds("local m = {} return getmetatable(setmetatable({}, m)) == m");
  holds("return next(string) == nil and #string == 0");
  holds("return ('x'):rep(3) == 'xxx' and string.find('ab', 'b') == 2");
}

/* ---- the replaced functions do their work ---- */

static void tables_work_as_in_lua(void **state) {
  (void)state;
  holds("local t = { 1, 2, 3 } table.insert(t, 4) table.insert(t, 1, 0) return table.concat(t, ',') == '0,1,2,3,4'");
  holds("local t = { 1, 2, 3 } return table.remove(t) == 3 and table.remove(t, 1) == 1 and #t == 1 and t[1] == 2");
  holds("return select('#', table.remove({})) == 0 and table.remove({ 1 }, 5) == nil");
  holds("local t = {} table.insert(t, 3, 'x') return t[3] == 'x'");
  fails("table.insert({ 1 }, 0, 'x')", "position out of bounds");
  fails("table.insert({ 1 }, 1, 2, 3)", "wrong number of arguments to 'insert'");
  fails("table.insert({ 1 })", "wrong number of arguments to 'insert'");
  holds("return table.concat({ 1, 'a', 2.5 }, '-', 2, 3) == 'a-2.5' and table.concat({}) == ''");
  fails("return table.concat({ {} })", "invalid value (table) at index 1 in table for 'concat'");
  holds("return select('#', unpack({ nil, 2 }, 1, 2)) == 2 and unpack({ 7 }) == 7 and unpack({}) == nil");
}

static void sorting_is_right_stable_and_safe(void **state) {
  (void)state;
  holds(
      "for n = 0, 70 do\n"
      "  local t = {} for i = 1, n do t[i] = math.random(20) end\n"
      "  table.sort(t) for i = 2, n do if t[i - 1] > t[i] then return 'unsorted ' .. n end end\n"
      "end return true");
  holds(
      "local t = {} for i = 1, 100 do t[i] = { key = i % 5, at = i } end\n"
      "table.sort(t, function(a, b) return a.key < b.key end)\n"
      "for i = 2, 100 do\n"
      "  local a, b = t[i - 1], t[i]\n"
      "  if a.key > b.key or (a.key == b.key and a.at > b.at) then return 'not stable at ' .. i end\n"
      "end return true");
  holds("local t = { 'b', 'a', 'c' } table.sort(t, function(a, b) return a > b end) return table.concat(t) == 'cba'");
  holds(
      "local t = {} for i = 1, 300 do t[i] = i end\n"
      "table.sort(t, function() return math.random(2) == 1 end)\n"
      "local seen = {} for _, v in ipairs(t) do seen[v] = true end\n"
      "for i = 1, 300 do if not seen[i] then return 'lost ' .. i end end return true");
  holds(
      "local t = { 3, 1, 2 } local n = 0\n"
      "local ok = pcall(table.sort, t, function() n = n + 1 if n == 2 then error('x') end return false end)\n"
      "return not ok and t[1] == 3 and t[2] == 1 and t[3] == 2");
  fails("table.sort({ 1, 'x' })", "attempt to compare");
  fails("table.sort({ 1, 2 }, 5)", "function expected");
}

static void protected_calls_work_as_in_lua(void **state) {
  (void)state;
  holds("local ok, a, b = pcall(function(...) return ... end, 1, 2) return ok and a == 1 and b == 2");
  holds("local ok, why = pcall(error, { code = 5 }) return not ok and why.code == 5");
  holds(
      "local ok, why = xpcall(function() error('x', 0) end, function(e) return e .. '!' end)\n"
      "return not ok and why == 'x!'");
  holds("local ok, a = xpcall(function(...) return ... end, function() end, 5) return ok and a == 5");
  holds("return select('#', pcall(function() return nil, nil end)) == 3");
  holds("local function f(n) return n == 0 or pcall(f, n - 1) end return f(500)");
  fails("local function f() local ok, why = pcall(f) if not ok then error(why, 0) end end f()", "stack overflow");
}

static void every_vm_has_its_own_random_numbers(void **state) {
  (void)state;
  struct error error;
  double values[2];
  play_write(&play, "plugins/x.lua", "return math.random()");
  for (int i = 0; i < 2; i++) {
    struct vm *one = play_vm(&play, 8 * MIB, NULL);
    assert_int_equal(loader_load(one, vm_state(one), "plugins", "x", &error), 0);
    values[i] = lua_tonumber(vm_state(one), -1);
    vm_close(one);
  }
  assert_true(values[0] != values[1]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(nothing_but_the_list_is_reachable),   TEST(everything_on_the_list_is_there),
      TEST(what_is_not_on_the_list_raises),      TEST(a_global_write_raises_and_leaves_nothing),
      TEST(shared_tables_are_read_only),         TEST(tables_work_as_in_lua),
      TEST(sorting_is_right_stable_and_safe),    TEST(protected_calls_work_as_in_lua),
      TEST(every_vm_has_its_own_random_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
