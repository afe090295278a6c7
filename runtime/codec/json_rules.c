// SPDX-License-Identifier: Apache-2.0
#include "codec/json_rules.h"

#include <stdlib.h>

#include "base/check.h"

struct json_rules *json_rules_new(void) {
  struct json_rules *rules = calloc(1, sizeof *rules);
  REQUIRE(rules != NULL);
  return rules;
}

void json_rules_free(struct json_rules *rules) {
  if (!rules) return;
  arena_free(&rules->arena);
  free(rules);
}

/* ---- compiling ---- */

enum step_kind { STEP_END, STEP_KEY, STEP_ANY, STEP_ELEMENT, STEP_DEEP, STEP_BAD };

struct step {
  enum step_kind kind;
  struct slice key;
};

static size_t name_length(struct slice text) {
  size_t len = 0;
  while (len < text.len && !strchr(".[]\"", text.ptr[len])) len++;
  return len;
}

/* Takes the next step off the path. */
static struct step step_take(struct slice *path, bool first) {
  if (path->len == 0) return (struct step){.kind = STEP_END};
  if (slice_starts(*path, SLICE_LITERAL("[]"))) {
    *path = slice_from(*path, 2);
    return (struct step){.kind = STEP_ELEMENT};
  }
  if (!first && path->ptr[0] != '.') return (struct step){.kind = STEP_BAD};
  struct slice rest = first ? *path : slice_from(*path, 1);
  struct slice name = slice_make(rest.ptr, name_length(rest));
  *path = slice_from(rest, name.len);
  if (name.len == 0) return (struct step){.kind = STEP_BAD};
  if (slice_equal(name, SLICE_LITERAL("*"))) return (struct step){.kind = STEP_ANY};
  if (!slice_equal(name, SLICE_LITERAL("**"))) return (struct step){.kind = STEP_KEY, .key = name};
  return (struct step){.kind = path->len == 0 ? STEP_DEEP : STEP_BAD};
}

static struct json_node *node_new(struct json_rules *rules) {
  return arena_alloc(&rules->arena, sizeof(struct json_node));
}

static struct json_node *child_get(struct json_rules *rules, struct json_node *node, struct slice key) {
  struct json_node **link = &node->children[json_node_bucket(key)];
  node->has_members = true;
  for (; *link; link = &(*link)->next) {
    if (slice_equal((*link)->key, key)) return *link;
  }
  *link = node_new(rules);
  (*link)->key = arena_copy(&rules->arena, key);
  return *link;
}

static struct json_node *branch_get(struct json_rules *rules, struct json_node **branch) {
  if (!*branch) *branch = node_new(rules);
  return *branch;
}

static const char *place_add(struct json_rules *rules, struct slice path, const struct json_rule *rule) {
  struct json_node *node = &rules->root;
  unsigned depth = 0;
  for (bool first = true;; first = false) {
    struct step step = step_take(&path, first);
    switch (step.kind) {
      case STEP_KEY:
        node = child_get(rules, node, step.key);
        break;
      case STEP_ANY:
        node->has_members = true;
        node = branch_get(rules, &node->any);
        break;
      case STEP_ELEMENT:
        node = branch_get(rules, &node->element);
        break;
      case STEP_DEEP:
        node->deep = rule;
        return NULL;
      case STEP_END:
        node->leaf = rule;
        return NULL;
      default:
        return "not a place such as messages[].content";
    }
    if (++depth >= JSON_PATH_MAX) return "more than 64 steps";
  }
}

/* "messages[].role" of "messages[].content" -> role, level 3. */
static const char *role_read(struct json_rule *rule, struct slice path) {
  if (path.len == 0) return NULL;
  const char *dot = memrchr(path.ptr, '.', path.len);
  struct slice before = slice_make(path.ptr, dot ? (size_t)(dot - path.ptr) : 0);
  rule->role = dot ? slice_from(path, before.len + 1) : path;
  if (!slice_starts(rule->path, before)) return "its role stands elsewhere";
  rule->role_level = 1;
  for (bool first = true; before.len > 0; first = false) {
    if (step_take(&before, first).kind == STEP_BAD) return "its role's place is no place";
    rule->role_level++;
  }
  return NULL;
}

static void exceptions_read(struct json_rules *rules, struct json_kept_rule *kept) {
  struct slice rest = kept->rule.except;
  kept->excepted = arena_alloc(&rules->arena, (rest.len / 2 + 1) * sizeof *kept->excepted);
  while (rest.len > 0) {
    const char *blank = memchr(rest.ptr, ' ', rest.len);
    struct slice name = slice_make(rest.ptr, blank ? (size_t)(blank - rest.ptr) : rest.len);
    rest = slice_from(rest, name.len + 1);
    if (name.len == 0) continue;
    kept->excepted[kept->count++] = name;
    kept->lengths |= 1U << name.len % 32;
  }
}

const char *json_rules_add(struct json_rules *rules, const struct json_rule *rule, struct slice role_path) {
  struct json_kept_rule *whole = arena_alloc(&rules->arena, sizeof *whole);
  struct json_rule *kept = &whole->rule;
  kept->path = arena_copy(&rules->arena, rule->path);
  kept->kind = arena_copy(&rules->arena, rule->kind);
  kept->fixed = arena_copy(&rules->arena, rule->fixed);
  kept->tool_kind = arena_copy(&rules->arena, rule->tool_kind);
  kept->except = arena_copy(&rules->arena, rule->except);
  kept->unless = arena_copy(&rules->arena, rule->unless);
  kept->only_type = arena_copy(&rules->arena, rule->only_type);
  exceptions_read(rules, whole);
  const char *fault = role_read(kept, arena_copy(&rules->arena, role_path));
  return fault ? fault : place_add(rules, kept->path, kept);
}
