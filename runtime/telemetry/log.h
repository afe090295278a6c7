// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/slice.h"

/* JSON lines on stdout: `time`, `level`, `msg`, then fields. Lines are composed on the loop and written by a thread
 * within 100 ms, so a stuck reader of stdout never stalls a request: when 1 MiB waits, the newest lines are dropped and
 * counted. Every value passes the redactor (telemetry/redact.h). A line has at most 4096 bytes, which a pipe takes
 * whole even from several processes; what does not fit is left out and the line ends with "truncated":true. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log;
struct redactor;

/* `fd` is borrowed. One per process, opened after the fork, used by one thread. Null when memory is gone or no thread
 * can be made. */
struct log *log_open(int fd, enum log_level level);
/* Writes what is waiting (at most for a second), then ends the thread. */
void log_close(struct log *log);

bool log_enabled(const struct log *log, enum log_level level);
/* Parses debug, info, warn, warning, error. False on anything else. */
bool log_level_parse(struct slice name, enum log_level *level);

/* A value that must never appear in any line: replaced by [REDACTED:<name>] (values shorter than 12 bytes are not
 * taken). */
void log_hide(struct log *log, struct slice name, struct slice value);
/* Hides the values of all variables whose names say secret: see redactor_hide_environment. */
void log_hide_environment(struct log *log, const char *const *environment);
/* Appends `text` as a line would show it. Without a log only what has the shape of a secret is taken out. */
void log_redact(const struct log *log, struct slice text, struct buffer *out);
/* What it takes out; borrowed from the log. */
const struct redactor *log_redactor(const struct log *log);

/* A line in the making, one at a time per log: log_begin, fields, log_end. All are no-ops when the level is off.
 * `message` and `key` are our own words, written as they are. */
void log_begin(struct log *log, enum log_level level, const char *message);
/* A line whose message is not ours: escaped, redacted. */
void log_begin_text(struct log *log, enum log_level level, struct slice message);
void log_text(struct log *log, const char *key, struct slice value);
void log_integer(struct log *log, const char *key, long long value);
void log_decimal(struct log *log, const char *key, double value, int digits); /* 0 to 9 digits behind the point */
void log_number(struct log *log, const char *key, double value); /* as many digits as it needs; null when not finite */
void log_raw(struct log *log, const char *key, struct slice json); /* value is JSON already */
void log_end(struct log *log);

uint64_t log_dropped(const struct log *log);
