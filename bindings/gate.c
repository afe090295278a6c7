// SPDX-License-Identifier: Apache-2.0
#include "bindings/gate.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "bindings/bind.h"
#include "bindings/gate_door.h"
#include "bindings/spec_world.h"
#include "codec/json.h"
#include "crypto/secret.h"
#include "process/worker.h"

/* How much a candidate may use while it is loaded, before it is known what its configuration allows; and its specs. */
enum { FIRST_CPU_MS = 250 };
static const size_t first_memory = 256UL << 20, spec_memory = 256UL << 20;

struct judging {
  const struct judge_task *task;
  struct worker worker; /* all that doors find here */
  struct gate gate;
  struct buffer verdict; /* JSON */
  bool held;
  int specs; /* how many are to be run */
};

/* ---- calling lua/judge.lua and lua/specs.lua ---- */

static int prepare(lua_State *L) {
  lua_setfield(L, LUA_REGISTRYINDEX, GATE_PLACE); /* the argument */
  return 0;
}

static void text_take(lua_State *L, int index, struct buffer *out) {
  buffer_clear(out);
  if (lua_isstring(L, index)) buffer_append_slice(out, bind_slice(L, index));
}

/* Pops held, verdict, lines. */
static void results_take(lua_State *L, struct judging *judging, bool keep_lines) {
  judging->held = lua_toboolean(L, -3);
  text_take(L, -2, &judging->verdict);
  if (!judging->held || keep_lines) text_take(L, -1, judging->task->lines);
  lua_pop(L, 3);
}

/* `file`: which one is at fault, or "" when the message says so itself. */
static int fail(struct judging *judging, const char *file, const struct error *error) {
  struct buffer *verdict = &judging->verdict;
  buffer_clear(verdict);
  buffer_clear(judging->task->lines);
  buffer_append_format(judging->task->lines, "%s%s%s", file, file[0] ? ":1: " : "", error->message);
  buffer_append_slice(verdict, SLICE_LITERAL("{\"reasons\":[{\"file\":"));
  json_string_encode(verdict, slice_text(file));
  buffer_append_format(verdict, ",\"line\":%d,\"message\":", file[0] != '\0');
  json_string_encode(verdict, slice_text(error->message));
  buffer_append_slice(verdict, SLICE_LITERAL("}],\"warnings\":[],\"scripts\":[]}"));
  judging->held = false;
  return -1;
}

static int ready(struct gate *gate, struct vm *vm, const char *module, const char *function, struct error *error) {
  if (lua_cpcall(vm_state(vm), prepare, gate) != 0) return error_set(error, 500, "script_error", "no memory");
  if (vm_require(vm, module, error) < 0) return -1;
  if (vm_push_function(vm, vm_state(vm), module, function)) return 0;
  return error_set(error, 500, "script_error", "lua/%s.lua has no %s()", module, function);
}

/* ---- loading ---- */

static int examine(struct judging *judging, struct vm *vm, struct error *error) {
  lua_State *L = vm_state(vm);
  const struct judge_task *task = judging->task;
  if (ready(&judging->gate, vm, "judge", "examine", error) < 0) return -1;
  lua_pushboolean(L, !task->active);
  lua_pushboolean(L, task->all_specs);
  lua_pushnil(L);
  if (task->active_report.len > 0) {
    lua_pop(L, 1);
    bind_push_slice(L, task->active_report);
  }
  if (vm_call(vm, 3, 4, error) < 0) return -1;
  judging->specs = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  results_take(L, judging, true);
  return 0;
}

static int memory_check(const struct judging *judging, const struct vm *vm, struct error *error) {
  uint64_t allowed = judging->worker.settings.script_memory_bytes;
  if (!judging->held || vm_memory(vm) <= allowed) return 0;
  return error_set(error, 500, "script_memory_limit", "the scripts need %zu KiB of memory to load, of %llu KiB",
                   vm_memory(vm) >> 10, (unsigned long long)(allowed >> 10));
}

static int load(struct judging *judging) {
  const struct settings *known = judging->task->settings;
  struct error error = {0};
  struct budget *budget = budget_open(known->script_cpu_ms ? known->script_cpu_ms : FIRST_CPU_MS);
  struct vm_options options = {.bundle = judging->task->candidate,
                               .memory_limit = known->script_memory_bytes ? known->script_memory_bytes : first_memory,
                               .budget = budget,
                               .host = &judging->worker,
                               .open_doors = bind_open_doors};
  struct vm *vm = vm_open(&options, &error);
  int result = vm ? examine(judging, vm, &error) : -1;
  if (result == 0) result = memory_check(judging, vm, &error);
  if (vm && !judging->task->leave) vm_close(vm);
  budget_close(budget);
  return result < 0 ? fail(judging, "", &error) : 0;
}

/* ---- specs ---- */

static int open_world(lua_State *L) {
  spec_world_open(L, lua_touserdata(L, 1));
  return 0;
}

static int run(struct judging *judging, struct vm *vm, struct spec_world *world, struct error *error) {
  lua_State *L = vm_state(vm);
  if (lua_cpcall(L, open_world, world) != 0) return error_set(error, 500, "script_error", "no memory for specs");
  if (ready(&judging->gate, vm, "specs", "judge", error) < 0) return -1;
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  bind_push_slice(L, buffer_slice(&judging->verdict));
  if (vm_call(vm, 2, 3, error) < 0) return -1;
  results_take(L, judging, false);
  return 0;
}

static int run_specs(struct judging *judging) {
  const struct judge_task *task = judging->task;
  struct error error = {0};
  char home[PATH_MAX];
  snprintf(home, sizeof home, "%s/..", task->root_count > 0 ? task->roots[0] : ".");
  struct spec_world world = {.home = home, .overlay = task->root_count > 1 ? task->roots[1] : ""};
  struct worker worker = {.settings = judging->worker.settings, .random = judging->worker.random};
  struct budget *budget = budget_open(SPEC_HOOK_CPU_MS);
  struct vm_options options = {.bundle = task->candidate,
                               .memory_limit = spec_memory,
                               .budget = budget,
                               .host = &worker,
                               .open_doors = spec_doors_open,
                               .privileged = true};
  struct vm *vm = vm_open(&options, &error);
  int result = vm ? run(judging, vm, &world, &error) : -1;
  if (vm && !task->leave) vm_close(vm);
  budget_close(budget);
  return result < 0 ? fail(judging, judging->gate.step, &error) : 0;
}

int bind_judge(const struct judge_task *task, struct buffer *report) {
  struct judging judging = {.task = task, .gate = {.candidate = task->candidate, .task = task}};
  judging.worker.settings = *task->settings;
  judging.worker.random = random_open();
  int result = load(&judging);
  if (result == 0 && judging.held && judging.specs > 0) result = run_specs(&judging);
  if (judging.held) *task->settings = judging.worker.settings;
  buffer_append_slice(report, buffer_slice(&judging.verdict));
  buffer_free(&judging.verdict);
  random_close(judging.worker.random);
  return result == 0 && judging.held ? 0 : -1;
}

int bind_check(struct worker *worker, struct buffer *report) {
  lua_State *L = vm_state(worker->vm);
  struct gate gate = {.candidate = vm_bundle(worker->vm)};
  struct error error;
  if (ready(&gate, worker->vm, "judge", "check", &error) < 0 || vm_call(worker->vm, 0, 2, &error) < 0) {
    buffer_append_slice(report, slice_text(error.message));
    return -1;
  }
  bool passed = lua_toboolean(L, -2);
  if (lua_isstring(L, -1)) buffer_append_slice(report, bind_slice(L, -1));
  lua_pop(L, 2);
  return passed ? 0 : -1;
}
