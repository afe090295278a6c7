// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lua.h>

#include "base/error.h"
#include "config/settings.h"

/* The private door `gateway.config`: for lua/config.lua and specs, not for scripts of the four folders.
 *   parse(text, "yaml" | "json") -> node | nil, faults | nil
 *   read(path) -> text | nil, message
 *   variable(name) -> text | nil
 *   is_folder(path) -> boolean
 *   environment() -> table of the variables that configure a gateway; reading another name asks the process
 *   settings(flat) -> true | nil, message: fills the settings of this VM's worker; without one it only checks */
void bind_config(lua_State *L);

/* Fills every member of `settings` from the table of the same names at `index`. A missing name, an unknown one, a value
 * of the wrong type or size: -1 with `error`, and `settings` is as it was. */
int config_settings_fill(struct settings *settings, lua_State *L, int index, struct error *error);
