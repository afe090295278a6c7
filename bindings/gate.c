// SPDX-License-Identifier: Apache-2.0
#include "bindings/gate.h"

#include "bindings/bind.h"
#include "bindings/call.h"
#include "codec/json.h"
#include "crypto/secret.h"
#include "process/worker.h"

/* The judge: runs init.check() over the candidate. */

static int check(struct worker *worker, const struct judge_task *task) {
  struct error error = {0};
  struct vm_options options = {.bundle = task->candidate, .host = worker, .open_doors = bind_open_doors};
  worker->vm = vm_open(&options, &error);
  if (!worker->vm) {
    buffer_append_slice(task->lines, slice_text(error.message));
    return -1;
  }
  int result = bind_check(worker, task->lines);
  vm_close(worker->vm);
  return result;
}

/* A line as a reason: the part before the first ':' is its file, a number behind it its line. */
static void reason_append(struct buffer *report, struct slice line) {
  const char *colon = memchr(line.ptr, ':', line.len);
  struct slice file = slice_make(line.ptr, colon ? (size_t)(colon - line.ptr) : 0), rest = slice_from(line, file.len);
  long long number = 0;
  size_t digits = 1;
  while (digits < rest.len && rest.ptr[digits] >= '0' && rest.ptr[digits] <= '9') digits++;
  if (rest.len > 0) slice_decimal(slice_make(rest.ptr + 1, digits - 1), &number);
  buffer_append_slice(report, SLICE_LITERAL("{\"file\":"));
  json_string_encode(report, file);
  buffer_append_format(report, ",\"line\":%lld,\"message\":", number);
  json_string_encode(report, line);
  buffer_append(report, "}", 1);
}

static void reasons_append(struct buffer *report, struct slice lines) {
  const char *comma = "";
  while (lines.len > 0) {
    const char *end = memchr(lines.ptr, '\n', lines.len);
    struct slice line = slice_make(lines.ptr, end ? (size_t)(end - lines.ptr) : lines.len);
    buffer_append_slice(report, slice_text(comma));
    if (line.len > 0) reason_append(report, line);
    if (line.len > 0) comma = ",";
    lines = slice_from(lines, line.len + 1);
  }
}

int bind_judge(const struct judge_task *task, struct buffer *report) {
  struct worker worker = {.random = random_open()};
  int result = check(&worker, task);
  *task->settings = worker.settings;
  random_close(worker.random);
  buffer_append_slice(report, SLICE_LITERAL("{\"reasons\":["));
  if (result < 0) reasons_append(report, buffer_slice(task->lines));
  buffer_append_slice(report, SLICE_LITERAL("],\"warnings\":[],\"scripts\":[]}"));
  return result;
}
