// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>

#include "base/check.h"
#include "config/tree.h"

/* Any bytes give a tree within its limits or a fault with a place. The first byte chooses the format. */

static size_t nodes_count(const struct tree *node, unsigned depth) {
  size_t count = 1, children = 0;
  REQUIRE(depth <= TREE_DEPTH_MAX);
  REQUIRE(node->line >= 1 && node->column >= 1);
  REQUIRE(node->kind == TREE_SCALAR || !node->null);
  for (const struct tree *child = node->first; child; child = child->next) {
    REQUIRE(node->kind != TREE_SCALAR);
    REQUIRE(node->kind == TREE_LIST || child->key_line >= 1);
    count += nodes_count(child, depth + 1);
    children++;
  }
  REQUIRE(children == node->count);
  return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct slice text = slice_make((const char *)data + 1, size - 1);
  struct arena arena = {0};
  struct tree_faults faults;
  struct tree *root = data[0] & 1 ? tree_parse_json(text, &arena, &faults) : tree_parse_yaml(text, &arena, &faults);
  REQUIRE(root || faults.count > 0);
  REQUIRE(faults.count <= TREE_FAULTS_MAX);
  for (unsigned i = 0; i < faults.count; i++) REQUIRE(faults.items[i].line >= 1 && faults.items[i].message[0]);
  if (root) REQUIRE(nodes_count(root, 0) <= TREE_NODES_MAX);
  arena_free(&arena);
  return 0;
}
