// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Which of a target's credentials can be used. Each is a word: until when (62 bits of milliseconds), and why not. */
enum { HEALTH_CREDENTIALS_MAX = 32 };

enum health_credential { CREDENTIAL_USABLE, CREDENTIAL_DISABLED, CREDENTIAL_THROTTLED };

struct health_credentials {
  _Atomic uint32_t turn; /* goes up with each that is chosen */
  _Atomic uint64_t states[HEALTH_CREDENTIALS_MAX];
};

/* `until`: set to when the state ends, 0 of a usable one. One that was disabled is usable again after that time. */
enum health_credential health_credential_read(const struct health_credentials *credentials, unsigned index,
                                              uint64_t now, uint64_t *until);
/* USABLE clears; else the state lasts until then. Returns the state it had until now, also one whose time is over: of
 * many that clear one, a single caller learns that it was another. */
enum health_credential health_credential_set(struct health_credentials *credentials, unsigned index,
                                             enum health_credential state, uint64_t until);
/* The next usable one of the first `count` (1 to HEALTH_CREDENTIALS_MAX), in turn. One that was disabled is given to a
 * single caller and stays disabled for the others, until it is known whether it works again or CREDENTIAL_TRIAL_MS are
 * over. When none is usable the one that is so first. */
enum { CREDENTIAL_TRIAL_MS = 30000 };
unsigned health_credential_next(struct health_credentials *credentials, unsigned count, uint64_t now);
