// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <time.h>

#include "telemetry/log.h"
#include "telemetry/redact.h"

/* The composition of one log line, without a word about where it goes. Reused for line after line; zero-initialised is
 * valid. A line never passes LOG_LINE_SIZE: a value is cut between characters, a field that does not fit is left out,
 * and "truncated":true is added. */
enum { LOG_LINE_SIZE = 4096 };

struct log_line {
  const struct redactor *redactor; /* borrowed; null: only what has the shape of a secret is taken out */
  time_t second;                   /* the time that `stamp` says */
  char stamp[24];
  size_t len;
  bool truncated;
  char bytes[LOG_LINE_SIZE];
};

void log_line_begin(struct log_line *line, enum log_level level, const char *message);
void log_line_begin_text(struct log_line *line, enum log_level level, struct slice message);
/* An event in place of a line: begins with its subject and the time, and ends like a line. */
void log_line_begin_event(struct log_line *line, const char *subject);
void log_line_text(struct log_line *line, const char *key, struct slice value);
void log_line_integer(struct log_line *line, const char *key, long long value);
void log_line_decimal(struct log_line *line, const char *key, double value, int digits);
void log_line_number(struct log_line *line, const char *key, double value);
void log_line_raw(struct log_line *line, const char *key, struct slice json);

/* The whole line with its line feed, valid until the next begin. */
struct slice log_line_end(struct log_line *line);
