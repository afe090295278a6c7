// SPDX-License-Identifier: Apache-2.0
#include <lualib.h>

#include "script/loader.h"
#include "script/pattern.h"
#include "script_support.h"

/* The bounded matcher against LuaJIT's own, on many random patterns. */

static struct play play;
static struct vm *vm;
static lua_State *stock;
static uint64_t seed;

static int set_up(void **state) {
  (void)state;
  play_open(&play);
  vm = play_vm(&play, 0, NULL);
  stock = luaL_newstate();
  luaL_openlibs(stock);
  seed = 88172645463325252u;
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  lua_close(stock);
  vm_close(vm);
  play_close(&play);
  return 0;
}

static unsigned pick(unsigned below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (unsigned)(seed >> 33) % below;
}

static const char *const pattern_pieces[] = {
    "a",    "b",  "(",  ")",  "()", "(a)", "(.)", "%1", "%2",   ".", "%a",   "%A",    "%d",    "%s",         "%w",
    "%p",   "%x", "%u", "%l", "%c", "%g",  "%G",  "%z", "[ab]", "-", "[^a]", "[a-c]", "[%a-]", "[]]",        "[^]]",
    "[%]]", "*",  "+",  "?",  "-",  "*",   "+",   "?",  "$",    "^", "%b()", "%bab",  "%f[a]", "%f[%w]",     "%f[^a]",
    "%",    "[",  "]",  "[a", "%f", "%b",  "%ba", "%.", "%%",   "A", "1",    " ",     "\xc3",  "[\x80-\xff]"};

static const char *const subject_pieces[] = {"a", "b", "c", "(", ")",    "1", " ", ".",
                                             "-", "A", "%", "]", "\xc3", "^", "$"};

static size_t compose(char *out, size_t size, const char *const *pieces, size_t piece_count, unsigned most) {
  size_t len = 0;
  for (unsigned i = pick(most + 1); i > 0; i--) {
    const char *piece = pieces[pick((unsigned)piece_count)];
    size_t add = strlen(piece);
    if (len + add < size) memcpy(out + len, piece, add);
    if (len + add < size) len += add;
  }
  out[len] = '\0';
  return len;
}

/* Runs the comparison function on top with three strings; pushes ok and a text of all results. */
static const char *results_of(lua_State *L, const char *subject, size_t len, const char *pattern, const char *with) {
  lua_pushvalue(L, 1);
  lua_pushlstring(L, subject, len);
  lua_pushlstring(L, pattern, strlen(pattern));
  lua_pushlstring(L, with, strlen(with));
  if (lua_pcall(L, 3, 1, 0) != 0) fail_msg("%s", lua_tostring(L, -1));
  return lua_tostring(L, -1);
}

static const char comparison[] =
    "local function show(ok, ...)\n"
    "  if not ok then return 'raised' end\n"
    "  local out = {}\n"
    "  for i = 1, select('#', ...) do out[i] = tostring((select(i, ...))) end\n"
    "  return table.concat(out, '|')\n"
    "end\n"
    "local function each(subject, pattern)\n"
    "  local out = {}\n"
    "  for a, b in subject:gmatch(pattern) do out[#out + 1] = tostring(a) .. '/' .. tostring(b) end\n"
    "  return table.concat(out, ';')\n"
    "end\n"
    "return function(subject, pattern, with)\n"
    "  return table.concat({\n"
    "    show(pcall(string.find, subject, pattern)), show(pcall(string.find, subject, pattern, 3)),\n"
    "    show(pcall(string.find, subject, pattern, -2)), show(pcall(string.match, subject, pattern)),\n"
    "    show(pcall(string.find, subject, pattern, 1, true)),\n"
    "    show(pcall(string.gsub, subject, pattern, with)), show(pcall(string.gsub, subject, pattern, '<%0>', 2)),\n"
    "    show(pcall(string.gsub, subject, pattern, { a = 'A', b = 1, c = false })),\n"
    "    show(pcall(string.gsub, subject, pattern, function(a, b) return b or a end)),\n"
    "    show(pcall(each, subject, pattern)),\n"
    "  }, '\\n')\n"
    "end\n";

static void load_both(void) {
  struct error error;
  play_put(&play, vm, "plugins/x.lua", comparison);
  assert_int_equal(loader_load(vm, vm_state(vm), "plugins", "x", &error), 0);
  assert_int_equal(luaL_loadstring(stock, comparison), 0);
  lua_call(stock, 0, 1);
}

static void random_patterns_match_as_in_lua(void **state) {
  (void)state;
  load_both();
  static const char *const replacements[] = {"", "x", "%0%0", "%1", "%%", "[%1]", "%2", "%a"};
  unsigned raised = 0;
  for (unsigned i = 0; i < 200000 / SLOWNESS; i++) {
    char pattern[64], subject[64];
    compose(pattern, sizeof pattern, pattern_pieces, sizeof pattern_pieces / sizeof *pattern_pieces, 6);
    size_t len = compose(subject, sizeof subject, subject_pieces, sizeof subject_pieces / sizeof *subject_pieces, 12);
    const char *with = replacements[pick(sizeof replacements / sizeof *replacements)];
    const char *ours = results_of(vm_state(vm), subject, len, pattern, with);
    const char *theirs = results_of(stock, subject, len, pattern, with);
    if (strcmp(ours, theirs) != 0) fail_msg("'%s' on '%s'\n%s\n--\n%s", pattern, subject, ours, theirs);
    raised += strstr(ours, "raised") != NULL;
    lua_settop(vm_state(vm), 1);
    lua_settop(stock, 1);
  }
  assert_true(raised > 100);
}

/* ---- the matcher by itself ---- */

static struct pattern_choice choices[PATTERN_CHOICES];

static enum pattern_result match(struct pattern *pattern, const char *subject, size_t len, const char *text,
                                 size_t text_len) {
  const char *end;
  pattern_open(pattern, slice_make(subject, len), slice_make(text, text_len), choices, NULL, NULL);
  return pattern_match(pattern, subject, text, &end);
}

static void nul_bytes_are_bytes_like_others(void **state) {
  (void)state;
  struct pattern pattern;
  assert_int_equal(match(&pattern, "a\0b", 3, "a\0b", 3), PATTERN_YES);
  assert_int_equal(match(&pattern, "a\0c", 3, "a\0b", 3), PATTERN_NO);
  assert_int_equal(match(&pattern, "a\0b", 3, "a[\0]b", 5), PATTERN_YES);
}

static void thirty_two_captures_and_no_more(void **state) {
  (void)state;
  struct pattern pattern;
  char text[100] = "";
  for (int i = 0; i < 32; i++) memcpy(text + 2 * i, "()", 3);
  assert_int_equal(match(&pattern, "a", 1, text, 64), PATTERN_YES);
  memcpy(text + 64, "()", 3);
  assert_int_equal(match(&pattern, "a", 1, text, 66), PATTERN_BROKEN);
  assert_string_equal(pattern.problem, "too many captures");
}

static void malformed_patterns_say_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    const char *text, *problem;
  } cases[] = {{"%", "malformed pattern (ends with '%')"},
               {"[a", "malformed pattern (missing ']')"},
               {"[]", "malformed pattern (missing ']')"},
               {"[^]", "malformed pattern (missing ']')"},
               {"[%", "malformed pattern (missing ']')"},
               {")", "invalid pattern capture"},
               {"%1", "invalid capture index"},
               {"%0", "invalid capture index"},
               {"%b", "unbalanced pattern"},
               {"%f", "missing '[' after '%f' in pattern"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct pattern pattern;
    assert_int_equal(match(&pattern, "aaa", 3, cases[i].text, strlen(cases[i].text)), PATTERN_BROKEN);
    assert_string_equal(pattern.problem, cases[i].problem);
  }
}

static bool count_and_stop(void *user) {
  return ++*(int *)user == 3;
}

static void the_owner_can_stop_a_match(void **state) {
  (void)state;
  struct pattern pattern;
  char *subject = calloc(1, 100000);
  int asked = 0;
  const char *end;
  pattern_open(&pattern, slice_make(subject, 100000), SLICE_LITERAL(".-a"), choices, count_and_stop, &asked);
  assert_int_equal(pattern_match(&pattern, subject, pattern.text, &end), PATTERN_BROKEN);
  assert_string_equal(pattern.problem, "pattern interrupted");
  assert_int_equal(asked, 3);
  free(subject);
}

static void linear_matches_of_a_long_text_stay_within_the_budget(void **state) {
  (void)state;
  enum { LEN = 1000000 };
  char *subject = malloc(LEN);
  memset(subject, 'x', LEN);
  subject[LEN - 1] = 'y';
  static const char *const texts[] = {".*y", ".-y", "x+y$", "[a-x]*y", "(x*)(y)", "x-y"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    struct pattern pattern;
    assert_int_equal(match(&pattern, subject, LEN, texts[i], strlen(texts[i])), PATTERN_YES);
  }
  free(subject);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(random_patterns_match_as_in_lua), TEST(nul_bytes_are_bytes_like_others),
      TEST(thirty_two_captures_and_no_more), TEST(malformed_patterns_say_what_is_wrong),
      TEST(the_owner_can_stop_a_match),      TEST(linear_matches_of_a_long_text_stay_within_the_budget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
