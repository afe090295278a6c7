// SPDX-License-Identifier: Apache-2.0
#include "script/cutoff.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

/* Once passed it fires again and again: a budget that ends a count of its own takes the hook away. */
enum { AGAIN_MS = 20 };

static const char place[] = "moongate.cutoff"; /* in the registry */

static struct cutoff *cutoff_of(lua_State *L) {
  lua_getfield(L, LUA_REGISTRYINDEX, place);
  struct cutoff *cutoff = lua_touserdata(L, -1);
  lua_pop(L, 1);
  return cutoff;
}

/* Specs and scripts are named from their roots, busted by an absolute path. */
static void note_place(struct cutoff *cutoff, lua_State *L) {
  lua_Debug where;
  for (int level = 0; !cutoff->file[0] && lua_getstack(L, level, &where); level++) {
    lua_getinfo(L, "Sl", &where);
    bool ours = where.source[0] == '@' && where.source[1] != '/' && where.source[1] != '.';
    if (!ours || where.currentline <= 0) continue;
    snprintf(cutoff->file, sizeof cutoff->file, "%s", where.source + 1);
    cutoff->line = where.currentline;
  }
}

static void on_hook(lua_State *L, lua_Debug *where) {
  (void)where;
  struct cutoff *cutoff = cutoff_of(L);
  if (!cutoff || !cutoff->passed) return;
  note_place(cutoff, L);
  luaL_error(L, "ran longer than %d ms of CPU", (int)cutoff->limit_ms);
}

static void on_signal(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)context;
  struct cutoff *cutoff = info->si_value.sival_ptr;
  if (info->si_code != SI_TIMER || !cutoff) return;
  cutoff->passed = 1;
  lua_sethook(cutoff->L, on_hook, LUA_MASKCOUNT, 1); /* what Lua's own interpreter does on an interrupt */
}

static void signal_ready(void) {
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigset_t wanted;
  sigemptyset(&action.sa_mask);
  sigaction(SIGPROF, &action, NULL);
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGPROF);
  sigprocmask(SIG_UNBLOCK, &wanted, NULL);
}

int cutoff_start(struct cutoff *cutoff, lua_State *L, unsigned limit_ms) {
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGPROF, .sigev_value.sival_ptr = cutoff};
  *cutoff = (struct cutoff){.L = L, .limit_ms = limit_ms};
  lua_pushlightuserdata(L, cutoff);
  lua_setfield(L, LUA_REGISTRYINDEX, place);
  signal_ready();
  if (timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &cutoff->timer) < 0) return -1;
  struct itimerspec due = {.it_value = {limit_ms / 1000, (long)(limit_ms % 1000) * 1000000},
                           .it_interval = {0, AGAIN_MS * 1000000L}};
  return timer_settime(cutoff->timer, 0, &due, NULL);
}

bool cutoff_stop(struct cutoff *cutoff) {
  timer_delete(cutoff->timer);
  lua_sethook(cutoff->L, NULL, 0, 0);
  lua_pushnil(cutoff->L);
  lua_setfield(cutoff->L, LUA_REGISTRYINDEX, place);
  return cutoff->passed != 0;
}
