// SPDX-License-Identifier: Apache-2.0
#include "bindings/bind.h"
#include "bindings/config.h"
#include "bindings/json.h"

/* Every door of this program, one line each. */

void bind_base64(lua_State *L);
void bind_call_types(lua_State *L);
void bind_catalog(lua_State *L);
void bind_clock(lua_State *L);
void bind_context(lua_State *L);
void bind_control(lua_State *L);
void bind_crypto(lua_State *L);
void bind_delta(lua_State *L);
void bind_document_door(lua_State *L);
void bind_draw(lua_State *L);
void bind_events(lua_State *L);
void bind_forward(lua_State *L);
void bind_gate(lua_State *L);
void bind_health(lua_State *L);
void bind_http(lua_State *L);
void bind_log(lua_State *L);
void bind_match(lua_State *L);
void bind_metrics(lua_State *L);
void bind_multipart(lua_State *L);
void bind_race(lua_State *L);
void bind_random(lua_State *L);
void bind_schedule(lua_State *L);
void bind_script(lua_State *L);
void bind_server(lua_State *L);
void bind_shared(lua_State *L);
void bind_splitter(lua_State *L);
void bind_task(lua_State *L);
void bind_upstream(lua_State *L);

void bind_open_doors(lua_State *L) {
  // clang-format off
  static void (*const doors[])(lua_State *L) = {
    bind_base64,
    bind_call_types,
    bind_catalog,
    bind_clock,
    bind_config,
    bind_context,
    bind_control,
    bind_crypto,
    bind_delta,
    bind_document_door,
    bind_draw,
    bind_events,
    bind_forward,
    bind_gate,
    bind_health,
    bind_http,
    bind_json,
    bind_log,
    bind_match,
    bind_metrics,
    bind_multipart,
    bind_race,
    bind_random,
    bind_schedule,
    bind_script,
    bind_server,
    bind_shared,
    bind_splitter,
    bind_task,
    bind_upstream,
  };
  // clang-format on
  for (size_t i = 0; i < sizeof doors / sizeof *doors; i++) doors[i](L);
}
