// SPDX-License-Identifier: Apache-2.0
#include "match/regex.h"

/* Tree -> program. A counted repeat is written out, so programs are limited. */

struct writer {
  struct regex_program *program;
  const struct regex_tree *tree;
  size_t limit; /* steps */
  bool full;
};

static uint32_t step_count(const struct regex_program *program) {
  return (uint32_t)(program->steps.len / sizeof(struct regex_step));
}

static struct regex_step *step_at(const struct regex_program *program, uint32_t place) {
  return (struct regex_step *)(void *)program->steps.data + place;
}

static uint32_t step_add(struct writer *writer, enum regex_op op, uint32_t x, uint32_t y) {
  uint32_t place = step_count(writer->program);
  if (place >= writer->limit) writer->full = true;
  if (writer->full) return 0;
  struct regex_step step = {op, x, y};
  buffer_append(&writer->program->steps, &step, sizeof step);
  return place;
}

static void write_node(struct writer *writer, uint32_t node);

/* Each branch behind a split that leads to the next. */
static void write_choice(struct writer *writer, const struct regex_node *choice) {
  uint32_t jump = REGEX_NONE; /* jumps to the end, chained by their x */
  for (uint32_t child = choice->first; child != REGEX_NONE && !writer->full;) {
    uint32_t next = regex_node_at(writer->tree, child)->next;
    uint32_t split = next != REGEX_NONE ? step_add(writer, REGEX_OP_SPLIT, step_count(writer->program) + 1, 0) : 0;
    write_node(writer, child);
    if (next != REGEX_NONE) {
      jump = step_add(writer, REGEX_OP_JUMP, jump, 0);
      if (!writer->full) step_at(writer->program, split)->y = step_count(writer->program);
    }
    child = next;
  }
  while (jump != REGEX_NONE && !writer->full) {
    struct regex_step *step = step_at(writer->program, jump);
    jump = step->x;
    step->x = step_count(writer->program);
  }
}

/* As often as one likes. */
static void write_star(struct writer *writer, uint32_t child) {
  uint32_t split = step_add(writer, REGEX_OP_SPLIT, step_count(writer->program) + 1, 0);
  write_node(writer, child);
  step_add(writer, REGEX_OP_JUMP, split, 0);
  if (!writer->full) step_at(writer->program, split)->y = step_count(writer->program);
}

static void write_repeat(struct writer *writer, const struct regex_node *repeat) {
  uint32_t child = repeat->first, optional = REGEX_NONE, start = 0;
  for (uint32_t i = 0; i < repeat->min && !writer->full; i++) {
    start = step_count(writer->program);
    write_node(writer, child);
  }
  if (repeat->max == REGEX_MANY && repeat->min == 0) {
    write_star(writer, child);
    return;
  }
  if (repeat->max == REGEX_MANY) {
    step_add(writer, REGEX_OP_SPLIT, start, step_count(writer->program) + 1);
    return;
  }
  for (uint32_t i = repeat->min; i < repeat->max && !writer->full; i++) {
    optional = step_add(writer, REGEX_OP_SPLIT, step_count(writer->program) + 1, optional);
    write_node(writer, child);
  }
  while (optional != REGEX_NONE && !writer->full) { /* each leads to the end, too */
    struct regex_step *step = step_at(writer->program, optional);
    optional = step->y;
    step->y = step_count(writer->program);
  }
}

/* As deep as groups may be. */
static void write_node(struct writer *writer, uint32_t place) {
  struct regex_node node = *regex_node_at(writer->tree, place);
  switch (node.kind) {
    case REGEX_EMPTY:
      break;
    case REGEX_SET:
      step_add(writer, REGEX_OP_SET, node.value, 0);
      break;
    case REGEX_ASSERT:
      step_add(writer, REGEX_OP_ASSERT, node.value, 0);
      break;
    case REGEX_CHAIN:
      for (uint32_t child = node.first; child != REGEX_NONE && !writer->full;) {
        write_node(writer, child);
        child = regex_node_at(writer->tree, child)->next;
      }
      break;
    case REGEX_CHOICE:
      write_choice(writer, &node);
      break;
    case REGEX_REPEAT:
      write_repeat(writer, &node);
      break;
  }
}

/* ---- widths ---- */

struct width {
  uint64_t min, max; /* max: REGEX_MANY and above means no limit */
};

static struct width width_of(const struct regex_tree *tree, uint32_t place);

static struct width chain_width(const struct regex_tree *tree, uint32_t child) {
  struct width all = {0, 0};
  for (; child != REGEX_NONE; child = regex_node_at(tree, child)->next) {
    struct width one = width_of(tree, child);
    all.min += one.min;
    all.max += one.max;
  }
  return all;
}

static struct width choice_width(const struct regex_tree *tree, uint32_t child) {
  struct width all = width_of(tree, child);
  for (child = regex_node_at(tree, child)->next; child != REGEX_NONE; child = regex_node_at(tree, child)->next) {
    struct width one = width_of(tree, child);
    if (one.min < all.min) all.min = one.min;
    if (one.max > all.max) all.max = one.max;
  }
  return all;
}

static struct width width_of(const struct regex_tree *tree, uint32_t place) {
  const struct regex_node *node = regex_node_at(tree, place);
  struct width child;
  switch (node->kind) {
    case REGEX_SET:
      return (struct width){1, 1};
    case REGEX_CHAIN:
      return chain_width(tree, node->first);
    case REGEX_CHOICE:
      return choice_width(tree, node->first);
    case REGEX_REPEAT:
      child = width_of(tree, node->first);
      child.min *= node->min;
      child.max = child.max > 0 && node->max == REGEX_MANY ? REGEX_MANY : child.max * node->max;
      if (child.max > REGEX_MANY) child.max = REGEX_MANY;
      return child;
    default:
      return (struct width){0, 0};
  }
}

/* ---- classes of bytes ---- */

static unsigned traits_of(unsigned byte) {
  return (unsigned)regex_is_word((unsigned char)byte) * 2 + (byte == '\n');
}

static bool told_apart(const struct regex_program *program, unsigned char a, unsigned char b) {
  const struct regex_set *sets = (const struct regex_set *)(const void *)program->sets.data;
  if (traits_of(a) != traits_of(b)) return true;
  for (size_t i = 0; i < program->sets.len / sizeof *sets; i++) {
    if (regex_set_has(&sets[i], a) != regex_set_has(&sets[i], b)) return true;
  }
  return false;
}

static void classes_make(struct regex_program *program) {
  for (unsigned byte = 0; byte < 256; byte++) {
    unsigned class = 0;
    while (class < program->class_count && told_apart(program, (unsigned char)byte, program->samples[class])) class ++;
    if (class == program->class_count) program->samples[program->class_count++] = (unsigned char)byte;
    program->classes[byte] = (unsigned char)class;
  }
}

/* The sets that can be reached without reading anything. Assertions are taken as if they held. */
static void first_make(struct regex_program *program) {
  uint32_t count = step_count(program), used = 0;
  struct buffer stack = {0}, seen = {0};
  buffer_reserve(&stack, (count + 1) * 2 * sizeof(uint32_t));
  buffer_reserve(&seen, count);
  uint32_t *places = (uint32_t *)(void *)stack.data;
  memset(seen.data, 0, count);
  places[used++] = 0;
  while (used > 0) {
    uint32_t place = places[--used];
    if (seen.data[place]) continue;
    seen.data[place] = 1;
    const struct regex_step *step = step_at(program, place);
    if (step->op == REGEX_OP_SET) {
      const struct regex_set *set = (const struct regex_set *)(const void *)program->sets.data + step->x;
      for (int i = 0; i < 4; i++) program->first.bits[i] |= set->bits[i];
    } else if (step->op == REGEX_OP_SPLIT) {
      places[used++] = step->y;
      places[used++] = step->x;
    } else if (step->op != REGEX_OP_MATCH) {
      places[used++] = step->op == REGEX_OP_JUMP ? step->x : place + 1;
    }
  }
  buffer_free(&stack);
  buffer_free(&seen);
}

/* ---- patterns ---- */

static int refuse(unsigned position, struct error *error, const char *problem, size_t at) {
  if (at == SIZE_MAX) return error_set(error, 500, "match_refused", "pattern %u: %s", position + 1, problem);
  return error_set(error, 500, "match_refused", "pattern %u: %s (at byte %zu)", position + 1, problem, at + 1);
}

static int write_pattern(struct regex_program *program, const struct regex_tree *tree, uint32_t root, unsigned position,
                         bool last, struct error *error) {
  struct width width = width_of(tree, root);
  uint32_t used = step_count(program);
  size_t limit = used + REGEX_PATTERN_MAX < REGEX_PROGRAM_MAX ? used + REGEX_PATTERN_MAX : REGEX_PROGRAM_MAX;
  struct writer writer = {.program = program, .tree = tree, .limit = limit};
  if (width.min == 0) return refuse(position, error, "may match nothing at all", SIZE_MAX);
  uint32_t split = last ? 0 : step_add(&writer, REGEX_OP_SPLIT, used + 1, 0);
  write_node(&writer, root);
  step_add(&writer, REGEX_OP_MATCH, position, 0);
  if (writer.full) return refuse(position, error, "makes too large a machine: lower its counted repeats", SIZE_MAX);
  if (!last) step_at(program, split)->y = step_count(program);
  if (width.max > program->reach) program->reach = width.max < REGEX_MANY ? (uint32_t)width.max : REGEX_MANY;
  return 0;
}

static int add_pattern(struct regex_program *program, struct slice text, unsigned flags, unsigned position, bool last,
                       struct error *error) {
  struct regex_tree tree = {.sets = &program->sets};
  struct regex_reader reader = {.text = text, .flags = flags, .tree = &tree};
  uint32_t root = regex_parse(&reader);
  int status = root == REGEX_NONE ? refuse(position, error, reader.problem, reader.at)
                                  : write_pattern(program, &tree, root, position, last, error);
  buffer_free(&tree.nodes);
  return status;
}

int regex_compile(const struct match_recipe *recipe, struct regex_program *program, struct error *error) {
  size_t at = 0;
  struct slice text;
  int status = 0;
  *program = (struct regex_program){0};
  for (unsigned i = 0; status == 0 && match_recipe_next(recipe, &at, &text); i++) {
    status = add_pattern(program, text, match_recipe_flags(recipe), i, i + 1 == recipe->count, error);
  }
  if (status < 0) {
    regex_program_free(program);
    return -1;
  }
  first_make(program);
  classes_make(program);
  return 0;
}

void regex_program_free(struct regex_program *program) {
  buffer_free(&program->steps);
  buffer_free(&program->sets);
}
