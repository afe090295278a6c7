// SPDX-License-Identifier: Apache-2.0
#include "telemetry/redact.h"
#include "telemetry/redact_shapes.h"

static const char *const secret_words[] = {"KEY",    "KEYS",       "TOKEN",       "SECRET", "PASSWORD",
                                           "PASSWD", "CREDENTIAL", "CREDENTIALS", "DSN",    "AUTHORIZATION"};

/* The word before the next underscore; `name` moves on behind it. */
static struct slice word_take(struct slice *name) {
  const char *end = memchr(name->ptr, '_', name->len);
  struct slice word = {name->ptr, end ? (size_t)(end - name->ptr) : name->len};
  *name = slice_from(*name, word.len + 1);
  return word;
}

static bool name_has(struct slice name, struct slice wanted) {
  while (name.len > 0) {
    if (slice_equal_caseless(word_take(&name), wanted)) return true;
  }
  return false;
}

static bool name_says_secret(struct slice name) {
  for (size_t i = 0; i < sizeof secret_words / sizeof *secret_words; i++) {
    if (name_has(name, slice_text(secret_words[i]))) return true;
  }
  return false;
}

static bool has_space(struct slice value) {
  for (size_t i = 0; i < value.len; i++) {
    if (strchr(" \t\r\n\v\f", value.ptr[i])) return true;
  }
  return false;
}

static void variable_hide(struct redactor *redactor, struct slice name, struct slice value) {
  if (!name_says_secret(name) || has_space(value)) return;
  if (name_has(name, SLICE_LITERAL("DSN"))) {
    struct redact_match password;
    if (!redact_shape_next(value, 0, value.len, &password)) return;
    value = slice_make(value.ptr + password.at, password.len);
  }
  redactor_hide(redactor, name, value);
}

void redactor_hide_environment(struct redactor *redactor, const char *const *environment) {
  for (; environment && *environment; environment++) {
    struct slice variable = slice_text(*environment);
    const char *equals = memchr(variable.ptr, '=', variable.len);
    if (!equals) continue;
    size_t len = (size_t)(equals - variable.ptr);
    variable_hide(redactor, slice_make(variable.ptr, len), slice_from(variable, len + 1));
  }
}
