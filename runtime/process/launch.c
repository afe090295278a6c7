// SPDX-License-Identifier: Apache-2.0
#include "process/launch.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config/file.h"
#include "crypto/secret.h"
#include "process/gate.h"
#include "process/harden.h"
#include "process/roots.h"
#include "process/supervisor.h"
#include "process/worker.h"
#include "shared/keys.h"
#include "tls/tls.h"

/* ---- the bundled scripts ---- */

static int scripts_at(const char *folder, int folder_len, const char *below, char *out, size_t size) {
  int len = snprintf(out, size, "%.*s%s/init.lua", folder_len, folder, below);
  if (len < 0 || (size_t)len >= size || access(out, R_OK) != 0) return -1;
  out[(size_t)len - strlen("/init.lua")] = '\0';
  char resolved[PATH_MAX];
  if (realpath(out, resolved) && strlen(resolved) < size) memcpy(out, resolved, strlen(resolved) + 1);
  return 0;
}

int launch_find_scripts(char *out, size_t size) {
  char program[4096];
  ssize_t len = readlink("/proc/self/exe", program, sizeof program - 1);
  if (len <= 0) return -1;
  program[len] = '\0';
  char *slash = strrchr(program, '/');
  int folder = slash ? (int)(slash - program) : 0;
  if (scripts_at(program, folder, "/../lua", out, size) == 0) return 0;
  return scripts_at(program, folder, "/../share/moongate/lua", out, size);
}

/* ---- checking, before any process is made ---- */

/* What a script may use to be loaded, so that one which never ends is told. */
enum { CHECK_CPU_MS = 250 };
static const size_t check_memory = 256UL << 20;

/* Loads everything once in this process and leaves only the settings behind. */
static int configuration_check(const char *scripts, const struct program_doors *doors, struct buffer *report) {
  struct worker worker = {0};
  struct error error = {0};
  struct buffer config = {0};
  struct script_roots roots;
  const char *path = roots_config_path();
  if (path && config_file_read(path, &config, &error) < 0) buffer_free(&config); /* the check says so */
  roots_find(&roots, scripts, path, buffer_slice(&config));
  struct budget *budget = budget_open(CHECK_CPU_MS);
  struct vm_options options = {.roots = roots.list,
                               .root_count = roots.count,
                               .catalog_overlay = roots.overlay[0] ? roots.overlay : NULL,
                               .memory_limit = check_memory,
                               .budget = budget,
                               .host = &worker,
                               .open_doors = doors->open_doors};
  worker.random = random_open();
  worker.vm = vm_open(&options, &error);
  int result = -1;
  if (worker.vm) {
    result = doors->check(&worker, report);
    vm_close(worker.vm);
  } else {
    buffer_append_slice(report, slice_text(error.message));
  }
  budget_close(budget);
  random_close(worker.random);
  buffer_free(&config);
  return result;
}

static void report_print(FILE *out, struct slice report) {
  if (report.len == 0) return;
  fwrite(report.ptr, 1, report.len, out);
  if (report.ptr[report.len - 1] != '\n') fputc('\n', out);
}

int launch_check(const char *scripts, const char *config_path, const struct program_doors *doors) {
  struct buffer report = {0};
  if (config_path) setenv("GATEWAY_CONFIG", config_path, 1);
  int result = configuration_check(scripts, doors, &report);
  report_print(result < 0 ? stderr : stdout, buffer_slice(&report));
  buffer_free(&report);
  return result < 0 ? 1 : 0;
}

/* ---- who may call ---- */

/* Judged by the address, not by how a name begins: 127.example.com is somebody else's. */
static bool is_loopback(const char *host) {
  struct in_addr v4;
  struct in6_addr v6;
  if (inet_pton(AF_INET, host, &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
  if (inet_pton(AF_INET6, host, &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6);
  return strcmp(host, "localhost") == 0;
}

static void master_key_generate(struct settings *settings) {
  struct random *random = random_open();
  memcpy(settings->master_key, "fgw_", 4);
  random_hex(random, settings->master_key + 4, 16);
  settings->master_key[36] = '\0';
  random_close(random);
  fprintf(stderr,
          "moongate: no MASTER_KEY is set and %s is not loopback. A key was made for this run:\n"
          "  %s\nSend it as \"Authorization: Bearer ...\"; set MASTER_KEY to choose your own.\n",
          settings->host, settings->master_key);
}

static int keys_prepare(struct settings *settings, struct keys *keys) {
  if (!settings->master_key[0] && is_loopback(settings->host)) {
    settings->open_proxy = true;
    fprintf(stderr, "moongate: no MASTER_KEY is set: everybody on this machine may use the gateway.\n");
    return 0;
  }
  if (!settings->master_key[0]) master_key_generate(settings);
  struct key_identity identity;
  struct error error;
  struct slice secret = slice_text(settings->master_key);
  key_identity_master(secret, &identity);
  int result = keys_put(keys, secret, &identity, &error);
  secret_cleanse(settings->master_key, sizeof settings->master_key);
  if (result < 0) fprintf(stderr, "moongate: MASTER_KEY: %s\n", error.message);
  return result;
}

/* ---- serve ---- */

static int worker_start(const struct worker_start *start) {
  return worker_run(start->segment, start->index, start->listen_fd, start->user);
}

static unsigned worker_count(const struct settings *settings) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  unsigned count = settings->workers ? settings->workers : cores > 0 ? (unsigned)cores : 1;
  return count < SEGMENT_WORKERS_MAX ? count : SEGMENT_WORKERS_MAX;
}

static int processes_run(struct settings *settings, struct generations *generations, const struct gate_options *gate,
                         const struct program_doors *doors) {
  struct segment *segment = segment_open(worker_count(settings));
  if (!segment) {
    fprintf(stderr, "moongate: cannot map shared memory; is the machine out of memory?\n");
    return 1;
  }
  if (keys_prepare(settings, segment->keys) < 0) return 1;
  struct worker_program program = {
      .settings = settings, .generations = generations, .open_doors = doors->open_doors, .serve = doors->serve};
  struct supervisor_options options = {.settings = settings,
                                       .segment = segment,
                                       .worker = worker_start,
                                       .user = &program,
                                       .generations = generations,
                                       .gate = gate};
  int result = supervisor_run(&options);
  segment_close(segment);
  return result;
}

/* The first generation passes the gate as every later one, or the program does not start. */
static int first_generation(const struct gate_options *options, struct settings *settings) {
  struct generations *generations = options->generations;
  struct gate gate = {.options = options};
  struct gate_task task = {.first = true};
  enum gate_verdict verdict = gate_run(&gate, &task);
  struct generation_slot *slot = &generations->slots[gate.slot];
  report_print(stderr, generations_part(generations, gate.slot, GENERATION_LINES));
  if (verdict != GATE_ACCEPTED) return -1;
  *settings = slot->settings;
  gate_hide_key(&slot->settings);
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  slot->activated_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  generations->last_number = 1;
  atomic_store(&slot->number, 1);
  atomic_store(&slot->state, GENERATION_ACTIVE);
  atomic_store(&generations->active, generations_word(generations, gate.slot));
  return 0;
}

/* Before anybody uses OpenSSL: no configuration file of the environment's, no key log (libcurl would write one). */
static void libraries_prepare(void) {
  unsetenv("SSLKEYLOGFILE");
  tls_library_init();
}

int launch_serve(const char *scripts, const struct program_doors *doors) {
  struct settings settings = {0};
  harden_start();
  libraries_prepare();
  struct gate_options gate = {.generations = generations_open(), .bundled = scripts, .judge = doors->judge};
  if (!gate.generations) {
    fprintf(stderr, "moongate: cannot map shared memory; is the machine out of memory?\n");
    return 1;
  }
  int result = first_generation(&gate, &settings) < 0 ? 1 : processes_run(&settings, gate.generations, &gate, doors);
  generations_close(gate.generations);
  return result;
}
