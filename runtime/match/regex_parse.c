// SPDX-License-Identifier: Apache-2.0
#include "match/regex.h"

/* Pattern -> tree. */

static uint32_t wrong(struct regex_reader *reader, const char *problem) {
  if (!reader->problem) reader->problem = problem;
  return REGEX_NONE;
}

static bool more(const struct regex_reader *reader) {
  return reader->at < reader->text.len;
}

static unsigned char peek(const struct regex_reader *reader) {
  return (unsigned char)reader->text.ptr[reader->at];
}

static bool take(struct regex_reader *reader, char byte) {
  if (!more(reader) || reader->text.ptr[reader->at] != byte) return false;
  reader->at++;
  return true;
}

/* ---- nodes ---- */

uint32_t regex_node_new(struct regex_reader *reader, enum regex_kind kind) {
  struct regex_node node = {.kind = kind, .first = REGEX_NONE, .next = REGEX_NONE};
  buffer_append(&reader->tree->nodes, &node, sizeof node);
  return (uint32_t)(reader->tree->nodes.len / sizeof node - 1);
}

static uint32_t set_place(struct buffer *sets, const struct regex_set *set) {
  const struct regex_set *all = (const struct regex_set *)(const void *)sets->data;
  uint32_t count = (uint32_t)(sets->len / sizeof *set);
  for (uint32_t i = 0; i < count; i++) {
    if (memcmp(&all[i], set, sizeof *set) == 0) return i;
  }
  buffer_append(sets, set, sizeof *set);
  return count;
}

uint32_t regex_set_node(struct regex_reader *reader, struct regex_set set) {
  uint32_t node = regex_node_new(reader, REGEX_SET);
  regex_node_at(reader->tree, node)->value = set_place(reader->tree->sets, &set);
  return node;
}

static bool is_letter(unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static uint32_t byte_node(struct regex_reader *reader, unsigned char byte) {
  struct regex_set set = {0};
  regex_set_add(&set, byte, byte);
  if ((reader->flags & MATCH_CASELESS) && is_letter(byte)) regex_set_add(&set, byte ^ 0x20u, byte ^ 0x20u);
  return regex_set_node(reader, set);
}

uint32_t regex_bytes_node(struct regex_reader *reader, struct slice bytes) {
  if (bytes.len == 1) return byte_node(reader, (unsigned char)bytes.ptr[0]);
  uint32_t chain = regex_node_new(reader, REGEX_CHAIN), last = REGEX_NONE;
  for (size_t i = 0; i < bytes.len; i++) {
    uint32_t node = byte_node(reader, (unsigned char)bytes.ptr[i]);
    if (last == REGEX_NONE) {
      regex_node_at(reader->tree, chain)->first = node;
    } else {
      regex_node_at(reader->tree, last)->next = node;
    }
    last = node;
  }
  return chain;
}

size_t regex_character_len(const struct regex_reader *reader) {
  unsigned char lead = peek(reader);
  size_t len = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
  if (len > reader->text.len - reader->at) return 1;
  for (size_t i = 1; i < len; i++) {
    if (((unsigned char)reader->text.ptr[reader->at + i] & 0xc0) != 0x80) return 1;
  }
  return len;
}

static uint32_t assert_node(struct regex_reader *reader, enum regex_assert which) {
  uint32_t node = regex_node_new(reader, REGEX_ASSERT);
  regex_node_at(reader->tree, node)->value = which;
  return node;
}

/* ---- groups ---- */

static uint32_t choice_read(struct regex_reader *reader);

static unsigned option_of(char letter) {
  return letter == 'i' ? MATCH_CASELESS : letter == 'm' ? MATCH_MULTILINE : letter == 's' ? MATCH_DOTALL : 0;
}

/* (?ims-ims) to the group's end, or (?ims-ims: ... ). True when the group goes on. */
static bool options_read(struct regex_reader *reader, unsigned *flags) {
  bool off = false;
  for (; more(reader); reader->at++) {
    char letter = (char)peek(reader);
    if (letter == ':' || letter == ')') break;
    unsigned flag = option_of(letter);
    if (letter == '-' && !off) {
      off = true;
    } else if (!flag) {
      return wrong(reader, "unknown option, or a kind of group that is not supported") != REGEX_NONE;
    } else {
      *flags = off ? *flags & ~flag : *flags | flag;
    }
  }
  return take(reader, ':');
}

/* "P<name>" or "<name>": a name is only a name. */
static bool name_skip(struct regex_reader *reader) {
  size_t start = reader->at;
  take(reader, 'P');
  if (!take(reader, '<')) {
    reader->at = start;
    return false;
  }
  if (more(reader) && (peek(reader) == '=' || peek(reader) == '!'))
    return wrong(reader, "looking around is not supported") == 0;
  while (more(reader) && regex_is_word(peek(reader))) reader->at++;
  if (!take(reader, '>')) wrong(reader, "a name without its end");
  return true;
}

static uint32_t group_body(struct regex_reader *reader, unsigned flags) {
  unsigned outer = reader->flags;
  reader->flags = flags;
  uint32_t node = choice_read(reader);
  reader->flags = outer;
  if (!reader->problem && !take(reader, ')')) wrong(reader, "a group without its closing parenthesis");
  return node;
}

static uint32_t group_read(struct regex_reader *reader) {
  unsigned flags = reader->flags;
  if (!take(reader, '?') || name_skip(reader)) return group_body(reader, flags);
  if (reader->problem) return REGEX_NONE;
  if (more(reader) && (peek(reader) == '=' || peek(reader) == '!')) {
    return wrong(reader, "looking around is not supported");
  }
  if (take(reader, ':')) return group_body(reader, flags);
  if (options_read(reader, &flags)) return group_body(reader, flags);
  if (!reader->problem && !take(reader, ')')) wrong(reader, "a group without its closing parenthesis");
  reader->flags = flags; /* until the group around it ends: group_body restores */
  return regex_node_new(reader, REGEX_EMPTY);
}

static uint32_t group_enter(struct regex_reader *reader) {
  if (++reader->depth > REGEX_DEPTH_MAX) return wrong(reader, "groups too deep");
  uint32_t node = group_read(reader);
  reader->depth--;
  return node;
}

/* ---- atoms ---- */

static uint32_t dot_node(struct regex_reader *reader) {
  struct regex_set set = {0};
  regex_set_add(&set, 0, 255);
  if (!(reader->flags & MATCH_DOTALL)) set.bits[0] &= ~((uint64_t)1 << '\n');
  return regex_set_node(reader, set);
}

/* \Q ... \E */
static uint32_t quoted_read(struct regex_reader *reader) {
  struct slice rest = slice_from(reader->text, reader->at);
  const char *end = rest.len > 0 ? memmem(rest.ptr, rest.len, "\\E", 2) : NULL;
  size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
  reader->at += len + (end ? 2 : 0);
  return len > 0 ? regex_bytes_node(reader, slice_make(rest.ptr, len)) : regex_node_new(reader, REGEX_EMPTY);
}

static int assert_of(unsigned char letter) {
  switch (letter) {
    case 'b':
      return REGEX_WORD_EDGE;
    case 'B':
      return REGEX_NO_WORD_EDGE;
    case 'A':
      return REGEX_TEXT_BEGIN;
    case 'z':
      return REGEX_TEXT_END;
    case 'Z':
      return REGEX_LAST_LINE_END;
    default:
      return -1;
  }
}

static uint32_t escape_node(struct regex_reader *reader) {
  struct regex_set set = {0};
  int byte, which = more(reader) ? assert_of(peek(reader)) : -1;
  if (which >= 0) {
    reader->at++;
    return assert_node(reader, (enum regex_assert)which);
  }
  if (take(reader, 'Q')) return quoted_read(reader);
  if (!regex_escape_read(reader, &set, &byte)) return REGEX_NONE;
  return byte >= 0 ? byte_node(reader, (unsigned char)byte) : regex_set_node(reader, set);
}

static uint32_t character_node(struct regex_reader *reader) {
  size_t len = regex_character_len(reader);
  uint32_t node = regex_bytes_node(reader, slice_make(reader->text.ptr + reader->at, len));
  reader->at += len;
  return node;
}

static uint32_t atom_read(struct regex_reader *reader) {
  bool lines = reader->flags & MATCH_MULTILINE;
  if (take(reader, '(')) return group_enter(reader);
  if (take(reader, '[')) return regex_class_read(reader);
  if (take(reader, '.')) return dot_node(reader);
  if (take(reader, '\\')) return escape_node(reader);
  if (take(reader, '^')) return assert_node(reader, lines ? REGEX_LINE_BEGIN : REGEX_TEXT_BEGIN);
  if (take(reader, '$')) return assert_node(reader, lines ? REGEX_LINE_END : REGEX_LAST_LINE_END);
  if (memchr("*+?", peek(reader), 3)) return wrong(reader, "a repeat of nothing");
  return character_node(reader);
}

/* ---- repeats ---- */

static bool digits_read(struct regex_reader *reader, uint32_t *value) {
  size_t start = reader->at;
  *value = 0;
  while (more(reader) && peek(reader) >= '0' && peek(reader) <= '9') {
    if (*value <= REGEX_REPEAT_MAX) *value = *value * 10 + (uint32_t)(peek(reader) - '0');
    reader->at++;
  }
  return reader->at > start;
}

/* {3} {3,} {3,5}; anything else in braces is text. */
static bool braces_read(struct regex_reader *reader, uint32_t *min, uint32_t *max) {
  size_t start = reader->at;
  bool counted = take(reader, '{') && digits_read(reader, min);
  *max = *min;
  if (counted && take(reader, ',') && !digits_read(reader, max)) *max = REGEX_MANY;
  if (counted && take(reader, '}')) return true;
  reader->at = start;
  return false;
}

static bool repeat_read(struct regex_reader *reader, uint32_t *min, uint32_t *max) {
  *min = 0;
  *max = REGEX_MANY;
  if (take(reader, '*')) return true;
  if (take(reader, '+')) {
    *min = 1;
    return true;
  }
  if (take(reader, '?')) {
    *max = 1;
    return true;
  }
  return braces_read(reader, min, max);
}

static uint32_t repeats_read(struct regex_reader *reader, uint32_t atom) {
  uint32_t min, max;
  while (!reader->problem && repeat_read(reader, &min, &max)) {
    if (max < min) return wrong(reader, "a repeat that ends before it begins");
    if (min > REGEX_REPEAT_MAX || (max != REGEX_MANY && max > REGEX_REPEAT_MAX)) {
      return wrong(reader, "a repeat of more than 1000");
    }
    if (take(reader, '+')) return wrong(reader, "possessive repeats are not supported");
    take(reader, '?'); /* the longest match is wanted all the same */
    uint32_t node = regex_node_new(reader, REGEX_REPEAT);
    *regex_node_at(reader->tree, node) =
        (struct regex_node){.kind = REGEX_REPEAT, .first = atom, .next = REGEX_NONE, .min = min, .max = max};
    atom = node;
  }
  return atom;
}

/* ---- sequences ---- */

static uint32_t chain_read(struct regex_reader *reader) {
  uint32_t chain = regex_node_new(reader, REGEX_CHAIN), last = REGEX_NONE;
  while (!reader->problem && more(reader) && peek(reader) != '|' && peek(reader) != ')') {
    uint32_t node = atom_read(reader);
    if (!reader->problem) node = repeats_read(reader, node);
    if (reader->problem) return REGEX_NONE;
    if (last == REGEX_NONE) {
      regex_node_at(reader->tree, chain)->first = node;
    } else {
      regex_node_at(reader->tree, last)->next = node;
    }
    last = node;
  }
  return chain;
}

static uint32_t choice_read(struct regex_reader *reader) {
  uint32_t first = chain_read(reader), last = first;
  if (reader->problem || !more(reader) || peek(reader) != '|') return first;
  uint32_t choice = regex_node_new(reader, REGEX_CHOICE);
  regex_node_at(reader->tree, choice)->first = first;
  while (!reader->problem && take(reader, '|')) {
    uint32_t node = chain_read(reader);
    if (reader->problem) return REGEX_NONE;
    regex_node_at(reader->tree, last)->next = node;
    last = node;
  }
  return choice;
}

uint32_t regex_parse(struct regex_reader *reader) {
  uint32_t root = choice_read(reader);
  if (!reader->problem && more(reader)) wrong(reader, "a closing parenthesis without its group");
  return reader->problem ? REGEX_NONE : root;
}
