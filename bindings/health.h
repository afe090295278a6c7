// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <lauxlib.h>
#include <lua.h>

#include "process/stay.h"

#define CELL_TYPE "gateway.cell"

/* A script's way to a cell of shared memory. Owned by the book, and lives as long as the VM. */
struct cell {
  struct stay_place place;
  struct health_book *book;
  struct cell *next;   /* targets: in the book; models: of the target */
  struct cell *models; /* of a target: the newest first */
  struct cell *target; /* itself for a target */
  char *label;         /* the target's or the model's name; owned */
};

/* What one VM knows of cells. Owned by its registry. */
struct health_book {
  struct health *health; /* the segment's, or this VM's own (specs, gate, check); null before it is asked for */
  bool own;
  struct cell *targets;
  struct cell *forgotten; /* of earlier spec files: scripts may still hold them */
  struct stay *loose;     /* stays without a call, in specs */
  struct budget_rules budget;
};

struct health_book *bind_health_book(lua_State *L);
uint64_t bind_health_now(lua_State *L);

/* The cell in the box at `index`. */
struct cell *bind_cell(lua_State *L, int index);

/* Pushes the box of a new cell, which stays for as long as the VM. */
struct cell *bind_cell_new(lua_State *L, struct health_book *book, struct slice label);
/* Pushes the box of a cell. */
void bind_cell_push(lua_State *L, const struct cell *cell);

extern const luaL_Reg bind_cell_methods[];
int bind_cell_enter(lua_State *L);
int bind_cell_leave(lua_State *L);
int bind_cell_figures(lua_State *L);
int bind_health_read(lua_State *L);
int bind_health_cells(lua_State *L);
int bind_health_pool(lua_State *L);
void bind_health_pools(lua_State *L); /* their type */

/* One of the figures of health.read, by its name at `index`; -1: unknown. */
typedef double (*health_figure)(const struct health_place *place, uint64_t now);
health_figure bind_health_figure(lua_State *L, int index);

/* From the beginning, where this VM has cells of its own: the next spec file finds nothing. */
void bind_health_forget(lua_State *L);
