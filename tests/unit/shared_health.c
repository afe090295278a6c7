// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "shared_cells.h"

/* Slots, queue and budget with four processes, some of them killed at any instant. */

static const struct health_place narrow = {
    .guarded = true, .limit = 3, .queue_size = 5, .breaker = {.failures = 2, .timeout_ms = 1, .probes = 2}};

/* ---- cells ---- */

static void a_key_is_the_same_cell_for_everybody(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  struct health *health = scene->place.health;
  assert_ptr_equal(health_find(health, slice_text("target"), 0), scene->place.cell);
  assert_ptr_not_equal(health_find(health, slice_text("other"), 0), scene->place.cell);
  struct health_cell *model = health_find_model(health, scene->place.cell, slice_text("m"), false, 0);
  assert_ptr_equal(health_find_model(health, scene->place.cell, slice_text("m"), false, 0), model);
  assert_ptr_not_equal(
      health_find_model(health, health_find(health, slice_text("other"), 0), slice_text("m"), false, 0), model);
  scene_close(scene);
}

static void fill(struct health *health, unsigned worker) {
  char key[16];
  for (unsigned i = 0; i < HEALTH_CELLS; i++) {
    snprintf(key, sizeof key, "k%u", i);
    health_find(health, slice_text(key), worker);
  }
}

static void who_finds_no_room_shares_a_cell_that_refuses_nobody(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  struct health *health = scene->place.health;
  fill(health, 0);
  struct health_cell *last = health_find(health, slice_text("one too many"), 0);
  assert_true(health_is_shared(health, last));
  assert_ptr_equal(health_find_model(health, last, slice_text("m"), false, 0), last);
  assert_ptr_equal(health_find(health, slice_text("target"), 0), scene->place.cell);
  scene_close(scene);
}

static unsigned count_models(const struct scene *scene) {
  struct health_name name;
  unsigned count = 0;
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) {
    if (health_model_name(scene->place.health, scene->place.target, i, &name)) count++;
  }
  return count;
}

static void cells_that_nobody_names_any_more_make_room(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  struct health *health = scene->place.health;
  struct health_cell *model = health_find_model(health, scene->place.cell, slice_text("m"), false, 0);
  struct health_cell *gone = health_find(health, slice_text("gone"), 0);
  gone->unhealthy = true;
  health_drop(health, gone, 0);
  assert_ptr_equal(health_find(health, slice_text("gone"), 0), gone); /* kept as long as there is room */
  assert_true(gone->unhealthy);
  health_drop(health, gone, 0);
  fill(health, 3);
  health_forget(health, 3); /* its names went with the worker */
  struct health_cell *other = health_find(health, slice_text("other"), 0);
  assert_false(health_is_shared(health, other));
  assert_false(health_find(health, slice_text("gone"), 0)->unhealthy);
  assert_ptr_equal(health_find(health, slice_text("target"), 0), scene->place.cell);
  assert_ptr_equal(health_find_model(health, scene->place.cell, slice_text("m"), false, 0), model);
  assert_int_equal(count_models(scene), 1);
  health_drop(health, model, 0);
  health_drop(health, model, 0);
  fill(health, 3);
  assert_int_equal(count_models(scene), 0);
  scene_close(scene);
}

static void name_and_drop(struct scene *scene, unsigned worker) {
  struct health *health = scene->place.health;
  unsigned seed = worker + scene->rounds;
  char key[16];
  while (!scene->stop) {
    snprintf(key, sizeof key, "r%d", rand_r(&seed) % 100);
    struct health_cell *target = health_find(health, slice_text(key), worker);
    struct health_cell *model = health_find_model(health, target, slice_text("m"), false, worker);
    scene->entered++;
    health_drop(health, model, worker);
    health_drop(health, target, worker);
  }
}

static void name_models(struct scene *scene, unsigned worker) {
  char name[16];
  for (unsigned i = 0; i < 50; i++) {
    snprintf(name, sizeof name, "m%u", (i + worker * 13) % 50);
    struct health_cell *cell =
        health_find_model(scene->place.health, scene->place.cell, slice_text(name), false, worker);
    if (cell == scene->place.cell) _exit(1);
  }
}

static void models_that_all_name_at_once_count_once(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  in_children(scene, name_models);
  assert_int_equal(count_models(scene), 50);
  scene_close(scene);
}

static struct health_cell *model_named(struct scene *scene, const char *prefix, unsigned number, bool guess) {
  char name[16];
  snprintf(name, sizeof name, "%s%u", prefix, number);
  return health_find_model(scene->place.health, scene->place.cell, slice_text(name), guess, 0);
}

static void names_that_clients_guess_leave_room_for_models(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  for (unsigned i = 0; i < 1000; i++) {
    bool own = model_named(scene, "guess", i, true) != scene->place.cell;
    assert_int_equal(own, i < HEALTH_GUESSES_MAX);
  }
  for (unsigned i = HEALTH_GUESSES_MAX; i < HEALTH_MODELS_MAX; i++)
    assert_ptr_not_equal(model_named(scene, "model", i, false), scene->place.cell);
  assert_ptr_equal(model_named(scene, "model", 1000, false), scene->place.cell);
  assert_int_equal(count_models(scene), HEALTH_MODELS_MAX);
  scene_close(scene);
}

static void a_model_that_nobody_asks_for_any_more_makes_room_unless_it_is_ill(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  struct health_cell *cells[HEALTH_MODELS_MAX];
  struct breaker_pass pass;
  for (unsigned i = 0; i < HEALTH_MODELS_MAX; i++) cells[i] = model_named(scene, "m", i, false);
  for (unsigned i = 0; i < narrow.breaker.failures; i++) {
    assert_true(breaker_enter(&cells[0]->breaker, &narrow.breaker, 0, NOW, &pass));
    breaker_leave(&cells[0]->breaker, &narrow.breaker, &pass, BREAKER_FAILURE, NOW);
  }
  uint64_t mark = health_models_mark(scene->place.health, scene->place.cell);
  assert_ptr_equal(model_named(scene, "new", 0, false), scene->place.cell);
  health_drop(scene->place.health, cells[0], 0);
  assert_ptr_equal(model_named(scene, "new", 0, false), scene->place.cell);
  health_drop(scene->place.health, cells[1], 0);
  assert_ptr_equal(model_named(scene, "new", 0, false), cells[1]);
  assert_ptr_equal(model_named(scene, "m", 0, false), cells[0]);
  assert_ptr_equal(model_named(scene, "m", 1, false), scene->place.cell);
  assert_int_equal(count_models(scene), HEALTH_MODELS_MAX);
  assert_true(health_models_mark(scene->place.health, scene->place.cell) != mark);
  scene_close(scene);
}

/* ---- slots ---- */

/* What the limit is about: counted by the test itself. */
static bool inside_fits(struct scene *scene, unsigned worker) {
  scene->inside[worker] = 1;
  unsigned sum = 0;
  for (unsigned i = 0; i < CHILDREN; i++) sum += scene->inside[i];
  if (sum > scene->most) scene->most = sum;
  return sum <= scene->place.limit;
}

static void come_and_go(struct scene *scene, unsigned worker) {
  struct health_place *place = &scene->place;
  for (unsigned turn = 0; turn < 100000; turn++) {
    if (!health_slot_take(place->health, place->target, worker, place->limit)) continue;
    if (!inside_fits(scene, worker)) _exit(2);
    scene->entered++;
    scene->inside[worker] = 0;
    health_slot_give(place->health, place->target, worker);
  }
}

static void the_limit_is_never_passed(void **state) {
  UNUSED(state);
  for (unsigned limit = 1; limit < CHILDREN; limit++) {
    struct scene *scene = scene_open((struct health_place){.limit = limit});
    in_children(scene, come_and_go);
    assert_in_range(scene->most, 1, limit);
    assert_true(scene->entered > 1000);
    assert_all_is_back(scene);
    scene_close(scene);
  }
}

enum { TARGETS = 2000 };

/* They run through all of them side by side, and keep what they get. */
static void run_through(struct scene *scene, unsigned worker) {
  struct health *health = scene->place.health;
  scene->ready++;
  while (scene->ready < CHILDREN) sched_yield();
  for (unsigned i = 0; i < TARGETS; i++) {
    if (health_slot_take(health, &health->cells[i], worker, 1)) scene->entered++;
  }
}

static void whoever_meets_at_a_target_stays_within_its_limit(void **state) {
  UNUSED(state);
  for (unsigned round = 0; round < 20; round++) {
    struct scene *scene = scene_open((struct health_place){0});
    struct health *health = scene->place.health;
    in_children(scene, run_through);
    for (unsigned i = 0; i < TARGETS; i++) assert_true(health_load(health, &health->cells[i]).in_flight <= 1);
    assert_true(scene->entered > TARGETS / 2);
    scene_close(scene);
  }
}

/* ---- killed at any instant ---- */

/* As a worker: in, or into the queue and in when it is the first; out again in one way or another. */
static void stay_there(struct scene *scene, unsigned worker, struct breaker_pass *pass, unsigned chance) {
  struct health_place *place = &scene->place;
  if (!inside_fits(scene, worker)) _exit(2);
  scene->entered++;
  scene->inside[worker] = 0;
  health_leave(place, worker, pass, (enum health_verdict)(chance % 4), -1, scene->now);
}

static void wait_there(struct scene *scene, unsigned worker, unsigned chance) {
  struct health_place *place = &scene->place;
  struct breaker_pass pass = {0};
  uint64_t ticket = health_queue_join(place->health, place->target, worker, place->queue_size);
  if (ticket == 0) return;
  if (health_load(place->health, place->target).waiting > CHILDREN) _exit(4);
  health_queue_publish(place->health, place->target, worker, ticket);
  enum health_answer answer = HEALTH_BUSY;
  for (unsigned patience = chance % 100; patience > 0 && answer == HEALTH_BUSY; patience--) {
    if (health_queue_first(place->health, place->target, 0) != worker) continue;
    answer = health_enter_waited(place, worker, scene->now, &pass);
  }
  health_queue_publish(place->health, place->target, worker, 0);
  health_queue_leave(place->health, place->target, worker);
  if (answer == HEALTH_YES) stay_there(scene, worker, &pass, chance / 100);
}

static void work_on(struct scene *scene, unsigned worker) {
  unsigned seed = worker + 17 * scene->rounds;
  while (!scene->stop) {
    struct breaker_pass pass = {0};
    unsigned chance = (unsigned)rand_r(&seed);
    if (chance % 16 == 0) scene->now++;
    enum health_answer answer = health_enter(&scene->place, worker, scene->now, &pass);
    if (answer == HEALTH_YES) stay_there(scene, worker, &pass, chance);
    if (answer == HEALTH_BUSY) wait_there(scene, worker, chance);
  }
}

static void nap(unsigned microseconds) {
  nanosleep(&(struct timespec){.tv_nsec = microseconds * 1000L}, NULL);
}

/* As the supervisor does it: the test's own count first, since others may come in as soon as the slots are free. */
static void replace(struct scene *scene, pid_t *children, unsigned worker, scene_part part) {
  int status = 0;
  kill(children[worker], SIGKILL);
  assert_int_equal(waitpid(children[worker], &status, 0), children[worker]);
  assert_true(WIFSIGNALED(status));
  scene->inside[worker] = 0;
  health_forget(scene->place.health, worker);
  scene->rounds++;
  children[worker] = child_start(scene, worker, part);
}

/* Four of them at work, and one after the other is killed; at the end nothing has got stuck, and they stop. */
static void kill_along(struct scene *scene, unsigned kills, scene_part part) {
  pid_t children[CHILDREN];
  unsigned seed = 5;
  for (unsigned i = 0; i < CHILDREN; i++) children[i] = child_start(scene, i, part);
  for (unsigned i = 0; i < kills; i++) {
    nap((unsigned)rand_r(&seed) % 2000);
    replace(scene, children, (unsigned)rand_r(&seed) % CHILDREN, part);
  }
  unsigned before = scene->entered;
  for (unsigned i = 0; i < 5000 && scene->entered < before + 1000; i++) nap(1000);
  assert_true(scene->entered >= before + 1000);
  scene->stop = 1;
  for (unsigned i = 0; i < CHILDREN; i++) {
    int status = 0;
    waitpid(children[i], &status, 0);
    assert_int_equal(status, 0);
  }
}

static void a_killed_process_leaks_neither_slot_nor_place_nor_probe(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  kill_along(scene, 150, work_on);
  print_message("%u calls, at most %u inside\n", (unsigned)scene->entered, (unsigned)scene->most);
  assert_true(scene->most <= scene->place.limit);
  assert_all_is_back(scene);
  scene_close(scene);
}

static void a_killed_process_leaves_cells_to_the_others(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  kill_along(scene, 100, name_and_drop);
  fill(scene->place.health, 0);
  assert_int_equal(scene->place.health->used, HEALTH_CELLS);
  scene_close(scene);
}

/* ---- the budget ---- */

static void retry_always(struct scene *scene, unsigned worker) {
  static const struct budget_rules rules = {.ratio = 0.2, .per_second = 1};
  struct health_budget *budget = &scene->place.health->budget;
  for (unsigned i = 0; i < 500; i++) health_budget_request(budget, worker, NOW);
  scene->ready++;
  while (scene->ready < CHILDREN) sched_yield();
  for (unsigned i = 0; i < 500; i++) {
    if (health_budget_spend(budget, &rules, CHILDREN, NOW)) scene->entered++;
  }
}

static void retries_stay_within_the_budget(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open(narrow);
  in_children(scene, retry_always);
  assert_in_range(scene->entered, 400 - CHILDREN, 400);
  scene_close(scene);
}

/* ---- what it costs ---- */

static double cost_ns(const struct health_place *place) {
  enum { TURNS = 1000000 };
  struct timespec begin, end;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
  for (unsigned i = 0; i < TURNS; i++) {
    struct breaker_pass pass = {0};
    uint64_t until;
    assert_true(health_look(place, NOW, &until) == HEALTH_YES);
    assert_true(health_enter(place, 0, NOW, &pass) == HEALTH_YES);
    health_leave(place, 0, &pass, HEALTH_OK, -1, NOW);
  }
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
  return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / TURNS;
}

static void looking_entering_and_leaving_cost_next_to_nothing(void **state) {
  UNUSED(state);
  struct scene *scene = scene_open((struct health_place){0});
  double bare = cost_ns(&scene->place);
  scene->place.guarded = true;
  double guarded = cost_ns(&scene->place);
  scene->place.limit = 100;
  double limited = cost_ns(&scene->place);
  print_message("look, enter, leave: %.0f ns, with a breaker %.0f ns, with a limit too %.0f ns\n", bare, guarded,
                limited);
  assert_true(limited < 20000); /* not the figure, but what no machine excuses */
  scene_close(scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_key_is_the_same_cell_for_everybody),
      cmocka_unit_test(who_finds_no_room_shares_a_cell_that_refuses_nobody),
      cmocka_unit_test(cells_that_nobody_names_any_more_make_room),
      cmocka_unit_test(models_that_all_name_at_once_count_once),
      cmocka_unit_test(names_that_clients_guess_leave_room_for_models),
      cmocka_unit_test(a_model_that_nobody_asks_for_any_more_makes_room_unless_it_is_ill),
      cmocka_unit_test(the_limit_is_never_passed),
      cmocka_unit_test(whoever_meets_at_a_target_stays_within_its_limit),
      cmocka_unit_test(a_killed_process_leaks_neither_slot_nor_place_nor_probe),
      cmocka_unit_test(a_killed_process_leaves_cells_to_the_others),
      cmocka_unit_test(retries_stay_within_the_budget),
      cmocka_unit_test(looking_entering_and_leaving_cost_next_to_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
