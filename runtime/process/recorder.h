// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdbool.h>

#include "config/settings.h"

/* Where a worker's records go: a file of one line each, appended to by every worker, written by a thread so that no
 * request waits for a disk. What cannot be written is lost and told in the log once; a request never suffers. */
struct recorder;
struct record;
struct random;
struct worker;

enum { RECORDER_WAITING_MAX = 64 * 1024 * 1024 };

/* Null when the settings ask for none, or the file cannot be used (the log says why). Mode 0600; only regular files. */
struct recorder *recorder_open(struct worker *worker);

/* Whether these settings want another recorder than those. */
bool recorder_differs(const struct settings *one, const struct settings *other);

/* Writes what waits. Before the worker's loop is closed. */
void recorder_close(struct recorder *recorder);

/* Whether the next request is to be recorded. */
bool recorder_wants(const struct recorder *recorder, struct random *random);

/* Masks the record where the settings want it and queues its line. */
void recorder_take(struct recorder *recorder, struct record *record);

/* A recorder that hands its records to somebody instead, for replays: none is sampled out, masked or written. */
struct recorder *recorder_into(void (*take)(void *user, struct record *record), void *user);
