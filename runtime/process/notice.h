// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "telemetry/log_line.h"

/* The supervisor's few log lines: same shape as the workers', written at once by the process itself. A line that stdout
 * does not take at once is lost: the supervisor waits for nobody. */
struct notice {
  int fd;
  bool own;    /* fd is ours to close */
  bool socket; /* stdout is one: asked not to wait with every line */
  enum log_level level;
  struct log_line line;
};

void notice_open(struct notice *notice, int fd, enum log_level level);
void notice_close(struct notice *notice);

/* notice_begin, then log_line_* on `notice->line`, then notice_end. */
void notice_begin(struct notice *notice, enum log_level level, const char *message);
void notice_end(struct notice *notice, enum log_level level);
