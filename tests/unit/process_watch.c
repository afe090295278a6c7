// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "process/watch.h"
#include "script_support.h"

/* A script folder and a configuration beside it; the clock is the test's. */

static struct play play;
static struct watch *watch;
static char root[80], config[96], catalog[96];
static uint64_t now;

static void look_at(const char *const *roots, size_t count) {
  const char *const files[] = {config, catalog};
  watch_set(watch, &(struct watch_paths){.roots = roots, .root_count = count, .files = files, .file_count = 2});
}

static int set_up(void **state) {
  (void)state;
  play_open(&play);
  snprintf(root, sizeof root, "%s/lua", play.root);
  snprintf(config, sizeof config, "%s/conf/gateway.yaml", play.root);
  snprintf(catalog, sizeof catalog, "%s/prices/catalog.json", play.root);
  play_write(&play, "lua/plugins/a.lua", "return 1");
  play_write(&play, "prices/catalog.json", "{}");
  play_write(&play, "conf/gateway.yaml", "targets: auto");
  const char *const roots[] = {root};
  watch = watch_open();
  assert_non_null(watch);
  look_at(roots, 1);
  now = 1000000;
  watch_read(watch, now);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  watch_close(watch);
  play_close(&play);
  return 0;
}

/* What the kernel has to say is there at once: it is queued by the system call that causes it. What is due is read. */
static bool due_after(uint64_t ms) {
  now += ms;
  watch_read(watch, now);
  bool due = watch_due(watch, now);
  if (due) watch_take(watch, now);
  return due;
}

static bool changed(void) {
  watch_read(watch, now);
  return due_after(WATCH_QUIET_MS);
}

static void a_change_is_told_once_when_it_is_quiet(void **state) {
  (void)state;
  assert_false(changed());
  play_write(&play, "lua/plugins/a.lua", "return 2");
  watch_read(watch, now);
  assert_int_equal(watch_wait(watch, now, 250), WATCH_QUIET_MS);
  assert_false(due_after(WATCH_QUIET_MS - 1));
  assert_true(due_after(1));
  assert_false(due_after(1000));
}

static void a_burst_that_does_not_end_is_read_in_between(void **state) {
  (void)state;
  bool due = false;
  uint64_t began = now;
  while (!due && now - began < 2000) {
    play_write(&play, "lua/plugins/a.lua", "return 3");
    due = due_after(10);
  }
  assert_in_range(now - began, WATCH_LONGEST_MS, WATCH_LONGEST_MS + 20);
}

static void a_file_that_is_being_written_is_waited_for(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/plugins/slow.lua", root);
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  for (int i = 0; i < 10; i++) {
    assert_int_equal(write(fd, "-- half\n", 8), 8);
    assert_false(due_after(100));
  }
  close(fd);
  assert_true(due_after(0) || due_after(WATCH_QUIET_MS));
}

static void a_file_that_is_never_closed_is_read_in_the_end(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/plugins/slow.lua", root);
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  assert_int_equal(write(fd, "-- half\n", 8), 8);
  watch_read(watch, now);
  assert_false(due_after(WATCH_WRITER_MS - 1));
  assert_true(due_after(1));
  close(fd);
}

static void a_rename_and_a_link_are_changes_at_once(void **state) {
  (void)state;
  char from[128], to[128];
  snprintf(from, sizeof from, "%s/plugins/a.lua~", root);
  snprintf(to, sizeof to, "%s/plugins/a.lua", root);
  play_write(&play, "lua/plugins/a.lua~", "return 4");
  assert_false(changed());
  assert_int_equal(rename(from, to), 0);
  assert_true(changed());
  snprintf(from, sizeof from, "%s/plugins/linked.lua", root);
  assert_int_equal(symlink(to, from), 0);
  assert_true(changed());
  assert_int_equal(unlink(from), 0);
  assert_true(changed());
}

static void what_no_script_is_called_is_no_change(void **state) {
  (void)state;
  static const char *const names[] = {"a.lua~", ".a.lua.swp", "#a.lua#", "4913", ".#a.lua", "notes.txt", ".git/x.lua"};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "lua/plugins/%s", names[i]);
    play_write(&play, path, "x");
  }
  play_write(&play, "conf/other.yaml", "x");
  play_write(&play, "other/x.lua", "x");
  assert_false(changed());
}

static void the_configuration_is_watched_by_its_name(void **state) {
  (void)state;
  play_write(&play, "conf/gateway.yaml", "targets: []");
  assert_true(changed());
}

static void a_single_file_in_a_folder_of_its_own_is_watched(void **state) {
  (void)state;
  play_write(&play, "prices/other.json", "{}");
  assert_false(changed());
  play_write(&play, "prices/catalog.json", "{} ");
  assert_true(changed());
}

static void folders_made_later_are_watched(void **state) {
  (void)state;
  play_write(&play, "lua/strategies/mine.lua", "return {}");
  assert_true(changed());
  play_write(&play, "lua/strategies/mine.lua", "return { 1 }");
  assert_true(changed());
  play_write(&play, "spec/plugins/a_spec.lua", "it()");
  assert_true(changed());
  play_write(&play, "spec/plugins/a_spec.lua", "it('is')");
  assert_true(changed());
}

static void a_root_that_was_gone_is_found_again(void **state) {
  (void)state;
  char away[96];
  snprintf(away, sizeof away, "%s/away", play.root);
  assert_int_equal(rename(root, away), 0);
  assert_true(changed());
  assert_int_equal(rename(away, root), 0);
  watch_read(watch, now);
  while (watch_due(watch, now)) continue;
  now += WATCH_RESCAN_MS;
  watch_read(watch, now);
  due_after(WATCH_QUIET_MS);
  play_write(&play, "lua/plugins/a.lua", "return 5");
  assert_true(changed());
}

static void other_roots_take_the_place_of_the_first(void **state) {
  (void)state;
  char other[96];
  play_write(&play, "over/plugins/b.lua", "return 1");
  snprintf(other, sizeof other, "%s/over", play.root);
  const char *const roots[] = {root, other};
  look_at(roots, 2);
  watch_read(watch, now);
  play_write(&play, "over/plugins/b.lua", "return 2");
  assert_true(changed());
  look_at(roots, 1);
  watch_read(watch, now);
  play_write(&play, "over/plugins/b.lua", "return 3");
  assert_false(changed());
}

int main(void) {
  const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
      TEST(a_change_is_told_once_when_it_is_quiet),
      TEST(a_burst_that_does_not_end_is_read_in_between),
      TEST(a_file_that_is_being_written_is_waited_for),
      TEST(a_file_that_is_never_closed_is_read_in_the_end),
      TEST(a_rename_and_a_link_are_changes_at_once),
      TEST(what_no_script_is_called_is_no_change),
      TEST(the_configuration_is_watched_by_its_name),
      TEST(folders_made_later_are_watched),
      TEST(a_root_that_was_gone_is_found_again),
      TEST(other_roots_take_the_place_of_the_first),
      TEST(a_single_file_in_a_folder_of_its_own_is_watched),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
