// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "base/error.h"
#include "base/slice.h"

/* Sets of words (Vectorscan) or of regular expressions (our own: docs/decisions.md), all looked for in one pass in
 * linear time.
 *   pool   what the sets of one thread share: memory to scan with, and the sets themselves, so that equal ones exist
 *          once however many VMs use them
 *   set    compiled words or patterns; belongs to a pool, is shared by reference count
 *   found  one match
 * Bytes are bytes: no UTF-8 mode, caseless means ASCII letters, the dot is one byte. */
struct match_pool;
struct match_set;
struct match_code;
struct match_recipe;

struct match_found {
  size_t from, to; /* text[from, to) */
  unsigned index;  /* of the word or pattern, from 0 */
};

struct match_pool *match_pool_open(void);
/* The pool itself lives as long as its sets. */
void match_pool_close(struct match_pool *pool);

/* The set of an equal recipe, shared, or null. */
struct match_set *match_pool_find(struct match_pool *pool, const struct match_recipe *recipe);
/* A new set, shared by the caller. Takes over what the recipe owns (it is empty then) and the code. */
struct match_set *match_pool_add(struct match_pool *pool, struct match_recipe *recipe, struct match_code *code);
unsigned match_pool_sets(const struct match_pool *pool);

struct match_set *match_set_share(struct match_set *set);
void match_set_close(struct match_set *set); /* the last share frees it */

/* The leftmost match, of these the longest, of these the one with the lowest index. */
bool match_set_find(const struct match_set *set, struct slice text, struct match_found *out);
/* The same that begins at `from` or later. What is before is context for \b, ^ and \A only. */
bool match_set_find_from(const struct match_set *set, struct slice text, size_t from, struct match_found *out);

/* The first of a text that goes on that no further text can change. When there is none, text[0, decided) is known: what
 * is no match in there never becomes one. */
bool match_set_find_decided(const struct match_set *set, struct slice text, size_t from, struct match_found *out,
                            size_t *decided);

/* All of them, from left to right, none overlapping another. They are valid until the next call on this pool. -1 when
 * there are too many. */
enum { MATCH_FOUND_MAX = 1000000 };
int match_set_all(const struct match_set *set, struct slice text, size_t from, const struct match_found **out,
                  size_t *count, struct error *error);

/* The same of a text that goes on. */
int match_set_decided(const struct match_set *set, struct slice text, size_t from, const struct match_found **out,
                      size_t *count, size_t *decided, struct error *error);

/* How many bytes at the end of `text` may be the beginning of a match that more text completes or lengthens. */
size_t match_set_pending(const struct match_set *set, struct slice text);

/* A set of words: what it finds in a part of a text it also finds in the whole. */
bool match_set_is_words(const struct match_set *set);

/* Whether the last look at a text took more work than patterns may: some hundred milliseconds, for patterns with large
 * counted repeats on texts made for them. It was then said to match. */
bool match_set_gave_up(const struct match_set *set);

/* A set of words without control characters, quotes, backslashes and slashes: what a short escape of JSON stands for is
 * part of none, so whatever is in a text is in its escaped form too. */
bool match_set_is_plain(const struct match_set *set);

/* Bytes of the longest possible match; SIZE_MAX when there is no such limit. */
size_t match_set_reach(const struct match_set *set);

/* Text that comes in pieces: tells that there is a match, also over the seams, not where. */
struct match_stream;

/* Null when the words cannot be compiled so. Shares the set. The first stream of a set of words compiles it once more.
 * $ and \z never hold. */
struct match_stream *match_stream_open(struct match_set *set, struct error *error);
/* True once there has been a match, with the index of one that was seen first. */
bool match_stream_feed(struct match_stream *stream, struct slice text, unsigned *index);
void match_stream_close(struct match_stream *stream);
