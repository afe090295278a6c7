// SPDX-License-Identifier: Apache-2.0
/* What scripts may do wrong without end: each ends in an error, and the next script finds everything as it was. */
#include "script_holds.h"

/* ---- time ---- */

static void stopped_within(const char *text, double extra_ms) {
  struct error error = {0};
  double before = cpu_ms();
  if (load(text, &error) == 0) fail_msg("accepted: %s", text);
  double took = cpu_ms() - before;
  if (strcmp(error.code, "script_cpu_limit") != 0) fail_msg("%s\n  said: %s", text, error.message);
  bool placed = strncmp(error.message, "plugins/x.lua:", 14) == 0;
  if (!placed || !strstr(error.message, "ms of CPU")) fail_msg("%s\n  said: %s", text, error.message);
  if (took > LIMIT_MS + extra_ms * SLOWNESS) fail_msg("%s\n  took %.1f ms", text, took);
  holds("return true");
}

static void stopped(const char *text) {
  stopped_within(text, 20);
}

static void endless_loops_are_stopped(void **state) {
  (void)state;
  stopped("while true do end");
  stopped("repeat until false");
  stopped("for i = 1, 1e18 do end");
  stopped("local function f() return f() end f()");
  stopped("local t = {} for _ in function() return 1 end do t[1] = 1 end");
  stopped("while true do pcall(function() while true do end end) end");
  stopped("while true do xpcall(function() while true do end end, function() while true do end end) end");
  stopped("xpcall(function() error('x') end, function() while true do end end)");
  stopped("local function f() while true do pcall(f) end end f()");
  stopped("local function f() while true do xpcall(f, f) end end f()");
  stopped("pcall(pcall, pcall, function() while true do end end) while true do end");
  stopped(
      "local t = setmetatable({}, { __index = function(t, k) return t[k + 1] end })\n"
      "while true do pcall(function() return t[1] end) end");
  stopped("local t = setmetatable({}, { __tostring = function(t) return tostring(t) end }) return tostring(t)");
}

static void endless_work_inside_library_functions_is_stopped(void **state) {
  (void)state;
  stopped("while true do (('a'):rep(100)):gsub('a', function() end) end");
  stopped("local t = {} for i = 1, 1e5 do t[i] = i % 7 end while true do table.sort(t, math.max) end");
  stopped("local t = {} for i = 1, 100 do t[i] = i end table.sort(t, function() while true do end end)");
  stopped("while true do local t = {} for i = 1, 1000 do table.insert(t, 1, i) end end");
  stopped("local s = ('a'):rep(1e6) while true do s:find('b') end");
  stopped("local s = ('a'):rep(1e6) while true do s:find('[^%s%S]') end");
  stopped("local s = ('a'):rep(4e6) s:gsub('.', string.upper) while true do end");
}

static void expensive_patterns_are_given_up(void **state) {
  (void)state;
  fails("(('a'):rep(28)):find(('a-'):rep(14) .. 'b')", "pattern too expensive");
  fails("(('a'):rep(101)):find('.-.-.-.-b')", "pattern too expensive");
  fails("(('a'):rep(30)):match(('a?'):rep(30) .. ('a'):rep(30) .. 'b')", "pattern too expensive");
  fails("for w in (('a'):rep(100)):gmatch('.-.-.-.-b') do end", "pattern too expensive");
  fails("(('a'):rep(100)):gsub('.*.*.*.*.*b', '')", "pattern too expensive");
  fails("(('('):rep(1e5)):find('%b()')", "pattern too expensive");
  fails("(('x'):rep(300)):find(('x?'):rep(257))", "pattern too complex");
  holds("return (('x'):rep(300)):find(('x?'):rep(256)) == 1");
}

/* ---- size and depth ---- */

static void big_results_are_refused(void **state) {
  (void)state;
  fails("return ('x'):rep(2^30)", "string result too long");
  fails("return ('x'):rep(8 * 1024 * 1024 + 1)", "string result too long");
  holds("return #('x'):rep(8 * 1024 * 1024) == 8 * 1024 * 1024");
  fails("return ('x'):rep(2^22, 'yy')", "string result too long");
  fails("local s = ('x'):rep(4.2e6) return ('%s%s'):format(s, s)", "string result too long");
  fails("local s = ('x'):rep(1e6) local t = {} for i = 1, 9 do t[i] = s end return table.concat(t)",
        "string result too long");
  fails("local s = ('x'):rep(4.2e6) s = s .. s return s:reverse()", "string result too long");
  fails("local s = ('x'):rep(4.2e6) s = s .. s return s:upper()", "string result too long");
  fails("return (('x'):rep(3000):gsub('.', ('y'):rep(3000)))", "string result too long");
  fails("local t = {} for i = 1, 100001 do t[i] = 0 end table.sort(t)", "table too big to sort");
  fails("return unpack({}, 1, 1001)", "too many results to unpack");
  fails("return unpack({}, 1, 1e9)", "too many results to unpack");
  fails("return unpack({}, -2^53, 2^53)", "too many results to unpack");
  holds("return select('#', unpack({}, 1, 1000)) == 1000");
}

static void memory_bombs_end_in_an_error(void **state) {
  (void)state;
  static const char *const bombs[] = {
      "local s = ('x'):rep(8e6) local t = {} while true do t[#t + 1] = s .. #t end",
      "local s = 'x' while true do s = s .. s end",
      "local t = {} for i = 1, 1e9 do t[i] = i end",
      "local t = {} while true do t = { t, function() return t end } end",
  };
  for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
    struct error error = {0};
    assert_int_equal(load(bombs[i], &error), -1);
    assert_true(strcmp(error.code, "script_memory_limit") == 0 || strcmp(error.code, "script_cpu_limit") == 0);
    holds("return true");
  }
}

static void deep_recursion_is_an_error(void **state) {
  (void)state;
  fails("local function f() return 1 + f() end return f()", "stack overflow");
  fails("local function f(...) return (f(1, ...)) end return f()", "stack overflow");
  fails("local t = setmetatable({}, { __index = function(t, k) return 1 + t[k + 1] end }) return t[1]",
        "stack overflow");
  fails("local t = setmetatable({}, { __tostring = function(t) return 'a' .. tostring(t) end }) return tostring(t)",
        "stack overflow");
}

static void callbacks_from_c_nest_sixteen_deep(void **state) {
  (void)state;
  static const char *const calls[] = {
      "('x'):gsub('x', function() return f(n + 1) end)",
      "table.sort({ 1, 2 }, function() return f(n + 1) end)",
      "('%s'):format(setmetatable({}, { __tostring = function() return f(n + 1) end }))",
      "('x'):gsub('x', setmetatable({}, { __index = function() return f(n + 1) end }))",
  };
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    char text[512];
    snprintf(text, sizeof text, "%s%s%s", "local deepest = 0 local function f(n) deepest = n return ", calls[i],
             " end\nlocal ok, why = pcall(f, 0)\n"
             "return not ok and why:find('callbacks nested deeper than 16', 1, true) ~= nil and deepest == 16");
    holds(text);
  }
  holds(
      "local ok, why = pcall(function()\n"
      "  local mt = {} local deepest = 0\n"
      "  local function pair() return { setmetatable({}, mt), setmetatable({}, mt) } end\n"
      "  mt.__lt = function() table.sort(pair()) return true end\n"
      "  table.sort(pair())\n"
      "end)\n"
      "return not ok and why:find('callbacks nested deeper than 16', 1, true) ~= nil");
  holds(
      "for i = 1, 100 do pcall(string.gsub, 'x', 'x', function() error('out') end) end\n"
      "return ('x'):gsub('x', function() return 'y' end) == 'y'");
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(endless_loops_are_stopped),          TEST(endless_work_inside_library_functions_is_stopped),
      TEST(expensive_patterns_are_given_up),    TEST(big_results_are_refused),
      TEST(memory_bombs_end_in_an_error),       TEST(deep_recursion_is_an_error),
      TEST(callbacks_from_c_nest_sixteen_deep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
