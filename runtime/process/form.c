// SPDX-License-Identifier: Apache-2.0
#include "process/form.h"

static struct slice content_type(const struct call *call) {
  const struct http_request *request = exchange_request(call->exchange);
  return field_value(request->fields, request->field_count, SLICE_LITERAL("content-type"));
}

static bool streams(const struct form *form) {
  struct error error = {0};
  const struct multipart_part *part = form_field(form, SLICE_LITERAL("stream"), &error);
  return part && slice_equal_caseless(part->data, SLICE_LITERAL("true"));
}

static void form_cut(struct call_tie *tie) {
  struct form *form = LIST_OWNER(tie, struct form, tie);
  if (form->box) *form->box = NULL;
  form->box = NULL;
}

struct form *form_read(struct call *call, struct error *error) {
  struct multipart_fault fault;
  struct slice boundary;
  call->notes.counted = route_counts(call->route);
  if (!multipart_boundary(content_type(call), &boundary)) {
    error_set(error, 400, "invalid_request",
              "invalid multipart form: the Content-Type is not multipart/form-data with one valid boundary");
    return NULL;
  }
  struct arena *arena = exchange_arena(call->exchange);
  struct form *form = arena_alloc(arena, sizeof *form);
  *form = (struct form){.call = call, .boundary = boundary};
  form->parts = arena_alloc(arena, multipart_limits_default.parts * sizeof *form->parts);
  if (multipart_parse(call_body(call), boundary, &multipart_limits_default, form->parts, &form->count, &fault) < 0) {
    error_set(error, 400, "invalid_request", "invalid multipart form: %s at byte %zu", fault.reason, fault.offset);
    return NULL;
  }
  call->notes.streamed = streams(form);
  call_tie(call, &form->tie, form_cut);
  return form;
}

const struct multipart_part *form_field(const struct form *form, struct slice name, struct error *error) {
  unsigned found;
  const struct multipart_part *part = multipart_find(form->parts, form->count, name, &found);
  if (part && (found > 1 || part->is_file)) {
    error_set(error, 400, "invalid_request", "invalid multipart form: the field %.*s %s",
              (int)(name.len < 64 ? name.len : 64), name.ptr, found > 1 ? "is there more than once" : "is a file");
    return NULL;
  }
  return part;
}

static struct json_edits *edits_of(struct call *call) {
  if (!call->edits) call->edits = arena_alloc(exchange_arena(call->exchange), sizeof *call->edits);
  return call->edits;
}

int form_replace(struct form *form, struct slice name, struct slice value) {
  struct error error;
  const struct multipart_part *part = form_field(form, name, &error);
  if (!part || !multipart_value_fits(value, form->boundary)) return -1;
  struct json_member place = {.value = part->data};
  struct slice kept = arena_copy(exchange_arena(form->call->exchange), value);
  return json_edit_replace(edits_of(form->call), call_body(form->call), &place, kept);
}
