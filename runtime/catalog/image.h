// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/slice.h"

/* How an image is laid out: this head, `buckets` words (1 + a row's position, 0 = free; open addressing, at most half
 * full), the rows, the faults, then all texts. Inside this room only. Nothing is aligned: an image lies anywhere. */
struct image_head {
  uint32_t magic, size; /* of everything */
  uint32_t rows, faults, buckets;
};

struct image_row {
  uint32_t hash;
  uint32_t key, key_len, row, row_len; /* offsets from the head */
};

struct image_fault {
  uint32_t path, path_len, message, message_len, line;
};

enum { IMAGE_MAGIC = 0x6d676331 };

uint32_t image_hash(struct slice key);
