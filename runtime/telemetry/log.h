// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* JSON lines on stdout: `time`, `level`, `msg`, then fields. Lines are composed on the loop and written by a thread, so
 * a stuck reader of stdout never stalls a request: when its 1 MiB is full the newest lines are dropped and counted.
 * Every value passes the redactor. */
enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log;

/* `fd` is borrowed. One per process, opened after the fork. */
struct log *log_open(int fd, enum log_level level);
/* Writes what is waiting (at most for a second), then ends the thread. */
void log_close(struct log *log);

bool log_enabled(const struct log *log, enum log_level level);
/* Parses debug, info, warn, warning, error. False on anything else. */
bool log_level_parse(struct slice name, enum log_level *level);

/* A value that must never appear in any line: replaced by [REDACTED:<name>] (values shorter than 12 bytes are not
 * taken). */
void log_hide(struct log *log, struct slice name, struct slice value);

/* A line in the making, one at a time per log: log_begin, fields, log_end. All are no-ops when the level is off. */
void log_begin(struct log *log, enum log_level level, const char *message);
void log_text(struct log *log, const char *key, struct slice value);
void log_integer(struct log *log, const char *key, long long value);
void log_decimal(struct log *log, const char *key, double value, int digits);
void log_raw(struct log *log, const char *key, struct slice json); /* value is JSON already */
void log_end(struct log *log);

uint64_t log_dropped(const struct log *log);
