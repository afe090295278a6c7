// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"

/* The names in a document that lists things. */

enum { NAMES_MEMBERS_MAX = 4, NAME_LENGTH_MAX = 256 };

/* Which list: the array that is the member `list` of the top-level object, or the document itself (`list` empty). Of
 * each entry the first of `members` that is a string; an entry that is a string is a name itself. `prefix` is taken
 * off. */
struct names_shape {
  struct slice list, prefix;
  struct slice members[NAMES_MEMBERS_MAX];
  unsigned member_count;
};

/* Appends each name once, in the order of their bytes, an LF between two. Returns how many; -1 when the text is not
 * valid JSON or has no such list. What is empty, too long, or holds spaces or control characters is no name; those
 * written with escapes are left out. */
long names_read(struct slice text, const struct names_shape *shape, struct buffer *out);
