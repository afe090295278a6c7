// SPDX-License-Identifier: Apache-2.0
#include "process/replay_options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(struct error *error, const char *what, const char *word) {
  return error_set(error, 0, "usage", "%s%.80s; usage: moongate replay --from FILE [--script NAME[@FILE]] [--trace ID]",
                   what, word);
}

/* ---- the script ---- */

static bool script_at(struct replay_options *options, const struct script_roots *roots, const char *kind,
                      const char *name, int len) {
  char path[4096];
  for (size_t i = 0; i < roots->count; i++) {
    snprintf(path, sizeof path, "%s/%s%.*s.lua", roots->list[i], kind, len, name);
    if (access(path, R_OK) != 0) continue;
    snprintf(options->script, sizeof options->script, "%s%.*s", kind, len, name);
    return true;
  }
  return false;
}

static int script_find(struct replay_options *options, const char *word, const struct script_roots *roots,
                       struct error *error) {
  static const char *const kinds[] = {"plugins/", "strategies/", "providers/", "providers/dialects/", "admin/"};
  const char *at = strchr(word, '@');
  int len = at ? (int)(at - word) : (int)strlen(word);
  bool bare = len < 64 && !memchr(word, '/', (size_t)len), safe = len > 0 && len < 64 && !strstr(word, "..");
  for (unsigned i = 0; bare && safe && i < sizeof kinds / sizeof *kinds; i++) {
    if (script_at(options, roots, kinds[i], word, len)) return 0;
  }
  if (!bare && safe && script_at(options, roots, "", word, len)) return 0;
  return error_set(error, 0, "usage",
                   "there is no script called \"%.*s\"; name one of this generation, such as word-filter or "
                   "strategies/fallback",
                   len > 60 ? 60 : len, word);
}

static int script_read(struct replay_options *options, const char *word, const struct script_roots *roots,
                       struct error *error) {
  const char *at = strchr(word, '@');
  if (at && at[1] == '\0') return usage(error, "no file behind the @ of --script ", word);
  if (at && access(at + 1, R_OK) != 0) {
    return error_set(error, 0, "usage", "%.150s cannot be read; it is to stand for %.*s", at + 1,
                     (int)(at - word > 40 ? 40 : at - word), word);
  }
  options->replacement = at ? at + 1 : NULL;
  return script_find(options, word, roots, error);
}

/* ---- the arguments ---- */

static int trace_check(const char *trace, struct error *error) {
  if (strlen(trace) == 32 && strspn(trace, "0123456789abcdef") == 32) return 0;
  return error_set(error, 0, "usage", "--trace wants the 32 lower-case hexadecimal digits of a trace id, got \"%.60s\"",
                   trace);
}

int replay_options_read(struct replay_options *options, int argc, char **argv, const struct script_roots *roots,
                        struct error *error) {
  const char *script = NULL;
  *options = (struct replay_options){0};
  for (int i = 0; i < argc; i += 2) {
    const char **value = strcmp(argv[i], "--from") == 0     ? &options->from
                         : strcmp(argv[i], "--script") == 0 ? &script
                         : strcmp(argv[i], "--trace") == 0  ? &options->trace
                                                            : NULL;
    if (!value) return usage(error, "unknown argument ", argv[i]);
    if (i + 1 == argc) return usage(error, "nothing stands behind ", argv[i]);
    if (*value) return usage(error, "given twice: ", argv[i]);
    *value = argv[i + 1];
  }
  if (!options->from) return usage(error, "no recording is named: --from FILE is missing", "");
  if (options->trace && trace_check(options->trace, error) < 0) return -1;
  return script ? script_read(options, script, roots, error) : 0;
}
