// SPDX-License-Identifier: Apache-2.0
#include "telemetry/log.h"

#include <stdlib.h>

#include "telemetry/log_line.h"
#include "telemetry/log_writer.h"

enum { CLOSE_GRACE_MS = 1000 };

struct log {
  enum log_level level;
  bool composing;            /* between log_begin and log_end of an enabled level */
  struct redactor *redactor; /* owned */
  struct log_writer *writer; /* owned */
  uint64_t told;             /* dropped lines that a line has spoken of */
  time_t told_at;
  struct log_line line;
};

struct log *log_open(int fd, enum log_level level) {
  struct log *log = calloc(1, sizeof *log);
  if (!log) return NULL;
  log->level = level;
  log->redactor = redactor_open();
  log->writer = log->redactor ? log_writer_open(fd) : NULL;
  log->line.redactor = log->redactor;
  if (log->writer) return log;
  redactor_close(log->redactor);
  free(log);
  return NULL;
}

void log_close(struct log *log) {
  if (!log) return;
  log_writer_close(log->writer, CLOSE_GRACE_MS);
  redactor_close(log->redactor);
  free(log);
}

bool log_enabled(const struct log *log, enum log_level level) {
  return level >= log->level;
}

bool log_level_parse(struct slice name, enum log_level *level) {
  static const struct {
    struct slice name;
    enum log_level level;
  } names[] = {{{"debug", 5}, LOG_DEBUG},
               {{"info", 4}, LOG_INFO},
               {{"warn", 4}, LOG_WARN},
               {{"warning", 7}, LOG_WARN},
               {{"error", 5}, LOG_ERROR}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (!slice_equal_caseless(name, names[i].name)) continue;
    *level = names[i].level;
    return true;
  }
  return false;
}

void log_hide(struct log *log, struct slice name, struct slice value) {
  redactor_hide(log->redactor, name, value);
}

void log_hide_environment(struct log *log, const char *const *environment) {
  redactor_hide_environment(log->redactor, environment);
}

void log_redact(const struct log *log, struct slice text, struct buffer *out) {
  redact_append(log ? log->redactor : NULL, text, out);
}

const struct redactor *log_redactor(const struct log *log) {
  return log->redactor;
}

void log_begin(struct log *log, enum log_level level, const char *message) {
  log->composing = log_enabled(log, level);
  if (log->composing) log_line_begin(&log->line, level, message);
}

void log_begin_text(struct log *log, enum log_level level, struct slice message) {
  log->composing = log_enabled(log, level);
  if (log->composing) log_line_begin_text(&log->line, level, message);
}

void log_text(struct log *log, const char *key, struct slice value) {
  if (log->composing) log_line_text(&log->line, key, value);
}

void log_integer(struct log *log, const char *key, long long value) {
  if (log->composing) log_line_integer(&log->line, key, value);
}

void log_decimal(struct log *log, const char *key, double value, int digits) {
  if (log->composing) log_line_decimal(&log->line, key, value, digits);
}

void log_number(struct log *log, const char *key, double value) {
  if (log->composing) log_line_number(&log->line, key, value);
}

void log_raw(struct log *log, const char *key, struct slice json) {
  if (log->composing) log_line_raw(&log->line, key, json);
}

/* Says once a second at most how many lines were lost, as soon as a line got through again. */
static void drops_tell(struct log *log) {
  uint64_t dropped = log_writer_dropped(log->writer);
  if (dropped == log->told || log->line.second == log->told_at) return;
  log_line_begin(&log->line, LOG_WARN, "log lines dropped");
  log_line_integer(&log->line, "count", (long long)(dropped - log->told));
  if (!log_writer_put(log->writer, log_line_end(&log->line))) return;
  log->told = dropped;
  log->told_at = log->line.second;
}

void log_end(struct log *log) {
  if (!log->composing) return;
  log->composing = false;
  if (log_writer_put(log->writer, log_line_end(&log->line))) drops_tell(log);
}

uint64_t log_dropped(const struct log *log) {
  return log_writer_dropped(log->writer);
}
