// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "codec/json_walk.h"

/* Inside of the walker; private to json_rules.c and json_walk.c. */

/* What is looked for below one place. In the rules' arena. */
struct json_node {
  struct slice key;
  struct json_node *next; /* the parent's next named child */
  struct json_node *children;
  struct json_node *any;        /* members without a child of their name */
  struct json_node *element;    /* elements of an array here */
  const struct json_rule *leaf; /* a value here is wanted */
  const struct json_rule *deep; /* a value here and every one below */
};

struct json_rules {
  struct arena arena;
  struct json_node root;
};

/* The node of a member, or null. */
const struct json_node *json_node_child(const struct json_node *node, struct slice key);
