// SPDX-License-Identifier: Apache-2.0
#include "bindings/shared.h"

#include <math.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bindings/bind.h"
#include "bindings/tape.h"
#include "process/worker.h"
#include "script/vm.h"
#include "shared/table.h"

/* gateway.shared: counters and values of all workers. Where there are no workers (specs, check) each VM has a store of
 * its own. Keys are any bytes, at most 512; by convention they begin with the script's name: "budget:team:blue".
 * Values are strings (64 KiB) and finite numbers; times to live are seconds, absent = for ever.
 *   get(key) -> value | nil
 *   set(key, value [, ttl]) -> true | nil, "too large"
 *   add(key, value [, ttl]) -> true, or false when the key is there
 *   incr(key, by [, ttl]) -> sum | nil, "out of range"     an absent key is 0, and then gets the ttl
 *   reserve(key, by, limit [, ttl]) -> sum | nil, what is there     the same, unless the sum would pass the limit
 *   delete(key [, value]) -> whether it was there (and held this string)
 *   ttl(key) -> seconds left, math.huge for ever, nil without such a key        expire(key, ttl|nil) -> bool
 *   take(key, rate, burst [, n]) -> true, remaining | false, seconds until n are there, remaining
 *   settle(key, rate, burst, n) -> remaining     gives n tokens back; a negative n takes them in any case
 *   worker() -> the name of this worker's process        alive(name) -> whether it is still there
 *   cache.get, cache.set, cache.add, cache.delete      the same for strings of up to 4 MiB
 *   cache.stats() -> { entries, bytes, capacity, hits, misses, evictions } */

void bind_shared(lua_State *L);

enum { BYTES_KEPT = 64 * 1024 };
static const lua_Number TTL_MOST = 1e9; /* seconds: thirty years */
static const char stores_key;           /* its address is the place in the registry */

static const struct table_shape own_values = {
    .stripes = 4, .stripe_blocks = 2048, .block_size = 128, .value_max = 64 * 1024};
static const struct table_shape own_cache = {
    .stripes = 2, .stripe_blocks = 4096, .block_size = 2048, .value_max = 4 * 1024 * 1024};

/* A VM's way to the two tables; owned by its registry. */
struct stores {
  struct table *values, *cache;
  void *own;           /* their memory, when they are this VM's alone */
  struct buffer bytes; /* a value on its way into Lua */
};

static size_t own_size(void) {
  return table_size(&own_values) + table_size(&own_cache);
}

static void own_close(struct stores *stores) {
  if (stores->own) munmap(stores->own, own_size());
  stores->own = stores->values = stores->cache = NULL;
}

static void own_open(lua_State *L, struct stores *stores) {
  void *memory = mmap(NULL, own_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) luaL_error(L, "no memory for gateway.shared");
  stores->own = memory;
  stores->values = table_open(memory, &own_values);
  stores->cache = table_open((char *)memory + table_size(&own_values), &own_cache);
}

static struct stores *stores_peek(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&stores_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  struct stores *stores = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return stores;
}

static struct stores *stores_of(lua_State *L) {
  struct stores *stores = stores_peek(L);
  if (!stores->values) own_open(L, stores);
  return stores;
}

void bind_shared_private(lua_State *L) {
  struct stores *stores = stores_peek(L);
  if (!stores->own) stores->values = stores->cache = NULL; /* opened when first used */
}

void bind_shared_forget(lua_State *L) {
  own_close(stores_peek(L));
}

static int stores_collect(lua_State *L) {
  struct stores *stores = lua_touserdata(L, 1);
  if (stores->own) own_close(stores);
  buffer_free(&stores->bytes);
  return 0;
}

static uint64_t now_of(lua_State *L) {
  const struct worker *worker = vm_host(L);
  return worker && worker->clock.fixed ? (uint64_t)(clock_monotonic(&worker->clock) * 1e6) : table_now();
}

/* ---- arguments ---- */

static struct slice key_check(lua_State *L) {
  struct slice key = bind_slice(L, 1);
  luaL_argcheck(L, key.len <= TABLE_KEY_MAX, 1, "a key has at most 512 bytes");
  return key;
}

static lua_Number finite_check(lua_State *L, int index) {
  lua_Number number = luaL_checknumber(L, index);
  luaL_argcheck(L, isfinite(number), index, "a finite number wanted");
  return number;
}

static uint64_t ttl_check(lua_State *L, int index) {
  if (lua_isnoneornil(L, index)) return 0;
  lua_Number seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds > 0 && seconds <= TTL_MOST, index, "seconds wanted, more than 0");
  return (uint64_t)ceil(seconds * 1e9);
}

static struct table_value value_check(lua_State *L) {
  if (lua_type(L, 2) == LUA_TNUMBER) return (struct table_value){.is_number = true, .number = finite_check(L, 2)};
  return (struct table_value){.bytes = bind_slice(L, 2)};
}

static int push_problem(lua_State *L, enum table_result result) {
  if (result == TABLE_KIND) return luaL_error(L, "%s holds something else", lua_tostring(L, 1));
  lua_pushnil(L);
  lua_pushstring(L, result == TABLE_LARGE ? "too large" : "out of range");
  return 2;
}

/* ---- values and cache ---- */

static int get_from(lua_State *L, struct stores *stores, struct table *table) {
  struct table_value value;
  enum table_result result = table_get(table, key_check(L), now_of(L), &value, &stores->bytes);
  if (result != TABLE_OK) {
    lua_pushnil(L);
  } else if (value.is_number) {
    lua_pushnumber(L, value.number);
  } else {
    bind_push_slice(L, value.bytes);
    if (stores->bytes.cap > BYTES_KEPT) buffer_free(&stores->bytes);
  }
  return 1;
}

static int set_in(lua_State *L, struct table *table) {
  struct table_value value = value_check(L);
  enum table_result result = table_set(table, key_check(L), &value, ttl_check(L, 3), now_of(L));
  if (result != TABLE_OK) return push_problem(L, result);
  lua_pushboolean(L, 1);
  return 1;
}

static int add_to(lua_State *L, struct table *table) {
  struct table_value value = value_check(L);
  enum table_result result = table_add(table, key_check(L), &value, ttl_check(L, 3), now_of(L));
  lua_pushboolean(L, result == TABLE_OK);
  if (result != TABLE_LARGE) return 1;
  lua_pushliteral(L, "too large");
  return 2;
}

static int delete_from(lua_State *L, struct table *table) {
  struct slice key = key_check(L), expected;
  bool any = lua_isnoneornil(L, 2);
  if (!any) expected = bind_slice(L, 2);
  lua_pushboolean(L, table_delete(table, key, any ? NULL : &expected, now_of(L)) == TABLE_OK);
  return 1;
}

static int shared_get(lua_State *L) {
  struct stores *stores = stores_of(L);
  return get_from(L, stores, stores->values);
}

static int shared_set(lua_State *L) {
  return set_in(L, stores_of(L)->values);
}

static int shared_add(lua_State *L) {
  return add_to(L, stores_of(L)->values);
}

static int shared_delete(lua_State *L) {
  return delete_from(L, stores_of(L)->values);
}

static int cache_get(lua_State *L) {
  struct stores *stores = stores_of(L);
  return get_from(L, stores, stores->cache);
}

static int cache_set(lua_State *L) {
  return set_in(L, stores_of(L)->cache);
}

static int cache_add(lua_State *L) {
  return add_to(L, stores_of(L)->cache);
}

static int cache_delete(lua_State *L) {
  return delete_from(L, stores_of(L)->cache);
}

static void field_push(lua_State *L, const char *name, uint64_t value) {
  lua_pushnumber(L, (lua_Number)value);
  lua_setfield(L, -2, name);
}

static int cache_stats(lua_State *L) {
  struct table_stats stats;
  table_stats(stores_of(L)->cache, &stats);
  lua_createtable(L, 0, 6);
  field_push(L, "entries", stats.entries);
  field_push(L, "bytes", stats.bytes);
  field_push(L, "capacity", stats.capacity);
  field_push(L, "hits", stats.hits);
  field_push(L, "misses", stats.misses);
  field_push(L, "evictions", stats.evictions);
  return 1;
}

/* ---- numbers ---- */

static int shared_incr(lua_State *L) {
  struct table_step step = {.by = finite_check(L, 2), .limit = INFINITY, .ttl = ttl_check(L, 3)};
  double sum = 0;
  enum table_result result = table_incr(stores_of(L)->values, key_check(L), &step, now_of(L), &sum);
  if (result != TABLE_OK) return push_problem(L, result);
  lua_pushnumber(L, sum);
  return 1;
}

static int shared_reserve(lua_State *L) {
  struct table_step step = {.by = finite_check(L, 2), .limit = luaL_checknumber(L, 3), .ttl = ttl_check(L, 4)};
  double sum = 0;
  enum table_result result = table_incr(stores_of(L)->values, key_check(L), &step, now_of(L), &sum);
  if (result == TABLE_KIND) return push_problem(L, result);
  if (result != TABLE_OK) lua_pushnil(L);
  lua_pushnumber(L, sum);
  return result == TABLE_OK ? 1 : 2;
}

static int shared_ttl(lua_State *L) {
  uint64_t left = 0;
  if (table_ttl(stores_of(L)->values, key_check(L), now_of(L), &left) != TABLE_OK) {
    lua_pushnil(L);
  } else {
    lua_pushnumber(L, left == 0 ? HUGE_VAL : (lua_Number)left / 1e9);
  }
  return 1;
}

static int shared_expire(lua_State *L) {
  uint64_t ttl = ttl_check(L, 2);
  lua_pushboolean(L, table_expire(stores_of(L)->values, key_check(L), ttl, now_of(L)) == TABLE_OK);
  return 1;
}

/* ---- buckets ---- */

static struct table_bucket bucket_check(lua_State *L) {
  struct table_bucket bucket = {.rate = finite_check(L, 2), .burst = finite_check(L, 3), .tokens = 1};
  luaL_argcheck(L, bucket.rate > 0, 2, "a rate above 0 wanted");
  luaL_argcheck(L, bucket.burst > 0, 3, "a burst above 0 wanted");
  if (!lua_isnoneornil(L, 4)) bucket.tokens = finite_check(L, 4);
  return bucket;
}

static int shared_take(lua_State *L) {
  struct table_bucket bucket = bucket_check(L);
  struct table_taken taken;
  luaL_argcheck(L, bucket.tokens >= 0, 4, "tokens are given back with settle");
  enum table_result result = table_take(stores_of(L)->values, key_check(L), &bucket, now_of(L), &taken);
  if (result != TABLE_OK) return push_problem(L, result);
  lua_pushboolean(L, taken.allowed);
  if (!taken.allowed) lua_pushnumber(L, taken.retry_after);
  lua_pushnumber(L, taken.remaining);
  return taken.allowed ? 2 : 3;
}

static int shared_settle(lua_State *L) {
  struct table_bucket bucket = bucket_check(L);
  struct table_taken taken;
  enum table_result result = table_settle(stores_of(L)->values, key_check(L), &bucket, now_of(L), &taken);
  if (result != TABLE_OK) return push_problem(L, result);
  lua_pushnumber(L, taken.remaining);
  return 1;
}

/* ---- who else is there ---- */

static int shared_worker(lua_State *L) {
  const struct worker *worker = vm_host(L);
  lua_pushfstring(L, "%d:%d", worker ? (int)worker->index : 0, (int)getpid());
  return 1;
}

static int shared_alive(lua_State *L) {
  const struct worker *worker = vm_host(L);
  unsigned index;
  int pid;
  bool named = sscanf(bind_slice(L, 1).ptr, "%u:%d", &index, &pid) == 2;
  lua_pushboolean(
      L, named && (pid == getpid() || (worker && worker->segment && segment_runs(worker->segment, index, pid))));
  return 1;
}

/* ---- the door ---- */

static void stores_open(lua_State *L) {
  const struct worker *worker = vm_host(L);
  lua_pushlightuserdata(L, (void *)&stores_key);
  struct stores *stores = lua_newuserdata(L, sizeof *stores);
  *stores = (struct stores){0};
  if (worker && worker->segment) {
    stores->values = worker->segment->values;
    stores->cache = worker->segment->cache;
  }
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, stores_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void bind_shared(lua_State *L) {
  static const luaL_Reg functions[] = {{"get", shared_get},
                                       {"set", shared_set},
                                       {"add", shared_add},
                                       {"incr", shared_incr},
                                       {"delete", shared_delete},
                                       {"ttl", shared_ttl},
                                       {"expire", shared_expire},
                                       {"take", shared_take},
                                       {"settle", shared_settle},
                                       {"reserve", shared_reserve},
                                       {"worker", shared_worker},
                                       {"alive", shared_alive},
                                       {NULL, NULL}};
  static const luaL_Reg cache[] = {
      {"get", cache_get}, {"set", cache_set}, {"add", cache_add}, {"delete", cache_delete}, {NULL, NULL}};
  static const luaL_Reg stats[] = {{"stats", cache_stats}, {NULL, NULL}};
  static const luaL_Reg none[] = {{NULL, NULL}};
  stores_open(L);
  lua_createtable(L, 0, 13);
  lua_newtable(L);
  luaL_setfuncs(L, stats, 0);
  bind_taped(L, "shared.cache", cache);
  lua_setfield(L, -2, "cache");
  bind_taped(L, "shared", functions);
  bind_door_values(L, "shared", none);
}
