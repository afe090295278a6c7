// SPDX-License-Identifier: Apache-2.0
#include "config/builder.h"

#include <stdarg.h>
#include <stdio.h>

bool builder_text_check(struct slice text, struct tree_faults *faults) {
  struct place start = {1, 1};
  if (text.len > TREE_BYTES_MAX) {
    fault_add(faults, start, "the document has %zu bytes, at most %d are read", text.len, TREE_BYTES_MAX);
    return false;
  }
  const char *nul = text.len ? memchr(text.ptr, '\0', text.len) : NULL;
  if (!nul) return true;
  size_t from = 0;
  place_advance(text, (size_t)(nul - text.ptr), &from, &start);
  fault_add(faults, start, "a NUL byte: this is no text file");
  return false;
}

/* A node in its place in the tree, or null when there are too many. */
static struct tree *node_add(struct builder *builder, enum tree_kind kind, struct place place) {
  if (++builder->nodes > TREE_NODES_MAX) {
    fault_add(builder->faults, place, "more than %d values in one document", TREE_NODES_MAX);
    return NULL;
  }
  struct tree *node = arena_alloc(builder->arena, sizeof *node);
  node->kind = kind;
  node->line = place.line;
  node->column = place.column;
  if (builder->depth == 0) return builder->root = node;
  struct builder_level *level = &builder->levels[builder->depth - 1];
  node->key = level->key;
  node->key_line = level->key_place.line;
  node->key_column = level->key_place.column;
  level->key_read = false;
  if (level->last) level->last->next = node;
  if (!level->last) level->node->first = node;
  level->last = node;
  level->node->count++;
  return node;
}

bool builder_open(struct builder *builder, enum tree_kind kind, struct place place) {
  if (builder->depth == TREE_DEPTH_MAX) {
    fault_add(builder->faults, place, "nested deeper than %d levels", TREE_DEPTH_MAX);
    return false;
  }
  struct tree *node = node_add(builder, kind, place);
  if (!node) return false;
  builder->levels[builder->depth++] = (struct builder_level){.node = node};
  return true;
}

bool builder_scalar(struct builder *builder, struct slice text, bool quoted, bool null, struct place place) {
  struct tree *node = node_add(builder, TREE_SCALAR, place);
  if (!node) return false;
  if (text.len && memchr(text.ptr, '\0', text.len)) fault_add(builder->faults, place, "a NUL character in a string");
  node->text = arena_copy(builder->arena, text);
  node->quoted = quoted;
  node->null = null;
  return true;
}

bool builder_key(struct builder *builder, struct slice name, struct place place) {
  struct builder_level *level = &builder->levels[builder->depth - 1];
  if (name.len > TREE_KEY_MAX) {
    fault_add(builder->faults, place, "a key of %zu bytes, at most %d are read", name.len, TREE_KEY_MAX);
    return false;
  }
  if (name.len && memchr(name.ptr, '\0', name.len)) fault_add(builder->faults, place, "a NUL character in a key");
  struct place *first = map_get(&level->keys, name);
  if (first) {
    fault_add(builder->faults, place, "duplicate key \"%.*s\": already on line %u",
              (int)(name.len < 64 ? name.len : 64), name.ptr, first->line);
  } else {
    first = arena_alloc(builder->arena, sizeof *first);
    *first = place;
    map_set(&level->keys, name, first);
  }
  level->key = arena_copy(builder->arena, name);
  level->key_place = place;
  level->key_read = true;
  return true;
}

bool builder_wants_key(const struct builder *builder) {
  if (builder->depth == 0) return false;
  const struct builder_level *level = &builder->levels[builder->depth - 1];
  return level->node->kind == TREE_MAP && !level->key_read;
}

void builder_close(struct builder *builder) {
  map_free(&builder->levels[--builder->depth].keys);
}

void builder_free(struct builder *builder) {
  while (builder->depth > 0) builder_close(builder);
}

void fault_add(struct tree_faults *faults, struct place place, const char *format, ...) {
  if (faults->count == TREE_FAULTS_MAX) return;
  struct tree_fault *fault = &faults->items[faults->count++];
  fault->line = place.line;
  fault->column = place.column;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(fault->message, sizeof fault->message, format, arguments);
  va_end(arguments);
}

void place_advance(struct slice text, size_t offset, size_t *from, struct place *place) {
  for (; *from < offset && *from < text.len; (*from)++) {
    unsigned char byte = (unsigned char)text.ptr[*from];
    if (byte == '\n') {
      place->line++;
      place->column = 1;
    } else if ((byte & 0xC0) != 0x80) { /* not the continuation of a UTF-8 character */
      place->column++;
    }
  }
}
