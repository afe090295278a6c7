// SPDX-License-Identifier: Apache-2.0
#include "process/fault.h"

#include <string.h>

#include "process/worker.h"
#include "script/task.h"

static void fault_log(struct log *log, const struct task *task, const struct error *error, const char *trace_id) {
  const char *traceback = task_traceback(task);
  log_begin(log, LOG_ERROR, trace_id ? "script failed" : "background work of a script failed");
  if (trace_id) log_text(log, "trace_id", slice_make(trace_id, 32));
  log_text(log, "code", slice_text(error->code));
  log_text(log, "error", slice_text(error->message));
  if (traceback) log_text(log, "traceback", slice_text(traceback));
  log_end(log);
}

/* The script a message begins with: "strategies/single.lua:7: ...". */
static struct slice script_of(const char *message) {
  const char *end = strstr(message, ".lua:"), *blank = strchr(message, ' ');
  if (!end || (blank && blank < end)) return SLICE_LITERAL("unknown");
  return slice_make(message, (size_t)(end - message));
}

/* For whoever watches the generation. What a guard has caught does not come here. */
static void fault_of_script(const struct task *task, struct slice script) {
  char kind[STATS_KIND_SIZE] = "", name[STATS_NAME_SIZE] = "";
  const char *slash = memrchr(script.ptr, '/', script.len);
  size_t kind_len = slash ? (size_t)(slash - script.ptr) : 0, name_len = script.len - kind_len - 1;
  if (!slash || kind_len >= sizeof kind || name_len >= sizeof name) return;
  memcpy(kind, script.ptr, kind_len);
  memcpy(name, slash + 1, name_len);
  generation_fault(vm_generation(vm_state(task_vm(task))), kind, name);
}

void fault_note(struct worker *worker, const struct task *task, const struct error *error, const char *trace_id) {
  struct slice labels[] = {slice_text(error->code), script_of(error->message)};
  fault_log(worker->log, task, error, trace_id);
  fault_of_script(task, labels[1]);
  metric_add(metrics_series(worker->metrics, METRIC_SCRIPT_FAULTS, labels, 2), 1);
}
