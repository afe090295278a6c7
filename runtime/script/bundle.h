// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/slice.h"

/* Every file of one generation, read from disk once: scripts, hallway modules, specs, the configuration's text. The
 * bytes hold no pointers, so they can lie in shared memory; VMs load from them and never look at the disk again. */

enum { BUNDLE_FILE_LIMIT = 1024 * 1024, BUNDLE_LIMIT = 24 * 1024 * 1024, BUNDLE_FILES_MAX = 4096 };

enum bundle_class {
  BUNDLE_HALLWAY, /* "init.lua": directly in a root folder */
  BUNDLE_SCRIPT,  /* "plugins/pii.lua", "providers/dialects/neutral/value.lua": in a kind's folder or below;
                     "shadow/candidate.lua": the one that scripts.shadow names */
  BUNDLE_SPEC,    /* "spec/plugins/pii_spec.lua" */
  BUNDLE_CONFIG,  /* "config": the configuration file */
  BUNDLE_CATALOG  /* "catalog": an image of runtime/catalog, made of the files */
};

struct bundle_file {
  const char *path;   /* as above, unique in its bundle */
  const char *origin; /* where it was on disk */
  struct slice text;
  enum bundle_class class;
  bool bundled; /* from the first root, which came with the program; else the operator's */
};

/* A view. Borrows the bytes. */
struct bundle {
  struct slice bytes;
  size_t count; /* files, in the order of their paths */
};

struct bundle_sources {
  const char *const *roots; /* script folders; the last one that has a script wins, the first that has a module */
  size_t root_count;
  bool specs;              /* also <first root>/../spec and <other roots>/spec, without fixtures and bindings */
  const char *config_path; /* null = none; the caller has read it: */
  struct slice config_text;
  const char *replaced;        /* null = none; else the path of a script ("plugins/pii.lua") ... */
  const char *replacement;     /* ... and the file that stands for it, for this once */
  const char *shadow_path;     /* null = none; the file of scripts.shadow */
  const char *catalog_overlay; /* null = none; the file of catalog.overlay. The first root's is ../conf/catalog.json */
};

/* Reads everything and appends a bundle's bytes to `out`. Only names a script can have are looked at, so an editor's
 * droppings are not. -1 with `error`: a folder or a file cannot be read, or is too large; the file is named. */
int bundle_read(const struct bundle_sources *sources, struct buffer *out, struct error *error);

/* Where the catalog of a first root lies, whether it is there or not. False when the path is too long. */
bool bundle_catalog_path(const char *root, char *out, size_t size);

/* False when `bytes` are no bundle. */
bool bundle_view(struct bundle *bundle, struct slice bytes);

struct bundle_file bundle_at(const struct bundle *bundle, size_t position);
/* False when there is no such path. */
bool bundle_find(const struct bundle *bundle, const char *path, struct bundle_file *out);

/* A new bundle, appended to `out`, of those files that `wanted` says yes to. */
void bundle_select(const struct bundle *bundle, bool (*wanted)(const struct bundle_file *file, void *user), void *user,
                   struct buffer *out);
