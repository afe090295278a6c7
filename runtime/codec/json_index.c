// SPDX-License-Identifier: Apache-2.0
#include "codec/json_scan.h"

enum { MEMBERS_FEW = sizeof(((struct json_members *)0)->few) / sizeof(struct json_member) };

static struct json_member *member_last(struct json_members *members) {
  if (members->count <= MEMBERS_FEW) return &members->few[members->count - 1];
  return (struct json_member *)(void *)(members->more.data + members->more.len) - 1;
}

void json_members_add(struct json_members *members, struct slice key, size_t start) {
  struct json_member member = {.key = key, .start = start};
  if (members->count < MEMBERS_FEW) {
    members->few[members->count] = member;
  } else {
    buffer_append(&members->more, &member, sizeof member);
  }
  members->count++;
}

void json_members_value(struct json_members *members, const char *value) {
  member_last(members)->value = slice_make(value, 0);
}

void json_members_close(struct json_members *members, const char *end) {
  struct json_member *member = member_last(members);
  member->value.len = (size_t)(end - member->value.ptr);
  member->type = json_type_of(member->value);
}

static bool is_object(const struct json_scan *scan) {
  const char *first = json_space_skip(scan->start, scan->end);
  return first < scan->end && *first == '{';
}

/* Exactly as many as there are: an index must not cost a multiple of its document. */
static void index_fill(struct json_index *index, const struct json_members *members, struct arena *arena) {
  size_t few = members->count < MEMBERS_FEW ? members->count : MEMBERS_FEW;
  index->count = members->count;
  index->members = arena_alloc(arena, members->count * sizeof *index->members);
  memcpy(index->members, members->few, few * sizeof *index->members);
  if (members->more.len > 0) memcpy(index->members + few, members->more.data, members->more.len);
}

int json_index_build(struct slice text, const struct json_limits *limits, struct arena *arena, struct json_index *index,
                     struct json_fault *fault) {
  struct json_scan scan __attribute__((uninitialized));
  struct json_members members __attribute__((uninitialized));
  members.arena = arena;
  members.more = (struct buffer){0};
  members.count = 0;
  json_scan_start(&scan, text, limits, fault);
  if (is_object(&scan)) scan.members = &members;
  int result = json_scan_document(&scan);
  if (result == 0 && !scan.members) {
    json_scan_fail(&scan, scan.start, "expected a JSON object");
    result = -1;
  } else if (result == 0) {
    *index = (struct json_index){.text = text};
    index_fill(index, &members, arena);
  }
  json_scan_end(&scan);
  buffer_free(&members.more);
  return result;
}

const struct json_member *json_index_find(const struct json_index *index, struct slice key) {
  for (size_t i = 0; i < index->count; i++) {
    if (slice_equal(index->members[i].key, key)) return &index->members[i];
  }
  return NULL;
}
