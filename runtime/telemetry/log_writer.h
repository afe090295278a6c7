// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/* The thread behind a log: takes whole lines, writes them soon, never makes its caller wait for the file descriptor.
 * Inside this room only. */
struct log_writer;

enum { LOG_WAITING_MAX = 1024 * 1024 };

struct log_writer *log_writer_open(int fd); /* borrows fd; null when memory is gone or no thread can be made */

/* Writes what waits, at most for `grace_ms`; then ends. A thread stuck in a write that does not return is left behind:
 * when it does return it writes no more and frees the writer. */
void log_writer_close(struct log_writer *writer, unsigned grace_ms);

/* False, and the line is counted as dropped, when LOG_WAITING_MAX bytes wait already. */
bool log_writer_put(struct log_writer *writer, struct slice line);

/* Lines refused, and lines that the file descriptor refused. Safe on every thread. */
uint64_t log_writer_dropped(const struct log_writer *writer);
