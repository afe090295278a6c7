// SPDX-License-Identifier: Apache-2.0
#include "bindings/random.h"

#include "bindings/bind.h"
#include "bindings/tape.h"
#include "crypto/secret.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.random: the kernel's randomness, from the worker's source; a VM without a worker has its own, freed with it.
 */

void bind_random(lua_State *L);

enum { TEXT_MAX = 1024 };

#define RANDOM_KEY "gateway.random.source"

static int source_collect(lua_State *L) {
  random_close(*(struct random **)lua_touserdata(L, 1));
  return 0;
}

struct random *bind_random_source(lua_State *L) {
  const struct worker *worker = vm_host(L);
  if (worker && worker->random) return worker->random;
  lua_getfield(L, LUA_REGISTRYINDEX, RANDOM_KEY);
  struct random *random = *(struct random **)lua_touserdata(L, -1);
  lua_pop(L, 1);
  return random;
}

static size_t checked_len(lua_State *L, size_t most) {
  lua_Integer len = luaL_checkinteger(L, 1);
  luaL_argcheck(L, len >= 1 && (size_t)len <= most, 1, "between 1 and 1024 characters");
  return (size_t)len;
}

/* hex(bytes) -> 2 * bytes lowercase hex digits */
static int draw_hex(lua_State *L) {
  char digits[TEXT_MAX];
  size_t bytes = checked_len(L, TEXT_MAX / 2);
  random_hex(bind_random_source(L), digits, bytes);
  lua_pushlstring(L, digits, 2 * bytes);
  return 1;
}

/* alphanumeric(length) -> A-Z a-z 0-9 */
static int draw_alphanumeric(lua_State *L) {
  char text[TEXT_MAX];
  size_t len = checked_len(L, TEXT_MAX);
  random_alphanumeric(bind_random_source(L), text, len);
  lua_pushlstring(L, text, len);
  return 1;
}

/* number() -> uniform in [0, 1) */
static int draw_number(lua_State *L) {
  lua_pushnumber(L, random_unit(bind_random_source(L)));
  return 1;
}

static lua_Number whole_check(lua_State *L, int index) {
  lua_Number value = luaL_checknumber(L, index);
  luaL_argcheck(L, value >= -0x1p53 && value <= 0x1p53 && value == (lua_Number)(int64_t)value, index,
                "a whole number of at most 2^53 wanted");
  return value;
}

/* integer(low, high) -> uniform, both ends included; at most 2^53 wide */
static int draw_integer(lua_State *L) {
  lua_Number low = whole_check(L, 1), high = whole_check(L, 2);
  luaL_argcheck(L, high >= low && high - low < 0x1p53, 2, "an interval of at most 2^53 numbers");
  lua_pushnumber(L, low + (lua_Number)random_below(bind_random_source(L), (uint64_t)(high - low) + 1));
  return 1;
}

static void own_source(lua_State *L) {
  struct random **box = lua_newuserdata(L, sizeof *box);
  *box = random_open();
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, source_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, RANDOM_KEY);
}

void bind_random(lua_State *L) {
  static const luaL_Reg functions[] = {{"hex", draw_hex},
                                       {"alphanumeric", draw_alphanumeric},
                                       {"number", draw_number},
                                       {"integer", draw_integer},
                                       {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  const struct worker *worker = vm_host(L);
  if (!worker || !worker->random) own_source(L);
  lua_newtable(L);
  bind_taped(L, "random", functions);
  bind_door_values(L, "random", none);
}
