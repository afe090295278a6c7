// SPDX-License-Identifier: Apache-2.0
#include <yaml.h>

#include "config/builder.h"

/* YAML by libyaml's events: one at a time, so that a hostile nesting is refused before its quadratic cost is paid, and
 * never through its document API, which would expand aliases. */

static struct place place_of(yaml_mark_t mark) {
  return (struct place){(unsigned)mark.line + 1, (unsigned)mark.column + 1};
}

static bool plain_null(struct slice text) {
  static const char *const words[] = {"", "~", "null", "Null", "NULL"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    if (slice_equal(text, slice_text(words[i]))) return true;
  }
  return false;
}

/* The text of a line without its end. */
static struct slice line_of(struct slice text, unsigned line) {
  while (--line > 0 && text.len > 0) {
    const char *end = memchr(text.ptr, '\n', text.len);
    text = end ? slice_from(text, (size_t)(end - text.ptr) + 1) : slice_from(text, text.len);
  }
  const char *end = text.len ? memchr(text.ptr, '\n', text.len) : NULL;
  return end ? slice_make(text.ptr, (size_t)(end - text.ptr)) : text;
}

static bool tab_indents(struct slice line) {
  for (size_t i = 0; i < line.len && (line.ptr[i] == ' ' || line.ptr[i] == '\t'); i++) {
    if (line.ptr[i] == '\t') return true;
  }
  return false;
}

/* What usually stands behind libyaml's message on this line. */
static const char *hint_for(const yaml_parser_t *parser, struct slice line) {
  if (tab_indents(line)) return ": a tab indents this line, YAML wants spaces";
  bool flow = parser->context && strstr(parser->context, "flow");
  if (flow && line.len && memmem(line.ptr, line.len, "${", 2)) return ": inside { } or [ ] put \"${NAME}\" in quotes";
  if (parser->problem && strstr(parser->problem, "cannot start any token")) return ": put the value in quotes";
  return "";
}

static void syntax_fault(const yaml_parser_t *parser, struct slice text, struct tree_faults *faults) {
  struct place place = place_of(parser->problem_mark);
  const char *problem = parser->problem ? parser->problem : "out of memory";
  if (parser->error == YAML_READER_ERROR) {
    size_t from = 0;
    place = (struct place){1, 1};
    place_advance(text, parser->problem_offset, &from, &place);
    fault_add(faults, place, "%s: the file must be UTF-8 text", problem);
    return;
  }
  const char *hint = hint_for(parser, line_of(text, place.line));
  if (parser->context) {
    fault_add(faults, place, "%s (%s from line %zu on)%s", problem, parser->context, parser->context_mark.line + 1,
              hint);
  } else {
    fault_add(faults, place, "%s%s", problem, hint);
  }
}

/* Anchors and tags change what a value means without being seen at the value: a fault each, and reading goes on. */
static void properties_refuse(struct builder *builder, const yaml_char_t *anchor, const yaml_char_t *tag,
                              struct place place) {
  if (anchor) fault_add(builder->faults, place, "anchor \"&%.40s\": write the value out", (const char *)anchor);
  if (tag) fault_add(builder->faults, place, "tag \"%.40s\": values have no tags here", (const char *)tag);
}

static bool take_scalar(struct builder *builder, const yaml_event_t *event, struct place place) {
  struct slice text = slice_make((const char *)event->data.scalar.value, event->data.scalar.length);
  bool quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  properties_refuse(builder, event->data.scalar.anchor, event->data.scalar.tag, place);
  if (!builder_wants_key(builder)) return builder_scalar(builder, text, quoted, !quoted && plain_null(text), place);
  if (text.len == 0 && !quoted) {
    fault_add(builder->faults, place, "a value without a key");
    return false;
  }
  return builder_key(builder, text, place);
}

static bool take_open(struct builder *builder, enum tree_kind kind, const yaml_char_t *anchor, const yaml_char_t *tag,
                      struct place place) {
  properties_refuse(builder, anchor, tag, place);
  if (!builder_wants_key(builder)) return builder_open(builder, kind, place);
  fault_add(builder->faults, place, "a key must be a plain word, not a %s%s", kind == TREE_MAP ? "map" : "list",
            kind == TREE_MAP ? ": put \"${NAME}\" in quotes" : "");
  return false;
}

static bool take_alias(struct builder *builder, const yaml_event_t *event, struct place place) {
  fault_add(builder->faults, place, "alias \"*%.40s\": write the value out", (const char *)event->data.alias.anchor);
  if (builder_wants_key(builder)) return false;
  return builder_scalar(builder, slice_make(NULL, 0), false, true, place);
}

/* False when reading must stop. */
static bool take_event(struct builder *builder, const yaml_event_t *event) {
  struct place place = place_of(event->start_mark);
  switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
      if (!builder->root) return true;
      fault_add(builder->faults, place, "a second document: only one is read");
      return false;
    case YAML_SCALAR_EVENT:
      return take_scalar(builder, event, place);
    case YAML_ALIAS_EVENT:
      return take_alias(builder, event, place);
    case YAML_MAPPING_START_EVENT:
      return take_open(builder, TREE_MAP, event->data.mapping_start.anchor, event->data.mapping_start.tag, place);
    case YAML_SEQUENCE_START_EVENT:
      return take_open(builder, TREE_LIST, event->data.sequence_start.anchor, event->data.sequence_start.tag, place);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
      builder_close(builder);
      return true;
    default:
      return true;
  }
}

/* True when the stream was read to its end. */
static bool read_events(yaml_parser_t *parser, struct builder *builder, struct slice text) {
  for (;;) {
    yaml_event_t event;
    if (!yaml_parser_parse(parser, &event)) {
      syntax_fault(parser, text, builder->faults);
      return false;
    }
    bool over = event.type == YAML_STREAM_END_EVENT;
    bool good = take_event(builder, &event);
    yaml_event_delete(&event);
    if (over || !good) return good;
  }
}

struct tree *tree_parse_yaml(struct slice text, struct arena *arena, struct tree_faults *faults) {
  faults->count = 0;
  if (!builder_text_check(text, faults)) return NULL;
  yaml_parser_t parser;
  if (!yaml_parser_initialize(&parser)) {
    fault_add(faults, (struct place){1, 1}, "out of memory");
    return NULL;
  }
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, (const unsigned char *)(text.ptr ? text.ptr : ""), text.len);
  struct builder builder = {.arena = arena, .faults = faults};
  bool whole = read_events(&parser, &builder, text);
  yaml_parser_delete(&parser);
  builder_free(&builder);
  if (!whole) return NULL;
  if (!builder.root) builder_scalar(&builder, slice_make(NULL, 0), false, true, (struct place){1, 1});
  return builder.root;
}
