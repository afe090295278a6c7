// SPDX-License-Identifier: Apache-2.0
#include "process/gate_child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "codec/json.h"
#include "config/file.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "process/judge.h"
#include "process/roots.h"

/* ---- limits ---- */

static void limits_set(void) {
  setrlimit(RLIMIT_CPU, &(struct rlimit){GATE_CPU_SECONDS, GATE_CPU_SECONDS + 1});
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
#if !defined(__SANITIZE_ADDRESS__) /* its shadow memory counts: there the caps of the VMs must do */
  setrlimit(RLIMIT_DATA, &(struct rlimit){GATE_MEMORY, GATE_MEMORY});
#endif
}

static void signals_reset(void) {
  static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE};
  sigset_t none;
  sigemptyset(&none);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) signal(numbers[i], SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Standard output is the log's: nothing of a spec's gets there. */
static void output_drop(void) {
  int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nothing >= 0) dup2(nothing, STDOUT_FILENO);
}

/* ---- what is written into the slot ---- */

static void member_append(struct buffer *out, struct slice object, const char *name) {
  const struct json_step step = {slice_text(name), -1};
  struct slice raw;
  if (!json_find(object, &step, 1, &raw)) return;
  if (json_type_of(raw) == JSON_STRING) json_string_decode(raw, out);
  if (json_type_of(raw) == JSON_NUMBER) buffer_append_slice(out, raw);
}

/* "plugins/x.lua:3: what is wrong", where the message does not begin so by itself. */
static void reason_write(struct generation_slot *slot, struct slice reason) {
  struct buffer file = {0}, line = {0}, message = {0};
  member_append(&file, reason, "file");
  member_append(&line, reason, "line");
  member_append(&message, reason, "message");
  bool told = file.len == 0 || slice_starts(buffer_slice(&message), buffer_slice(&file));
  bool placed = line.len > 0 && !slice_equal(buffer_slice(&line), SLICE_LITERAL("0"));
  snprintf(slot->note, sizeof slot->note, "%.*s%s%.*s%s%.*s", told ? 0 : (int)file.len, file.len ? file.data : "",
           !told && placed ? ":" : "", !told && placed ? (int)line.len : 0, line.len ? line.data : "", told ? "" : ": ",
           (int)message.len, message.len ? message.data : "");
  buffer_free(&file);
  buffer_free(&line);
  buffer_free(&message);
}

/* The first reason of a report, and how many there are, for the log. */
static void reasons_note(struct generation_slot *slot, struct slice report) {
  static const struct json_step steps[] = {{SLICE_LITERAL("reasons"), -1}};
  struct slice list, reason;
  struct json_fault fault;
  struct json_reader reader;
  slot->reasons = 0;
  if (json_validate(report, &json_limits_default, &fault) < 0 || !json_find(report, steps, 1, &list)) return;
  json_reader_start(&reader, list);
  if (json_reader_next(&reader, &reason) != JSON_EVENT_OPEN_ARRAY) return;
  for (; json_reader_value(&reader, &reason); slot->reasons++) {
    if (slot->reasons == 0) reason_write(slot, reason);
  }
}

static void report_store(struct generations *generations, unsigned slot, struct slice report, struct slice lines) {
  if (report.len > JUDGE_REPORT_MAX) report = SLICE_LITERAL("{\"reasons\":[],\"warnings\":[],\"scripts\":[]}");
  generations_store(generations, slot, GENERATION_REPORT, report);
  generations_store(generations, slot, GENERATION_LINES, slice_make(lines.ptr, lines.len < 65536 ? lines.len : 65536));
  reasons_note(&generations->slots[slot], report);
}

void gate_refuse(struct generations *generations, unsigned slot, const char *file, const char *why) {
  struct buffer report = {0}, line = {0};
  buffer_append_slice(&report, SLICE_LITERAL("{\"reasons\":[{\"file\":"));
  json_string_encode(&report, slice_text(file));
  buffer_append_format(&report, ",\"line\":%d,\"message\":", file[0] != '\0');
  json_string_encode(&report, slice_text(why));
  buffer_append_slice(&report, SLICE_LITERAL("}],\"warnings\":[],\"scripts\":[]}"));
  buffer_append_format(&line, "%s%s%s", file, file[0] ? ":1: " : "", why);
  report_store(generations, slot, buffer_slice(&report), buffer_slice(&line));
  buffer_free(&report);
  buffer_free(&line);
}

static void hex_of(struct slice bytes, char out[GENERATION_ID_SIZE]) {
  struct digest digest;
  digest_sha256(bytes, &digest);
  digest_hex(&digest, out);
  out[DIGEST_HEX_SIZE] = '\0';
}

/* Over everything that decides how the gateway behaves: not over specs, nor over where a file was. */
static void id_of(const struct bundle *bundle, char id[GENERATION_ID_SIZE]) {
  struct buffer bytes = {0};
  for (size_t i = 0; i < bundle->count; i++) {
    struct bundle_file file = bundle_at(bundle, i);
    if (file.class == BUNDLE_SPEC) continue;
    buffer_append_format(&bytes, "%s %zu\n", file.path, file.text.len);
    buffer_append_slice(&bytes, file.text);
  }
  hex_of(buffer_slice(&bytes), id);
  buffer_free(&bytes);
}

struct candidate {
  const struct gate *gate;
  const struct gate_task *task;
  struct generation_slot *slot;
  struct buffer config, bytes;
  struct bundle bundle;
  struct script_roots roots;
};

static int read_disk(struct candidate *candidate, struct error *error) {
  const char *path = roots_config_path();
  struct error unread; /* the judge says so with the file's name */
  if (path && config_file_read(path, &candidate->config, &unread) < 0) buffer_free(&candidate->config);
  roots_find(&candidate->roots, candidate->gate->options->bundled, path, buffer_slice(&candidate->config));
  memcpy(candidate->slot->roots, candidate->roots.paths, sizeof candidate->slot->roots);
  memcpy(candidate->slot->overlay, candidate->roots.overlay, sizeof candidate->slot->overlay);
  struct bundle_sources sources = {.roots = candidate->roots.list,
                                   .root_count = candidate->roots.count,
                                   .specs = true,
                                   .config_path = candidate->config.data ? path : NULL,
                                   .config_text = buffer_slice(&candidate->config),
                                   .shadow_path = candidate->roots.shadow[0] ? candidate->roots.shadow : NULL,
                                   .catalog_overlay = candidate->roots.overlay[0] ? candidate->roots.overlay : NULL};
  if (bundle_read(&sources, &candidate->bytes, error) < 0) return -1;
  if (!bundle_view(&candidate->bundle, buffer_slice(&candidate->bytes))) return -1;
  id_of(&candidate->bundle, candidate->slot->id);
  hex_of(buffer_slice(&candidate->bytes), candidate->slot->digest);
  return 0;
}

/* What is on disk is what serves. */
static bool is_active(const struct candidate *candidate) {
  const struct generations *generations = candidate->gate->options->generations;
  uint64_t active = atomic_load(&generations->active);
  struct slice bytes = generations_part(generations, generation_word_slot(active), GENERATION_BUNDLE);
  return active && slice_equal(bytes, buffer_slice(&candidate->bytes));
}

/* It was given up, and nobody asks for it. */
static bool is_blocked(const struct candidate *candidate) {
  return !candidate->task->asked && strcmp(candidate->slot->id, candidate->task->blocked) == 0;
}

/* Refused a moment ago, while somebody asked for it. */
static bool is_refused(const struct candidate *candidate) {
  return strcmp(candidate->slot->digest, candidate->task->refused) == 0;
}

/* For the supervisor, should this process not live to say so itself. */
static void step_note(void *user, const char *file) {
  struct generation_slot *slot = user;
  snprintf(slot->step, sizeof slot->step, "%s", file);
  atomic_fetch_add(&slot->steps, 1);
}

void gate_hide_key(struct settings *settings) {
  char digest[GENERATION_ID_SIZE];
  hex_of(slice_text(settings->master_key), digest);
  secret_cleanse(settings->master_key, sizeof settings->master_key);
  memcpy(settings->master_key, digest, sizeof digest);
}

static void change_note(struct candidate *candidate, const char *path) {
  char *out = candidate->slot->changed;
  size_t len = strlen(out), room = sizeof candidate->slot->changed - len;
  if (strlen(path) + 2 < room) snprintf(out + len, room, "%s%s", len > 0 ? " " : "", path);
}

/* What is new, other, or gone. */
static void changes_note(struct candidate *candidate, const struct bundle *active) {
  struct bundle_file other;
  for (size_t i = 0; i < candidate->bundle.count; i++) {
    struct bundle_file file = bundle_at(&candidate->bundle, i);
    bool same = bundle_find(active, file.path, &other) && slice_equal(file.text, other.text);
    if (!same) change_note(candidate, file.path);
  }
  for (size_t i = 0; i < active->count; i++) {
    struct bundle_file file = bundle_at(active, i);
    if (!bundle_find(&candidate->bundle, file.path, &other)) change_note(candidate, file.path);
  }
}

static int judge(struct candidate *candidate) {
  const struct gate_options *options = candidate->gate->options;
  struct generations *generations = options->generations;
  struct buffer report = {0}, lines = {0};
  struct bundle active;
  struct settings *settings = calloc(1, sizeof *settings);
  struct judge_task task = {.candidate = &candidate->bundle,
                            .all_specs = candidate->task->all_specs,
                            .roots = candidate->roots.list,
                            .root_count = candidate->roots.count,
                            .config_path = roots_config_path(),
                            .leave = true,
                            .settings = settings,
                            .step = step_note,
                            .user = candidate->slot,
                            .lines = &lines};
  uint64_t word = atomic_load(&generations->active);
  unsigned slot = generation_word_slot(word);
  if (word && bundle_view(&active, generations_part(generations, slot, GENERATION_BUNDLE))) {
    task.active = &active;
    task.active_report = generations_part(generations, slot, GENERATION_REPORT);
  }
  int result = settings ? options->judge(&task, &report) : -1;
  if (settings && !candidate->task->first) gate_hide_key(settings);
  if (settings) candidate->slot->settings = *settings;
  report_store(generations, candidate->gate->slot, buffer_slice(&report), buffer_slice(&lines));
  if (task.active) changes_note(candidate, &active);
  return result;
}

static int run(struct candidate *candidate) {
  struct generations *generations = candidate->gate->options->generations;
  unsigned slot = candidate->gate->slot;
  struct error error = {0};
  if (read_disk(candidate, &error) < 0) {
    gate_refuse(generations, slot, "", error.message);
    return GATE_EXIT_REFUSED;
  }
  bool active = is_active(candidate);
  if (is_blocked(candidate) || (active && !candidate->task->all_specs)) return GATE_EXIT_UNCHANGED;
  if (is_refused(candidate)) return GATE_EXIT_REPEATED;
  if (generations_store(generations, slot, GENERATION_BUNDLE, buffer_slice(&candidate->bytes)) < 0) {
    gate_refuse(generations, slot, "", "all files together are too large");
    return GATE_EXIT_REFUSED;
  }
  if (judge(candidate) < 0) return GATE_EXIT_REFUSED;
  return active ? GATE_EXIT_CONFIRMED : GATE_EXIT_ACCEPTED;
}

_Noreturn void gate_child(const struct gate *gate, const struct gate_task *task, pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (gate->options->child) gate->options->child(gate->options->user);
  signals_reset();
  limits_set();
  output_drop();
  struct candidate candidate = {.gate = gate, .task = task, .slot = &gate->options->generations->slots[gate->slot]};
  _exit(run(&candidate));
}
