// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "base/buffer.h"
#include "base/error.h"

/* Appends the bytes of a regular file of at most TREE_BYTES_MAX bytes. On failure returns -1, and `error` says why. */
int config_file_read(const char *path, struct buffer *out, struct error *error);
