// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Why something expected went wrong. A plain value, owned by the caller who passed it in. */
struct error {
  int status;        /* the HTTP status a client would get; 0 when nobody outside sees it */
  const char *code;  /* stable machine-readable word, static storage */
  char message[256]; /* one sentence for a person; never holds a secret or a prompt */
};

/* Fills `error` (which may be null) and returns -1, so that callers write `return error_set(...)`. */
int error_set(struct error *error, int status, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
