// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>

#include "base/buffer.h"
#include "base/slice.h"

/* What every door shares. Bindings check arguments, call one runtime function, push the result. They read tables with
 * raw access (lua_rawget, lua_rawgeti, lua_next): a metamethod must never run under a C frame. */

/* The string at `index` as a slice, borrowed while it is on the stack; raises when it is no string (numbers are not
 * taken). */
struct slice bind_slice(lua_State *L, int index);
void bind_push_slice(lua_State *L, struct slice bytes);
void bind_push_lower(lua_State *L, struct slice name); /* a header's name: ASCII letters small */

/* An empty buffer that Lua owns, pushed as userdata: a raise in between, for memory too, leaves nothing behind. */
struct buffer *bind_buffer_new(lua_State *L);

/* A boxed pointer: userdata of one pointer with the metatable `type`. C empties the box when the object dies, so a late
 * call raises
 * "<type> is over" instead of crashing. */
void **bind_box_new(lua_State *L, const char *type, void *object);
void *bind_box(lua_State *L, int index, const char *type); /* raises when empty or of another type */
/* `__index` = methods, `__metatable` = false; methods named with two underscores (__gc) go into the metatable itself.
 * `type` must outlive the VM. */
void bind_box_type(lua_State *L, const char *type, const luaL_Reg *methods);

/* Registers the module `gateway.<name>` for this VM's require. `functions` ends with {0}. Scripts see a read-only
 * table. */
void bind_door(lua_State *L, const char *name, const luaL_Reg *functions);
/* The same, for the hallway alone: a script of the four folders may not require it. */
void bind_door_private(lua_State *L, const char *name, const luaL_Reg *functions);
/* The same as bind_door for a door with more than functions: pops the table of its other values (json.null). */
void bind_door_values(lua_State *L, const char *name, const luaL_Reg *functions);

/* All doors of this program; given to vm_open. */
void bind_open_doors(lua_State *L);
