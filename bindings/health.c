// SPDX-License-Identifier: Apache-2.0
#include "bindings/health.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/check.h"
#include "bindings/bind.h"
#include "process/worker.h"
#include "script/vm.h"

/* gateway.health: how targets do, as all workers have found out; for the hallway. Where there are no workers (specs,
 * check) each VM has memory of its own, calls may be nil, nothing waits, and the time is gateway.spec's.
 *   target(key, options) -> cell      the same key is the same cell for all workers and generations; `options` count
 *     here: { breaker = { failure_threshold, success_threshold, max_half_threshold, timeout_ms, window = { ms,
 *     min_requests, error_rate } }, concurrency = { max, queue_size, queue_timeout_ms }, label = "target's name" }
 *   read(cells, what, out)            fills out[i]: bindings/health_figures.c
 *   pool(cells) -> pool               the same cells again and again: bindings/health_pool.c
 *   cells() -> list of { label, model | nil, figures }     of this generation; targets first, each with its models
 *   enter(cell, ...), leave(cell, ...)     the cell's own, for who asks at every request and need not look them up
 *   budget(ratio, min_per_second)     what spend goes by        spend() -> whether one more retry may be made
 * A cell: bindings/health_cell.c. */

void bind_health(lua_State *L);

static const char book_key, boxes_key; /* their addresses are places in the registry */

/* ---- the book ---- */

static void own_open(lua_State *L, struct health_book *book) {
  void *memory = mmap(NULL, health_size(1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) luaL_error(L, "no memory for gateway.health");
  book->health = health_open(memory, 1);
  book->own = true;
}

struct health_book *bind_health_book(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&book_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
  struct health_book *book = lua_touserdata(L, -1);
  lua_pop(L, 1);
  if (!book->health) own_open(L, book);
  return book;
}

uint64_t bind_health_now(lua_State *L) {
  const struct worker *worker = vm_host(L);
  if (worker && worker->segment) return loop_now(&worker->loop);
  return (uint64_t)clock_monotonic(worker ? &worker->clock : NULL);
}

static void cells_free(struct cell *cell) {
  while (cell) {
    struct cell *next = cell->next;
    cells_free(cell->models);
    health_drop(cell->place.health.health, cell->place.health.cell, cell->place.worker);
    free(cell->label);
    free(cell);
    cell = next;
  }
}

static void loose_free(struct health_book *book) {
  while (book->loose) {
    struct stay *stay = book->loose;
    book->loose = stay->next;
    free(stay);
  }
}

static int book_collect(lua_State *L) {
  struct health_book *book = lua_touserdata(L, 1);
  loose_free(book);
  cells_free(book->targets);
  cells_free(book->forgotten);
  if (book->own) munmap(book->health, health_size(1));
  *book = (struct health_book){0};
  return 0;
}

/* Their places will be other cells', which must not be taken for them. */
static void targets_forget(struct health_book *book) {
  struct cell **end = &book->targets;
  while (*end) end = &(*end)->next;
  *end = book->forgotten;
  book->forgotten = book->targets;
  book->targets = NULL;
}

void bind_health_forget(lua_State *L) {
  struct health_book *book = bind_health_book(L);
  if (!book->own) return;
  loose_free(book);
  targets_forget(book);
  madvise(book->health, health_size(1), MADV_DONTNEED); /* reads as zeros from now on */
  health_open(book->health, 1);
}

/* ---- cells ---- */

struct cell *bind_cell(lua_State *L, int index) {
  return bind_box(L, index, CELL_TYPE);
}

static struct cell *cell_alloc(struct health_book *book, struct slice label) {
  struct cell *cell = calloc(1, sizeof *cell);
  REQUIRE(cell != NULL);
  cell->book = book;
  cell->label = strndup(label.len > 0 ? label.ptr : "", label.len);
  REQUIRE(cell->label != NULL);
  return cell;
}

static void push_boxes(lua_State *L) {
  lua_pushlightuserdata(L, (void *)&boxes_key);
  lua_rawget(L, LUA_REGISTRYINDEX);
}

void bind_cell_push(lua_State *L, const struct cell *cell) {
  push_boxes(L);
  lua_pushlightuserdata(L, (void *)(uintptr_t)cell);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/* What may raise comes before what must be freed. */
struct cell *bind_cell_new(lua_State *L, struct health_book *book, struct slice label) {
  luaL_checkstack(L, 4, NULL);
  void **box = bind_box_new(L, CELL_TYPE, NULL);
  push_boxes(L);
  struct cell *cell = cell_alloc(book, label);
  lua_pushlightuserdata(L, cell);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  *box = cell;
  return cell;
}

/* ---- options ---- */

/* The number `name` of the table on top, at least 0; `otherwise` when it is absent. */
static lua_Number option(lua_State *L, const char *name, lua_Number otherwise, lua_Number most) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  lua_Number value = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : otherwise;
  lua_pop(L, 1);
  if (!(value > 0)) return otherwise;
  return value < most ? value : most;
}

static const lua_Number LONG_MS = 86400e3, MANY = 1e9;

/* Pushes the table `name` of the one on top; false and nothing pushed when there is none. */
static bool section(lua_State *L, const char *name) {
  lua_pushstring(L, name);
  lua_rawget(L, -2);
  if (lua_istable(L, -1)) return true;
  lua_pop(L, 1);
  return false;
}

static void breaker_read(lua_State *L, struct breaker_rules *rules) {
  rules->failures = (unsigned)option(L, "failure_threshold", 0, MANY);
  rules->successes = (unsigned)option(L, "success_threshold", 0, MANY);
  rules->probes = (unsigned)option(L, "max_half_threshold", 0, MANY);
  rules->timeout_ms = (uint64_t)option(L, "timeout_ms", 0, LONG_MS * 30);
  if (section(L, "window")) {
    rules->window_ms = (unsigned)option(L, "ms", 0, LONG_MS);
    rules->window_requests = (unsigned)option(L, "min_requests", 0, MANY);
    rules->window_rate = option(L, "error_rate", 1, 1);
    lua_pop(L, 1);
  }
  breaker_rules_complete(rules);
}

static void options_read(lua_State *L, struct health_place *place) {
  if (section(L, "breaker")) {
    place->guarded = !health_is_shared(place->health, place->cell);
    breaker_read(L, &place->breaker);
    lua_pop(L, 1);
  }
  if (section(L, "concurrency")) {
    place->limit = health_is_shared(place->health, place->cell) ? 0 : (unsigned)option(L, "max", 0, MANY);
    place->queue_size = (unsigned)option(L, "queue_size", HEALTH_QUEUE_SIZE, MANY);
    place->queue_ms = (uint64_t)option(L, "queue_timeout_ms", HEALTH_QUEUE_MS, LONG_MS);
    lua_pop(L, 1);
  }
}

static struct slice label_read(lua_State *L, struct slice key) {
  lua_pushliteral(L, "label");
  lua_rawget(L, 2);
  struct slice label = lua_isstring(L, -1) ? bind_slice(L, -1) : key;
  lua_pop(L, 1); /* the options hold it */
  return label;
}

/* This VM has named the key before. */
static struct cell *target_known(const struct health_book *book, const struct health_cell *found) {
  struct cell *target = book->targets;
  while (target && target->place.health.cell != found) target = target->next;
  return target && !health_is_shared(book->health, found) ? target : NULL;
}

static struct cell *target_new(lua_State *L, struct health_book *book, struct health_cell *found, unsigned worker) {
  struct cell *cell = bind_cell_new(L, book, label_read(L, bind_slice(L, 1)));
  cell->target = cell;
  cell->next = book->targets;
  book->targets = cell;
  cell->place.worker = worker;
  cell->place.health.health = book->health;
  cell->place.health.cell = cell->place.health.target = found;
  return cell;
}

static int health_target(lua_State *L) {
  struct health_book *book = bind_health_book(L);
  const struct worker *host = vm_host(L);
  unsigned worker = host && host->segment ? host->index : 0;
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  struct health_cell *found = health_find(book->health, bind_slice(L, 1), worker);
  struct cell *cell = target_known(book, found);
  if (cell) {
    health_drop(book->health, found, worker);
    bind_cell_push(L, cell);
  } else {
    cell = target_new(L, book, found, worker);
  }
  lua_pushvalue(L, 2);
  options_read(L, &cell->place.health);
  lua_pop(L, 1);
  return 1;
}

/* ---- the retry budget ---- */

static int health_budget(lua_State *L) {
  struct health_book *book = bind_health_book(L);
  book->budget.ratio = luaL_checknumber(L, 1);
  book->budget.per_second = luaL_checknumber(L, 2);
  return 0;
}

static int health_spend(lua_State *L) {
  struct health_book *book = bind_health_book(L);
  lua_pushboolean(L,
                  health_budget_spend(&book->health->budget, &book->budget, book->health->workers, bind_health_now(L)));
  return 1;
}

/* ---- the door ---- */

static void book_open(lua_State *L) {
  const struct worker *worker = vm_host(L);
  lua_pushlightuserdata(L, (void *)&book_key);
  struct health_book *book = lua_newuserdata(L, sizeof *book);
  *book = (struct health_book){.budget = {0.2, 10}};
  if (worker && worker->segment) book->health = worker->segment->health;
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, book_collect);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_rawset(L, LUA_REGISTRYINDEX);
  lua_pushlightuserdata(L, (void *)&boxes_key);
  lua_newtable(L);
  lua_rawset(L, LUA_REGISTRYINDEX);
}

void bind_health(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"target", health_target},  {"read", bind_health_read}, {"cells", bind_health_cells},
      {"pool", bind_health_pool}, {"enter", bind_cell_enter}, {"leave", bind_cell_leave},
      {"budget", health_budget},  {"spend", health_spend},    {NULL, NULL}};
  book_open(L);
  bind_box_type(L, CELL_TYPE, bind_cell_methods);
  bind_health_pools(L);
  bind_door_private(L, "health", functions);
}
