// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json_walk.h"

/* Inside of the walker; private to json_rules.c and json_walk.c. */

enum { JSON_NODE_BUCKETS = 16 };

/* What is looked for below one place. In the rules' arena. */
struct json_node {
  struct slice key;
  struct json_node *next;                        /* in its bucket of the parent */
  struct json_node *children[JSON_NODE_BUCKETS]; /* by length and first byte of their keys */
  bool has_members;
  struct json_node *any;        /* members without a child of their name */
  struct json_node *element;    /* elements of an array here */
  const struct json_rule *leaf; /* a value here is wanted */
  const struct json_rule *deep; /* a value here and every one below */
};

/* A rule as it is kept: its exceptions as a list. `lengths` has a bit for each length (modulo 32) that one has. */
struct json_kept_rule {
  struct json_rule rule;
  struct slice *excepted;
  unsigned count;
  uint32_t lengths;
};

struct json_rules {
  struct arena arena;
  struct json_node root;
};

static inline unsigned json_node_bucket(struct slice key) {
  return key.len == 0 ? 0 : ((unsigned)key.len + (unsigned char)key.ptr[0] * 3U) % JSON_NODE_BUCKETS;
}

/* True when `key` is one of the names that the rule excepts. */
static inline bool json_rule_excepts(const struct json_rule *rule, struct slice key) {
  const struct json_kept_rule *kept = (const struct json_kept_rule *)(const void *)rule;
  if (!(kept->lengths >> key.len % 32 & 1)) return false;
  for (unsigned i = 0; i < kept->count; i++) {
    if (slice_equal(kept->excepted[i], key)) return true;
  }
  return false;
}

/* The node of a member, or null. */
static inline const struct json_node *json_node_child(const struct json_node *node, struct slice key) {
  const struct json_node *child = node->children[json_node_bucket(key)];
  while (child && !slice_equal(child->key, key)) child = child->next;
  return child ? child : node->any;
}
