// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "catalog/build.h"
#include "codec/json.h"

/* What the files say, row by row, before it is one catalog; and what is wrong with them. Inside this room only. */

struct draft {
  struct slice key, row; /* borrowed from the source's text */
  uint32_t source, line;
};

struct draft_fault {
  const char *path;              /* of the source */
  uint32_t message, message_len; /* in `messages` */
  uint32_t line;
};

struct drafts {
  const struct catalog_source *sources; /* borrowed */
  struct buffer items;                  /* owned; of struct draft */
  size_t count;
  struct buffer faults; /* owned; of struct draft_fault */
  size_t fault_count, fault_total;
  struct buffer messages; /* owned */
};

/* Adds the rows of one source that are as they should be, and a fault for whatever is not. */
void drafts_read(struct drafts *drafts, uint32_t source);

/* "provider/model: <member> <problem>" at the row's line. */
void drafts_fault_row(struct drafts *drafts, const struct draft *row, const char *member, const char *problem);

/* Says how many faults were not kept. */
void drafts_fault_more(struct drafts *drafts);

struct draft *drafts_items(struct drafts *drafts);
void drafts_free(struct drafts *drafts);
