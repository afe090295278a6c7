// SPDX-License-Identifier: Apache-2.0
#include "codec/json.h"
#include "codec/scan.h"

/* Looking into the beginning of a document that nobody has validated and whose end is not there. */

struct glance {
  const char *at, *end;
};

static void blanks_skip(struct glance *glance) {
  while (glance->at < glance->end &&
         (*glance->at == ' ' || *glance->at == '\t' || *glance->at == '\n' || *glance->at == '\r')) {
    glance->at++;
  }
}

static bool take(struct glance *glance, char wanted) {
  blanks_skip(glance);
  if (glance->at == glance->end || *glance->at != wanted) return false;
  glance->at++;
  return true;
}

/* Behind the opening quote; leaves behind the closing one. */
static bool string_skip(struct glance *glance) {
  while ((glance->at = scan_either(glance->at, glance->end, '"', '\\')) < glance->end) {
    if (*glance->at++ == '"') return true;
    if (glance->at < glance->end) glance->at++;
  }
  return false;
}

static bool string_take(struct glance *glance, struct slice *raw) {
  if (!take(glance, '"')) return false;
  const char *start = glance->at - 1;
  bool whole = string_skip(glance);
  *raw = slice_make(start, (size_t)(glance->at - start));
  return whole;
}

static bool container_skip(struct glance *glance) {
  size_t depth = 0;
  while (glance->at < glance->end) {
    char c = *glance->at++;
    if (c == '{' || c == '[') depth++;
    if ((c == '}' || c == ']') && --depth == 0) return true;
    if (c == '"' && !string_skip(glance)) return false;
  }
  return false;
}

static bool value_skip(struct glance *glance) {
  struct slice ignored;
  blanks_skip(glance);
  if (glance->at == glance->end) return false;
  if (*glance->at == '"') return string_take(glance, &ignored);
  if (*glance->at == '{' || *glance->at == '[') return container_skip(glance);
  const char *start = glance->at;
  while (glance->at < glance->end && !strchr(",}] \t\r\n", *glance->at)) glance->at++;
  return glance->at > start;
}

static bool string_valid(struct slice raw) {
  struct json_fault fault;
  return json_validate(raw, &json_limits_default, &fault) == 0;
}

bool json_glance(struct slice text, struct slice key, struct slice *raw) {
  struct glance glance = {text.ptr, text.ptr + text.len};
  struct slice name;
  if (text.len == 0 || !take(&glance, '{')) return false;
  do {
    if (!string_take(&glance, &name) || !take(&glance, ':')) return false;
    if (!string_valid(name)) return false;
    if (json_string_is(name, key)) return string_take(&glance, raw) && string_valid(*raw);
  } while (value_skip(&glance) && take(&glance, ','));
  return false;
}
