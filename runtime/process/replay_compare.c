// SPDX-License-Identifier: Apache-2.0
#include "process/replay_compare.h"

#include "process/replay_diff.h"

struct comparing {
  const struct record *then;
  FILE *out;
  bool differs;
};

/* The block's first line, once. */
static void begin(struct comparing *comparing) {
  const struct record *then = comparing->then;
  if (!comparing->differs) {
    fprintf(comparing->out, "differs    %.*s  %.*s %.*s\n", (int)then->trace_id.len, then->trace_id.ptr,
            (int)then->method.len, then->method.ptr, (int)then->target.len, then->target.ptr);
  }
  comparing->differs = true;
}

static void line(struct comparing *comparing, const char *what, struct slice name, struct slice then,
                 struct slice now) {
  begin(comparing);
  fprintf(comparing->out, "  %s%.*s: recorded %.*s, replayed %.*s\n", what, (int)name.len, name.ptr ? name.ptr : "",
          (int)then.len, then.ptr, (int)now.len, now.ptr);
}

static void number(struct comparing *comparing, const char *what, int then, int now) {
  if (then == now) return;
  begin(comparing);
  fprintf(comparing->out, "  %s: recorded %d, replayed %d\n", what, then, now);
}

static void bytes(struct comparing *comparing, const char *what, struct slice then, struct slice now) {
  if (slice_equal(then, now)) return;
  begin(comparing);
  replay_diff(what, then, now, comparing->out);
}

/* ---- fields ---- */

/* They tell times, or the connection's state. */
static bool is_volatile(struct slice name) {
  static const struct slice names[] = {SLICE_LITERAL("x-gateway-overhead-ms"), SLICE_LITERAL("date"),
                                       SLICE_LITERAL("age")};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (slice_equal_caseless(name, names[i])) return true;
  }
  return false;
}

static void fields(struct comparing *comparing, const struct record_fields *then, const struct record_fields *now) {
  struct slice none = SLICE_LITERAL("none");
  for (unsigned i = 0; i < then->count; i++) {
    const struct http_field *field = &then->items[i], *other = field_find(now->items, now->count, field->name);
    if (is_volatile(field->name) || (other && slice_equal(field->value, other->value))) continue;
    line(comparing, "header ", field->name, field->value, other ? other->value : none);
  }
  for (unsigned i = 0; i < now->count; i++) {
    const struct http_field *field = &now->items[i];
    if (is_volatile(field->name) || field_find(then->items, then->count, field->name)) continue;
    line(comparing, "header ", field->name, none, field->value);
  }
}

/* ---- upstreams ---- */

static void exchange(struct comparing *comparing, int position, const struct record_exchange *then,
                     const struct record_exchange *now) {
  char what[64];
  snprintf(what, sizeof what, "upstream call %d", position);
  struct slice nobody = SLICE_LITERAL("none"), unnamed = {0};
  bool same = then && now && slice_equal(then->origin, now->origin) && slice_equal(then->path, now->path);
  if (!same) {
    line(comparing, what, unnamed, then ? then->origin : nobody, now ? now->origin : nobody);
    if (then && now && !slice_equal(then->path, now->path)) line(comparing, what, unnamed, then->path, now->path);
  }
  if (!then || !now) return;
  snprintf(what, sizeof what, "body of upstream call %d", position);
  bytes(comparing, what, buffer_slice(&then->sent), buffer_slice(&now->sent));
}

static void exchanges(struct comparing *comparing, const struct record *now) {
  const struct record_exchange *one = comparing->then->first, *other = now->first;
  for (int position = 1; one || other; position++) {
    exchange(comparing, position, one, other);
    one = one ? one->next : NULL;
    other = other ? other->next : NULL;
  }
}

bool replay_compare(const struct record *then, const struct record *now, FILE *out) {
  struct comparing comparing = {.then = then, .out = out};
  number(&comparing, "status", then->status, now->status);
  fields(&comparing, &then->answer_fields, &now->answer_fields);
  exchanges(&comparing, now);
  bytes(&comparing, "answer", buffer_slice(&then->answer), buffer_slice(&now->answer));
  return !comparing.differs;
}
