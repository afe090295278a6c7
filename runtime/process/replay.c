// SPDX-License-Identifier: Apache-2.0
#include "process/replay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/file.h"
#include "crypto/secret.h"
#include "process/replay_compare.h"
#include "process/replay_options.h"
#include "process/replay_script.h"
#include "process/replay_stage.h"
#include "process/roots.h"
#include "tls/tls.h"

enum { EXIT_SAME = 0, EXIT_DIFFERENT = 1, EXIT_UNUSABLE = 2 };

struct replay_run {
  struct replay_options options;
  struct replay_stage stage;
  unsigned line; /* of the file */
  unsigned played, same, left_out;
};

static int complain(const char *message) {
  fprintf(stderr, "moongate replay: %s\n", message);
  return EXIT_UNUSABLE;
}

/* ---- one request ---- */

static void name_show(const char *word, const struct record *record) {
  printf("%-10s %.*s  %.*s %.*s", word, (int)record->trace_id.len, record->trace_id.ptr, (int)record->method.len,
         record->method.ptr, (int)record->target.len, record->target.ptr);
}

/* What was masked when it was recorded is masked now, too. */
static void judge(void *user, const struct record *then, struct record *now) {
  struct replay_run *run = user;
  if (then->redacted) record_mask(now, log_redactor(run->stage.worker.log));
  if (!replay_compare(then, now, stdout)) return;
  run->same++;
  name_show("identical", then);
  printf("  %d\n", now->status);
}

static void record_play(struct replay_run *run, struct record *record) {
  if (record->outcome == RECORD_GONE) {
    run->left_out++;
    name_show("left out", record);
    printf("  the client went away\n");
    return;
  }
  run->played++;
  if (replay_stage_play(&run->stage, record)) return;
  name_show("differs", record);
  printf("\n  the replay came to no end\n");
}

/* ---- the file ---- */

static int line_play(struct replay_run *run, struct slice line) {
  struct arena arena = {0};
  struct record record;
  struct error error;
  int result = record_read(line, &arena, &record, &error);
  if (result < 0) {
    fprintf(stderr, "moongate replay: %s:%u: %s\n", run->options.from, run->line, error.message);
  } else if (!run->options.trace || slice_equal(record.trace_id, slice_text(run->options.trace))) {
    record_play(run, &record);
  }
  record_free(&record);
  arena_free(&arena);
  return result;
}

static int lines_play(struct replay_run *run, FILE *file) {
  char *text = NULL;
  size_t room = 0;
  int result = 0;
  for (ssize_t len; result == 0 && (len = getline(&text, &room, file)) > 0;) {
    run->line++;
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) len--;
    if (len > 0) result = line_play(run, slice_make(text, (size_t)len));
  }
  free(text);
  return result;
}

static int nothing_played(const struct replay_run *run) {
  if (run->left_out > 0) return EXIT_SAME;
  if (run->options.trace) {
    fprintf(stderr, "moongate replay: %s has no request %s\n", run->options.from, run->options.trace);
  } else {
    fprintf(stderr, "moongate replay: %s holds no request\n", run->options.from);
  }
  return EXIT_UNUSABLE;
}

static int file_play(struct replay_run *run, FILE *file) {
  if (lines_play(run, file) < 0) return EXIT_UNUSABLE;
  if (run->played == 0) return nothing_played(run);
  unsigned different = run->played - run->same;
  printf("%u of %u requests identical", run->same, run->played);
  printf(different > 0 ? ", %u different\n" : "\n", different);
  return different > 0 ? EXIT_DIFFERENT : EXIT_SAME;
}

/* ---- the generation ---- */

static int configuration_load(const struct worker_program *program, const struct program_doors *doors,
                              struct settings *settings) {
  struct worker worker = {.random = random_open()};
  struct buffer report = {0};
  struct error error = {0};
  struct vm_options options = {.bundle = program->bundle, .host = &worker, .open_doors = program->open_doors};
  worker.vm = vm_open(&options, &error);
  int result = worker.vm ? doors->check(&worker, &report) : complain(error.message);
  if (worker.vm) vm_close(worker.vm);
  if (result < 0) fprintf(stderr, "%.*s\n", (int)report.len, report.data ? report.data : "");
  buffer_free(&report);
  random_close(worker.random);
  *settings = worker.settings;
  return result;
}

/* Nothing of the real gateway's is touched: no address, no file, and only what goes wrong is logged. */
static void settings_quiet(struct settings *settings) {
  memcpy(settings->log_level, "error", sizeof "error");
  settings->recording_path[0] = '\0';
  settings->overload_lag_ms = 0;
  secret_cleanse(settings->master_key, sizeof settings->master_key);
}

static int stage_play(struct replay_run *run, const struct worker_program *program, FILE *file) {
  struct segment *segment = segment_open(1);
  if (!segment) return complain("cannot map shared memory; is the machine out of memory?");
  run->stage.judge = judge;
  run->stage.user = run;
  int result = EXIT_UNUSABLE;
  if (replay_stage_open(&run->stage, segment, program) == 0) {
    result = file_play(run, file);
    replay_stage_close(&run->stage);
  }
  segment_close(segment);
  return result;
}

static int generation_play(struct replay_run *run, const struct program_doors *doors, struct replay_script *script,
                           FILE *file) {
  struct settings settings = {0};
  struct worker_program program = {
      .settings = &settings, .bundle = &script->bundle, .open_doors = doors->open_doors, .serve = doors->serve};
  if (configuration_load(&program, doors, &settings) != 0) return EXIT_UNUSABLE;
  settings_quiet(&settings);
  return stage_play(run, &program, file);
}

/* A configuration that cannot be read is told of later, by those who read it whole. */
static void roots_read(const char *scripts, struct script_roots *roots) {
  struct buffer text = {0};
  struct error ignored;
  const char *path = roots_config_path();
  if (path && config_file_read(path, &text, &ignored) < 0) buffer_clear(&text);
  roots_find(roots, scripts, path, buffer_slice(&text));
  buffer_free(&text);
}

int replay_run(const char *scripts, const struct program_doors *doors, int argc, char **argv) {
  struct replay_run run = {0};
  struct script_roots roots;
  struct replay_script script;
  struct error error;
  roots_read(scripts, &roots);
  if (replay_options_read(&run.options, argc, argv, &roots, &error) < 0) return complain(error.message);
  FILE *file = fopen(run.options.from, "rbe");
  if (!file) {
    error_set(&error, 0, "file", "%.150s cannot be read: %s", run.options.from, strerror(errno));
    return complain(error.message);
  }
  unsetenv("SSLKEYLOGFILE");
  tls_library_init();
  int result = EXIT_UNUSABLE;
  if (replay_script_open(&script, &roots, &run.options, &error) < 0) {
    complain(error.message);
  } else {
    result = generation_play(&run, doors, &script, file);
    replay_script_close(&script);
  }
  fclose(file);
  return result;
}
