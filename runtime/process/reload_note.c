// SPDX-License-Identifier: Apache-2.0
#include "process/reload_note.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "process/live.h"

static void count(struct reload *reload, const char *result) {
  struct slice label = slice_text(result);
  metric_add(metrics_series(reload->metrics, METRIC_SCRIPT_RELOADS, &label, 1), 1);
}

void reload_note_number(struct reload *reload) {
  const struct generation_slot *active = generations_active(reload->shared);
  metric_set(metrics_series(reload->metrics, METRIC_GENERATION, NULL, 0), (int64_t)atomic_load(&active->number));
}

void reload_note_unwatched(struct reload *reload) {
  notice_begin(reload->notice, LOG_WARN, "changes of files are not noticed");
  log_line_text(&reload->notice->line, "error", slice_text(strerror(errno)));
  notice_end(reload->notice, LOG_WARN);
}

void reload_note_no_gate(struct reload *reload) {
  notice_begin(reload->notice, LOG_ERROR, "gate cannot be started");
  log_line_text(&reload->notice->line, "error", slice_text(strerror(errno)));
  notice_end(reload->notice, LOG_ERROR);
}

void reload_note_abandoned(struct reload *reload) {
  notice_begin(reload->notice, LOG_DEBUG, "gate given up: files have changed since it read them");
  log_line_integer(&reload->notice->line, "gate_ms", (long long)reload->gate_ms);
  notice_end(reload->notice, LOG_DEBUG);
}

void reload_note_rejected(struct reload *reload, const struct generation_slot *slot) {
  struct log_line *line = &reload->notice->line;
  notice_begin(reload->notice, LOG_WARN, "generation rejected");
  log_line_integer(line, "active", (long long)atomic_load(&generations_active(reload->shared)->number));
  log_line_text(line, "reason", slice_text(slot->note));
  log_line_integer(line, "reasons", slot->reasons);
  log_line_integer(line, "gate_ms", (long long)reload->gate_ms);
  notice_end(reload->notice, LOG_WARN);
  count(reload, "rejected");
}

static void tell_fixed(void *user, const char *key) {
  struct reload *reload = user;
  notice_begin(reload->notice, LOG_WARN, "a change of the configuration takes effect at the next start");
  log_line_text(&reload->notice->line, "key", slice_text(key));
  notice_end(reload->notice, LOG_WARN);
}

void reload_note_activated(struct reload *reload, const struct generation_slot *slot, uint64_t from) {
  struct log_line *line = &reload->notice->line;
  notice_begin(reload->notice, LOG_INFO, reload->back ? "generation rolled back" : "generation activated");
  log_line_integer(line, "generation", (long long)atomic_load(&slot->number));
  log_line_text(line, "id", slice_text(slot->id));
  log_line_integer(line, "previous", (long long)from);
  if (reload->back) log_line_text(line, "reason", slice_text(reload->why));
  if (!reload->back) log_line_text(line, "changed", slice_text(slot->changed));
  if (!reload->back) log_line_integer(line, "gate_ms", (long long)reload->gate_ms);
  log_line_integer(line, "prepare_ms", (long long)reload->prepare_ms);
  notice_end(reload->notice, LOG_INFO);
  count(reload, reload->back ? "rolled_back" : "accepted");
  reload_note_number(reload);
  if (reload->started) live_differences(&slot->settings, reload->started, tell_fixed, reload);
}

static void number(struct log_line *line, const char *key, double value) {
  char text[32];
  snprintf(text, sizeof text, "%.6g", value);
  log_line_raw(line, key, slice_text(text));
}

void reload_note_retreat(struct reload *reload, const struct generation_slot *from,
                         const struct retreat_reason *reason) {
  struct log_line *line = &reload->notice->line;
  char script[STATS_KIND_SIZE + STATS_NAME_SIZE];
  snprintf(script, sizeof script, "%s/%s", reason->script->kind, reason->script->name);
  notice_begin(reload->notice, LOG_ERROR, "generation is rolled back: a script of it does not do well");
  log_line_integer(line, "from", (long long)atomic_load(&from->number));
  log_line_integer(line, "to", (long long)from->previous);
  log_line_text(line, "script", slice_text(script));
  log_line_text(line, "metric", slice_text(reason->metric));
  number(line, "value", reason->value);
  number(line, "threshold", reason->threshold);
  log_line_integer(line, "calls", (long long)reason->script->count);
  log_line_integer(line, "faults", (long long)reason->script->faults);
  notice_end(reload->notice, LOG_ERROR);
}
