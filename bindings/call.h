// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "base/buffer.h"

#define CALL_TYPE "gateway.call"
#define REPLY_TYPE "gateway.reply"

struct call;
struct reply;
struct worker;
struct error;

/* The call in the box at `index`; raises when it is over. */
struct call *bind_call(lua_State *L, int index);
/* The call whose script runs now in this VM; null while none does (loading, work put off, specs). */
struct call *bind_call_running(lua_State *L);
/* Work that was put off goes on beside the call it came from: that one is over for it. */
bool bind_in_background(lua_State *L);
struct reply *bind_reply(lua_State *L, int index);

/* Appends the string members of the table at `index` (or nothing for nil) as header lines; raises on a name or value
 * that may not be on the wire. */
void bind_fields(lua_State *L, int index, struct buffer *out);

/* The methods of a call, by noun: request side (call.c), answer side (answer.c). */
extern const luaL_Reg bind_call_request[];
extern const luaL_Reg bind_call_answer[];
extern const luaL_Reg bind_call_notes[];

/* call:when_cut(table), in parting.c */
int bind_when_cut(lua_State *L);

/* main's handles on the scripts: see process/launch.h. */
void bind_call_serve(struct call *call);
