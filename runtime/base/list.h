// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Intrusive circular doubly linked list. A head and every unlinked node point at themselves. */
struct list {
  struct list *next;
  struct list *prev;
};

#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list *node) {
  node->next = node->prev = node;
}

static inline bool list_empty(const struct list *head) {
  return head->next == head;
}

static inline void list_remove(struct list *node) {
  node->prev->next = node->next;
  node->next->prev = node->prev;
  list_init(node);
}

static inline void list_push_back(struct list *head, struct list *node) {
  node->prev = head->prev;
  node->next = head;
  head->prev->next = node;
  head->prev = node;
}

static inline void list_push_front(struct list *head, struct list *node) {
  list_push_back(head->next, node);
}
