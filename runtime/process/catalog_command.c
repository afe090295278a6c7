// SPDX-License-Identifier: Apache-2.0
#include "process/catalog_command.h"

#include <stdio.h>
#include <string.h>

#include "catalog/catalog.h"
#include "config/file.h"
#include "process/roots.h"
#include "script/bundle.h"

/* The catalog as a generation would get it. */
struct stock {
  struct script_roots roots;
  struct buffer bytes;
  struct catalog catalog;
};

static void overlay_find(struct stock *stock, const char *scripts) {
  struct buffer config = {0};
  struct error error;
  const char *path = roots_config_path();
  if (path && config_file_read(path, &config, &error) < 0) buffer_free(&config); /* `moongate check` says so */
  roots_find(&stock->roots, scripts, path, buffer_slice(&config));
  buffer_free(&config);
}

static int stock_open(struct stock *stock, const char *scripts, const char *overlay) {
  struct error error;
  struct bundle bundle;
  struct bundle_file file;
  if (!overlay) overlay_find(stock, scripts);
  if (!overlay && stock->roots.overlay[0]) overlay = stock->roots.overlay;
  struct bundle_sources sources = {.roots = &scripts, .root_count = 1, .catalog_overlay = overlay};
  if (bundle_read(&sources, &stock->bytes, &error) < 0) {
    fprintf(stderr, "moongate: %s\n", error.message);
    return -1;
  }
  if (!bundle_view(&bundle, buffer_slice(&stock->bytes)) || !bundle_find(&bundle, "catalog", &file)) {
    fprintf(stderr, "moongate: there is no catalog: conf/catalog.json belongs beside the folder of the scripts\n");
    return -1;
  }
  return catalog_view(&stock->catalog, file.text) ? 0 : -1;
}

static int faults_print(const struct catalog *catalog) {
  for (uint32_t i = 0; i < catalog->faults; i++) {
    struct catalog_fault fault = catalog_fault_at(catalog, i);
    fprintf(stderr, "%.*s", (int)fault.path.len, fault.path.ptr);
    if (fault.line > 0) fprintf(stderr, ":%u", fault.line);
    fprintf(stderr, ": %.*s\n", (int)fault.message.len, fault.message.ptr);
  }
  return catalog->faults > 0;
}

static bool has_price(struct slice row) {
  return memmem(row.ptr, row.len, "\"input\":", 8) || memmem(row.ptr, row.len, "\"per_", 5) ||
         memmem(row.ptr, row.len, "_per_", 5);
}

static struct slice provider_of(struct slice key) {
  return slice_make(key.ptr, (size_t)((const char *)memchr(key.ptr, '/', key.len) - key.ptr));
}

static void summary_print(const struct catalog *catalog) {
  uint32_t providers = 0, priced = 0;
  struct slice before = {0};
  for (uint32_t i = 0; i < catalog->rows; i++) {
    struct catalog_row row = catalog_at(catalog, i);
    struct slice provider = provider_of(row.key);
    providers += !slice_equal(provider, before);
    priced += has_price(row.row);
    before = provider;
  }
  printf("the catalog is valid: %u models of %u providers, %u with a price\n", catalog->rows, providers, priced);
}

static int check(const struct stock *stock) {
  if (faults_print(&stock->catalog)) return 1;
  summary_print(&stock->catalog);
  return 0;
}

static int show(const struct stock *stock, const char *key) {
  struct slice row;
  if (faults_print(&stock->catalog)) return 1;
  if (!catalog_find(&stock->catalog, slice_text(key), &row)) {
    fprintf(stderr, "moongate: the catalog has no %s\n", key);
    return 1;
  }
  printf("%.*s\n", (int)row.len, row.ptr);
  return 0;
}

int catalog_command_run(const char *scripts, int argc, char **argv) {
  bool checks = argc >= 1 && argc <= 2 && strcmp(argv[0], "check") == 0;
  bool shows = argc == 2 && strcmp(argv[0], "show") == 0;
  if (!checks && !shows) {
    fprintf(stderr, "moongate catalog takes check [FILE] or show PROVIDER/MODEL\n");
    return 2;
  }
  struct stock stock = {.bytes = {0}};
  int result = 1;
  if (stock_open(&stock, scripts, checks && argc == 2 ? argv[1] : NULL) == 0) {
    result = checks ? check(&stock) : show(&stock, argv[1]);
  }
  buffer_free(&stock.bytes);
  return result;
}
