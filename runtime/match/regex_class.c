// SPDX-License-Identifier: Apache-2.0
#include "match/regex.h"

/* Escapes and classes. */

static bool wrong(struct regex_reader *reader, const char *problem) {
  if (!reader->problem) reader->problem = problem;
  return false;
}

static bool more(const struct regex_reader *reader) {
  return reader->at < reader->text.len;
}

static unsigned char peek(const struct regex_reader *reader) {
  return (unsigned char)reader->text.ptr[reader->at];
}

void regex_set_add(struct regex_set *set, unsigned from, unsigned to) {
  for (unsigned byte = from; byte <= to; byte++) set->bits[byte >> 6] |= (uint64_t)1 << (byte & 63);
}

static void set_invert(struct regex_set *set) {
  for (int i = 0; i < 4; i++) set->bits[i] = ~set->bits[i];
}

static void set_join(struct regex_set *set, const struct regex_set *other) {
  for (int i = 0; i < 4; i++) set->bits[i] |= other->bits[i];
}

/* ---- escapes ---- */

static void add_ranges(struct regex_set *set, const char *pairs) {
  for (; *pairs; pairs += 2) regex_set_add(set, (unsigned char)pairs[0], (unsigned char)pairs[1]);
}

/* \d \w \s \h and their opposites. */
static bool shorthand(unsigned char letter, struct regex_set *set) {
  static const struct {
    char letter;
    const char *pairs;
  } sets[] = {{'d', "09"}, {'w', "09AZaz__"}, {'s', "  \t\r"}, {'h', "  \t\t"}};
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
    if ((letter | 0x20) != sets[i].letter) continue;
    add_ranges(set, sets[i].pairs);
    if (letter != sets[i].letter) set_invert(set);
    return true;
  }
  return false;
}

static int hex_digit(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \xHH or \x{HH} */
static bool read_hex(struct regex_reader *reader, int *byte) {
  bool braces = more(reader) && peek(reader) == '{';
  int digits = 0, value = 0;
  reader->at += braces;
  for (; digits < 2 && more(reader) && hex_digit(peek(reader)) >= 0; digits++) {
    value = value * 16 + hex_digit(peek(reader));
    reader->at++;
  }
  if (digits == 0) return wrong(reader, "\\x needs hexadecimal digits");
  if (braces && (!more(reader) || peek(reader) != '}')) return wrong(reader, "\\x{...} names one byte, up to ff");
  reader->at += braces;
  *byte = value;
  return true;
}

static int control(unsigned char letter) {
  static const char names[] = "ntrfvae0", bytes[] = "\n\t\r\f\v\a\x1b";
  const char *at = strchr(names, letter);
  return letter && at ? bytes[at - names] : -1;
}

static bool is_letter_or_digit(unsigned char c) {
  return regex_is_word(c) && c != '_';
}

bool regex_escape_read(struct regex_reader *reader, struct regex_set *set, int *byte) {
  *byte = -1;
  if (!more(reader)) return wrong(reader, "ends in a backslash");
  unsigned char letter = peek(reader);
  if (shorthand(letter, set)) {
    reader->at++;
    return true;
  }
  if (letter >= '1' && letter <= '9') return wrong(reader, "back references are not supported");
  if ((*byte = control(letter)) < 0 && letter != 'x' && is_letter_or_digit(letter)) {
    return wrong(reader, "unknown escape");
  }
  reader->at++;
  if (letter == 'x') return read_hex(reader, byte);
  if (*byte < 0) *byte = letter;
  return true;
}

/* ---- classes ---- */

struct posix_name {
  const char *name, *pairs;
};

/* [:alpha:] inside of a class. */
static bool posix_read(struct regex_reader *reader, struct regex_set *set) {
  static const struct posix_name names[] = {{"alpha", "azAZ"},     {"digit", "09"},      {"alnum", "09azAZ"},
                                            {"upper", "AZ"},       {"lower", "az"},      {"space", "  \t\r"},
                                            {"punct", "!/:@[`{~"}, {"xdigit", "09afAF"}, {"word", "09azAZ__"}};
  struct slice rest = slice_from(reader->text, reader->at);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t len = strlen(names[i].name);
    if (rest.len < len + 4 || memcmp(rest.ptr + 2, names[i].name, len) != 0) continue;
    if (memcmp(rest.ptr + 2 + len, ":]", 2) != 0) continue;
    add_ranges(set, names[i].pairs);
    reader->at += len + 4;
    return true;
  }
  return wrong(reader, "unknown name of a class");
}

/* One byte, or a set (then *byte is -1). */
static bool item_read(struct regex_reader *reader, struct regex_set *set, int *byte) {
  *byte = -1;
  struct slice rest = slice_from(reader->text, reader->at);
  if (slice_starts(rest, SLICE_LITERAL("[:"))) return posix_read(reader, set);
  if (peek(reader) == '\\') {
    reader->at++;
    if (more(reader) && peek(reader) == 'b') {
      *byte = '\b';
      reader->at++;
      return true;
    }
    return regex_escape_read(reader, set, byte);
  }
  *byte = peek(reader);
  reader->at++;
  return true;
}

/* Behind a first byte: "-z", unless the dash is the class's last. Adds the range or the byte. */
static bool range_read(struct regex_reader *reader, int from, struct regex_set *set) {
  int to = from;
  bool range = reader->at + 1 < reader->text.len && peek(reader) == '-' && reader->text.ptr[reader->at + 1] != ']';
  if (range) {
    reader->at++;
    struct regex_set ignored = {0};
    if (peek(reader) >= 0x80) return wrong(reader, "ranges are of ASCII characters");
    if (!item_read(reader, &ignored, &to)) return false;
    if (to < from) return wrong(reader, "a range that ends before it begins");
  }
  regex_set_add(set, (unsigned)from, (unsigned)to);
  return true;
}

/* The characters of several bytes become choices beside the set. */
static uint32_t class_node(struct regex_reader *reader, struct regex_set set, uint32_t characters) {
  if (characters == REGEX_NONE) return regex_set_node(reader, set);
  uint32_t choice = regex_node_new(reader, REGEX_CHOICE);
  bool any = set.bits[0] | set.bits[1] | set.bits[2] | set.bits[3];
  uint32_t first = any ? regex_set_node(reader, set) : characters;
  if (any) regex_node_at(reader->tree, first)->next = characters;
  regex_node_at(reader->tree, choice)->first = first;
  return choice;
}

static bool character_read(struct regex_reader *reader, bool negated, uint32_t *characters) {
  if (negated) return wrong(reader, "a class that excludes characters beyond ASCII is not supported");
  size_t len = regex_character_len(reader);
  uint32_t node = regex_bytes_node(reader, slice_make(reader->text.ptr + reader->at, len));
  regex_node_at(reader->tree, node)->next = *characters;
  *characters = node;
  reader->at += len;
  return true;
}

static void fold_add(struct regex_set *set) {
  for (unsigned c = 'a'; c <= 'z'; c++) {
    bool either = regex_set_has(set, (unsigned char)c) || regex_set_has(set, (unsigned char)(c - 32));
    if (!either) continue;
    regex_set_add(set, c, c);
    regex_set_add(set, c - 32, c - 32);
  }
}

uint32_t regex_class_read(struct regex_reader *reader) {
  struct regex_set set = {0};
  uint32_t characters = REGEX_NONE;
  bool negated = more(reader) && peek(reader) == '^';
  reader->at += negated;
  for (bool start = true; more(reader) && (start || peek(reader) != ']'); start = false) {
    int byte = -1;
    struct regex_set item = {0};
    if (peek(reader) >= 0x80 && regex_character_len(reader) > 1) {
      if (!character_read(reader, negated, &characters)) return REGEX_NONE;
      continue;
    }
    if (!item_read(reader, &item, &byte) || (byte >= 0 && !range_read(reader, byte, &item))) return REGEX_NONE;
    set_join(&set, &item);
  }
  if (!more(reader)) wrong(reader, "a class without its closing bracket");
  if (more(reader)) reader->at++;
  if (reader->flags & MATCH_CASELESS) fold_add(&set);
  if (negated) set_invert(&set);
  return reader->problem ? REGEX_NONE : class_node(reader, set, characters);
}
