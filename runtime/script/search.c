// SPDX-License-Identifier: Apache-2.0
#include "script/search.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

#include "script/sandbox.h"
#include "script/state.h"

static struct slice check_text(lua_State *L, int index) {
  struct slice text;
  text.ptr = luaL_checklstring(L, index, &text.len);
  return text;
}

static bool interrupted(void *user) {
  const struct vm *vm = user;
  return vm->budget && budget_exceeded(vm->budget);
}

static void open_pattern(lua_State *L, struct pattern *pattern, struct slice subject, struct slice text) {
  struct vm *vm = vm_of(L);
  pattern_open(pattern, subject, text, vm->choices, interrupted, vm);
}

/* True when it matched; raises when it was given up. */
static bool matched(lua_State *L, struct pattern *pattern, const char *at, const char *item, const char **end) {
  enum pattern_result result = pattern_match(pattern, at, item, end);
  if (result != PATTERN_BROKEN) return result == PATTERN_YES;
  sandbox_check_budget(L);
  luaL_error(L, "%s", pattern->problem);
  return false;
}

/* Finds the first match at or after `*at`; `*at` becomes its start. */
static bool matched_after(lua_State *L, struct pattern *pattern, const char **at, const char **end) {
  bool anchored = pattern->text < pattern->text_end && *pattern->text == '^';
  const char *item = pattern->text + anchored;
  for (;; ++*at) {
    if (matched(L, pattern, *at, item, end)) return true;
    if (anchored || *at == pattern->subject_end) return false;
  }
}

static void push_capture(lua_State *L, const struct pattern *pattern, unsigned index, const char *start,
                         const char *end) {
  if (index >= pattern->captures) {
    if (index > 0) luaL_error(L, "invalid capture index");
    lua_pushlstring(L, start, (size_t)(end - start));
    return;
  }
  const struct pattern_capture *capture = &pattern->capture[index];
  if (capture->len == PATTERN_OPEN) luaL_error(L, "unfinished capture");
  if (capture->len == PATTERN_POSITION) {
    lua_pushinteger(L, capture->start - pattern->subject + 1);
  } else {
    lua_pushlstring(L, capture->start, (size_t)capture->len);
  }
}

static int push_captures(lua_State *L, const struct pattern *pattern, const char *start, const char *end) {
  luaL_checkstack(L, PATTERN_CAPTURES, "too many captures");
  unsigned count = pattern->captures;
  for (unsigned i = 0; i < count; i++) push_capture(L, pattern, i, start, end);
  return (int)count;
}

static int push_match(lua_State *L, const struct pattern *pattern, const char *start, const char *end) {
  if (pattern->captures > 0) return push_captures(L, pattern, start, end);
  push_capture(L, pattern, 0, start, end);
  return 1;
}

/* The third argument of find and match: where to begin, counted from 1, or from the end when negative. */
static size_t check_start(lua_State *L, size_t len) {
  ptrdiff_t start = luaL_optinteger(L, 3, 1);
  if (start < 0) start += (ptrdiff_t)len + 1;
  if (start < 1) return 0;
  return (size_t)start - 1 > len ? len : (size_t)start - 1;
}

static bool is_plain(struct slice text) {
  for (size_t i = 0; i < text.len; i++) {
    if (memchr("^$*+?.([%-", text.ptr[i], 10)) return false;
  }
  return true;
}

static int push_range(lua_State *L, size_t from, size_t to) {
  lua_pushinteger(L, (lua_Integer)from);
  lua_pushinteger(L, (lua_Integer)to);
  return 2;
}

static int find_plain(lua_State *L, struct slice subject, struct slice text, size_t start) {
  const char *found =
      text.len == 0 ? subject.ptr + start : memmem(subject.ptr + start, subject.len - start, text.ptr, text.len);
  if (found) return push_range(L, (size_t)(found - subject.ptr) + 1, (size_t)(found - subject.ptr) + text.len);
  lua_pushnil(L);
  return 1;
}

static int search_find(lua_State *L) {
  struct slice subject = check_text(L, 1), text = check_text(L, 2);
  size_t start = check_start(L, subject.len);
  if (lua_toboolean(L, 4) || is_plain(text)) return find_plain(L, subject, text, start);
  struct pattern pattern;
  open_pattern(L, &pattern, subject, text);
  const char *at = subject.ptr + start, *end;
  if (!matched_after(L, &pattern, &at, &end)) {
    lua_pushnil(L);
    return 1;
  }
  int count = push_range(L, (size_t)(at - subject.ptr) + 1, (size_t)(end - subject.ptr));
  return count + push_captures(L, &pattern, at, end);
}

static int search_match(lua_State *L) {
  struct slice subject = check_text(L, 1), text = check_text(L, 2);
  size_t start = check_start(L, subject.len);
  struct pattern pattern;
  open_pattern(L, &pattern, subject, text);
  const char *at = subject.ptr + start, *end;
  if (matched_after(L, &pattern, &at, &end)) return push_match(L, &pattern, at, end);
  lua_pushnil(L);
  return 1;
}

/* Upvalues: subject, pattern, where to go on. In gmatch a '^' is no anchor. */
static int gmatch_next(lua_State *L) {
  struct slice subject = check_text(L, lua_upvalueindex(1)), text = check_text(L, lua_upvalueindex(2));
  size_t start = (size_t)lua_tointeger(L, lua_upvalueindex(3));
  struct pattern pattern;
  open_pattern(L, &pattern, subject, text);
  for (; start <= subject.len; start++) {
    const char *at = subject.ptr + start, *end;
    if (!matched(L, &pattern, at, pattern.text, &end)) continue;
    lua_pushinteger(L, (end - subject.ptr) + (end == at));
    lua_replace(L, lua_upvalueindex(3));
    return push_match(L, &pattern, at, end);
  }
  lua_pushinteger(L, (lua_Integer)subject.len + 1);
  lua_replace(L, lua_upvalueindex(3));
  return 0;
}

static int search_gmatch(lua_State *L) {
  check_text(L, 1);
  check_text(L, 2);
  lua_settop(L, 2);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, gmatch_next, 3);
  return 1;
}

/* ---- gsub(subject, pattern, replacement, limit) ---- */

struct output {
  luaL_Buffer *buffer;
  size_t len; /* added so far */
};

static void output_add(lua_State *L, struct output *output, const char *bytes, size_t len) {
  output->len += len;
  if (output->len > SANDBOX_STRING_LIMIT) luaL_error(L, "string result too long");
  luaL_addlstring(output->buffer, bytes, len);
}

/* Adds the string on top of the stack and pops it. */
static void output_add_value(lua_State *L, struct output *output) {
  output->len += lua_objlen(L, -1);
  if (output->len > SANDBOX_STRING_LIMIT) luaL_error(L, "string result too long");
  luaL_addvalue(output->buffer);
}

/* A replacement string: %0 to %9 stand for the match and its captures. */
static void add_template(lua_State *L, struct output *output, const struct pattern *pattern, const char *at,
                         const char *end) {
  struct slice text = check_text(L, 3);
  const char *from = text.ptr, *text_end = text.ptr + text.len;
  while (from < text_end) {
    const char *mark = memchr(from, '%', (size_t)(text_end - from));
    size_t literal = (size_t)((mark ? mark : text_end) - from);
    output_add(L, output, from, literal);
    if (!mark) return;
    char letter = mark + 1 < text_end ? mark[1] : '\0';
    if (letter == '0') {
      output_add(L, output, at, (size_t)(end - at));
    } else if (letter >= '1' && letter <= '9') {
      push_capture(L, pattern, (unsigned)(letter - '1'), at, end);
      lua_tolstring(L, -1, NULL); /* a position capture is a number */
      output_add_value(L, output);
    } else {
      output_add(L, output, &letter, 1);
    }
    from = mark + (mark + 1 < text_end ? 2 : 1);
  }
}

static int index_table(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}

/* Pushes what the table or function says instead of the match. */
static void push_replacement(lua_State *L, const struct pattern *pattern, const char *at, const char *end) {
  if (lua_type(L, 3) == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    sandbox_callback(L, push_match(L, pattern, at, end), 1);
  } else if (lua_getmetatable(L, 3)) {
    lua_pop(L, 1);
    lua_pushcfunction(L, index_table);
    lua_pushvalue(L, 3);
    push_capture(L, pattern, 0, at, end);
    sandbox_callback(L, 2, 1);
  } else {
    push_capture(L, pattern, 0, at, end);
    lua_rawget(L, 3);
  }
}

static void add_replacement(lua_State *L, struct output *output, const struct pattern *pattern, const char *at,
                            const char *end) {
  int type = lua_type(L, 3);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) {
    add_template(L, output, pattern, at, end);
    return;
  }
  push_replacement(L, pattern, at, end);
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    output_add(L, output, at, (size_t)(end - at));
  } else if (!lua_isstring(L, -1)) {
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  } else {
    lua_tolstring(L, -1, NULL);
    output_add_value(L, output);
  }
}

static int check_limit(lua_State *L, size_t subject_len) {
  int type = lua_type(L, 3);
  luaL_argcheck(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                "string/function/table expected");
  lua_Integer most = subject_len < INT_MAX ? (lua_Integer)subject_len + 1 : INT_MAX;
  lua_Integer limit = luaL_optinteger(L, 4, most);
  return (int)(limit < most ? limit : most);
}

/* Replaces the matches one after the other; returns how many. */
static int substitute(lua_State *L, struct pattern *pattern, int limit, struct output *output) {
  bool anchored = pattern->text < pattern->text_end && *pattern->text == '^';
  const char *at = pattern->subject, *end;
  int count = 0;
  while (count < limit) {
    bool found = matched(L, pattern, at, pattern->text + anchored, &end);
    if (found) {
      count++;
      add_replacement(L, output, pattern, at, end);
    }
    if (found && end > at) {
      at = end;
    } else if (at < pattern->subject_end) {
      output_add(L, output, at++, 1);
    } else {
      break;
    }
    if (anchored) break;
  }
  output_add(L, output, at, (size_t)(pattern->subject_end - at));
  return count;
}

static int search_gsub(lua_State *L) {
  struct slice subject = check_text(L, 1), text = check_text(L, 2);
  int limit = check_limit(L, subject.len);
  lua_settop(L, 4);
  struct pattern pattern;
  open_pattern(L, &pattern, subject, text);
  luaL_Buffer buffer __attribute__((uninitialized)); /* 8 KiB that luaL_buffinit readies */
  luaL_buffinit(L, &buffer);
  int count = substitute(L, &pattern, limit, &(struct output){&buffer, 0});
  luaL_pushresult(&buffer);
  lua_pushinteger(L, count);
  return 2;
}

void search_functions(lua_State *L) {
  static const luaL_Reg functions[] = {
      {"find", search_find}, {"match", search_match}, {"gmatch", search_gmatch}, {"gsub", search_gsub}, {NULL, NULL}};
  luaL_setfuncs(L, functions, 0);
}
