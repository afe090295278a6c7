// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "match/recipe.h"

/* Regular expressions of our own, on bytes, in linear time: parsed to a tree, the tree to a program of a few
 * operations, the program run as a set of threads (where is the leftmost-longest match?) or as an automaton whose
 * states are made as they are met (is there a match?). Only files of this room include this. */

/* ---- tree ---- */

enum regex_kind { REGEX_EMPTY, REGEX_SET, REGEX_CHAIN, REGEX_CHOICE, REGEX_REPEAT, REGEX_ASSERT };
enum regex_assert {
  REGEX_TEXT_BEGIN,
  REGEX_TEXT_END,
  REGEX_LAST_LINE_END,
  REGEX_LINE_BEGIN,
  REGEX_LINE_END,
  REGEX_WORD_EDGE,
  REGEX_NO_WORD_EDGE
};
enum { REGEX_MANY = UINT32_MAX, REGEX_NONE = UINT32_MAX, REGEX_DEPTH_MAX = 100, REGEX_REPEAT_MAX = 1000 };

struct regex_set {
  uint64_t bits[4];
};

struct regex_node {
  enum regex_kind kind;
  uint32_t first, next; /* children and the node beside it, or REGEX_NONE */
  uint32_t min, max;    /* REPEAT */
  uint32_t value;       /* SET: place in sets; ASSERT: which */
};

struct regex_tree {
  struct buffer nodes; /* of struct regex_node; owned */
  struct buffer *sets; /* of struct regex_set, without doubles; the program's */
};

static inline struct regex_node *regex_node_at(const struct regex_tree *tree, uint32_t place) {
  return (struct regex_node *)(void *)tree->nodes.data + place;
}

static inline bool regex_set_has(const struct regex_set *set, unsigned char byte) {
  return set->bits[byte >> 6] >> (byte & 63) & 1;
}

static inline bool regex_is_word(unsigned char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

/* What is left of a pattern, and how it is read. */
struct regex_reader {
  struct slice text;
  size_t at;
  unsigned flags; /* enum match_flag, as inline options leave them */
  unsigned depth;
  struct regex_tree *tree;
  const char *problem; /* what is wrong with the byte at `at`; null while all is well */
};

uint32_t regex_node_new(struct regex_reader *reader, enum regex_kind kind);
/* A node for one byte of the set (folded when caseless). */
uint32_t regex_set_node(struct regex_reader *reader, struct regex_set set);
/* A node for these bytes in a row: a character of several bytes is one thing. */
uint32_t regex_bytes_node(struct regex_reader *reader, struct slice bytes);
/* How many bytes the character at `at` has, 1 where it is none of UTF-8. */
size_t regex_character_len(const struct regex_reader *reader);
void regex_set_add(struct regex_set *set, unsigned from, unsigned to);

/* After a backslash, in a class or outside: a set, for \d and the like, or one byte. False with a problem. */
bool regex_escape_read(struct regex_reader *reader, struct regex_set *set, int *byte);
/* From behind the bracket to behind its end. */
uint32_t regex_class_read(struct regex_reader *reader);

/* The root of the pattern's tree; REGEX_NONE with reader->problem. */
uint32_t regex_parse(struct regex_reader *reader);

/* ---- program ---- */

enum regex_op { REGEX_OP_SET, REGEX_OP_SPLIT, REGEX_OP_JUMP, REGEX_OP_ASSERT, REGEX_OP_MATCH };
enum { REGEX_PROGRAM_MAX = 100000, REGEX_PATTERN_MAX = 20000 };

struct regex_step {
  uint32_t op;   /* enum regex_op */
  uint32_t x, y; /* SET: set, SPLIT: both places, JUMP: place, ASSERT: which, MATCH: index of the pattern */
};

struct regex_program {
  struct buffer steps;        /* of struct regex_step; owned; begins at 0 */
  struct buffer sets;         /* of struct regex_set; owned */
  struct regex_set first;     /* bytes a match may begin with */
  unsigned char classes[256]; /* bytes that no set and no assertion tells apart are of one class */
  unsigned char samples[256]; /* one byte of each class */
  unsigned class_count;
  uint32_t reach; /* the longest match; REGEX_MANY: no limit */
};

/* -1 with the pattern's position and what is wrong. */
int regex_compile(const struct match_recipe *recipe, struct regex_program *program, struct error *error);
void regex_program_free(struct regex_program *program);

/* ---- running ---- */

/* What lies around a place of the text. */
struct regex_place {
  int before; /* the byte before, or -1 at the beginning */
  int after;  /* the byte after, or -1 at the end */
  bool last;  /* the byte after is the text's last */
};
bool regex_assert_holds(enum regex_assert which, const struct regex_place *place);

/* Memory of threads, reused. Zero-initialised is empty and valid. */
struct regex_threads {
  uint32_t *places, *next_places; /* owned: one allocation each */
  size_t *starts, *next_starts;
  uint32_t *stack;
  uint32_t *seen, *next_seen; /* generation in which a place was last taken */
  uint32_t generation;
  size_t capacity;
  uint64_t left; /* steps that may still be followed; at 0 looking ends */
};
void regex_threads_free(struct regex_threads *threads);

struct regex_found {
  size_t from, to;
  unsigned index;
  bool any;
  size_t open;  /* only for text that goes on: nothing from here on is decided. Else the text's length */
  size_t seen;  /* where the looking ended */
  bool gave_up; /* no more steps were left; then nothing else is said */
};

/* The leftmost-longest match that begins at `from` or later; what is before is context. With `goes_on` only one that no
 * further text can change. */
struct regex_found regex_find(const struct regex_program *program, struct regex_threads *threads, struct slice text,
                              size_t from, bool goes_on);

/* ---- automaton ---- */

/* States met so far; made anew when they are too many. Zero-initialised is empty and valid. */
struct regex_automaton {
  struct regex_state **states; /* owned */
  uint32_t count;
  struct regex_state **table; /* owned: by hash */
  size_t memory;
  uint32_t forgotten;                        /* how often all states were made anew */
  uint32_t *stack, *seen, *next_seen, *next; /* owned scratch of one place each step */
  uint32_t generation;
  uint64_t left; /* steps that may still be followed to make states; at 0 a match is said to exist */
};
void regex_automaton_free(struct regex_automaton *automaton);

/* A position in a text that comes in pieces. Zero-initialised is the beginning. */
struct regex_position {
  uint32_t *places; /* owned */
  uint32_t count;
  bool begun;
  unsigned char before; /* the byte before, when begun */
};
void regex_position_free(struct regex_position *position);

/* Whether a match ends in text[from..]; `near`: no match begins before. Of a text that goes on: whether one has ended
 * or is under way. */
bool regex_exists(const struct regex_program *program, struct regex_automaton *automaton, struct slice text,
                  size_t from, bool goes_on, size_t *near);
/* The same for the next piece of a text that goes on: moves the position, and names a pattern that matches. */
bool regex_exists_next(const struct regex_program *program, struct regex_automaton *automaton,
                       struct regex_position *position, struct slice text, unsigned *index);
