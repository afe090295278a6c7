// SPDX-License-Identifier: Apache-2.0
#include "upstream/pool.h"

#include "upstream/connection.h"

static void pool_remove(struct connection *connection) {
  struct origin *origin = connection->origin;
  list_remove(&connection->node);
  origin->pool.count--;
  origin->upstream->stats.idle--;
  if (origin->pool.count == 0) timer_stop(&origin->pool.timer);
}

static void on_idle_data(void *user, struct slice bytes) {
  (void)bytes; /* nobody asked for anything: the connection cannot be trusted */
  struct connection *connection = user;
  pool_remove(connection);
  connection_close(connection);
}

static void on_idle_ended(void *user, enum connection_end end, const char *reason) {
  (void)end, (void)reason;
  pool_remove(user);
}

static const struct connection_events IDLE = {.data = on_idle_data, .ended = on_idle_ended};

static uint64_t idle_due(const struct connection *connection) {
  return connection->idle_since + connection->origin->upstream->options.pool_idle_ms;
}

/* Closes the connections at the old end of the list, then waits for the next one. */
static void on_pool_timer(struct timer *timer) {
  struct pool *pool = LIST_OWNER(timer, struct pool, timer);
  while (!list_empty(&pool->idle)) {
    struct connection *oldest = LIST_OWNER(pool->idle.prev, struct connection, node);
    struct loop *loop = oldest->origin->upstream->loop;
    uint64_t due = idle_due(oldest);
    if (due > loop_now(loop)) {
      timer_start(loop->wheel, timer, due - loop_now(loop));
      return;
    }
    pool_remove(oldest);
    connection_close(oldest);
  }
}

void pool_init(struct pool *pool) {
  list_init(&pool->idle);
  pool->count = 0;
  timer_init(&pool->timer, on_pool_timer);
}

static bool too_old(const struct connection *connection) {
  const struct upstream *upstream = connection->origin->upstream;
  uint64_t now = loop_now(upstream->loop);
  return now - connection->opened_at >= upstream->options.pool_age_ms ||
         now - connection->idle_since >= upstream->options.pool_idle_ms;
}

void pool_put(struct connection *connection) {
  struct origin *origin = connection->origin;
  struct upstream *upstream = origin->upstream;
  connection->idle_since = loop_now(upstream->loop);
  if (too_old(connection) || origin->pool.count >= upstream->options.pool_idle_max) {
    connection_close(connection);
    return;
  }
  connection_use(connection, &IDLE, connection);
  list_push_front(&origin->pool.idle, &connection->node);
  upstream->stats.idle++;
  if (origin->pool.count++ == 0) {
    timer_start(upstream->loop->wheel, &origin->pool.timer, upstream->options.pool_idle_ms);
  }
}

struct connection *pool_take(struct origin *origin) {
  while (!list_empty(&origin->pool.idle)) {
    struct connection *newest = LIST_OWNER(origin->pool.idle.next, struct connection, node);
    pool_remove(newest);
    if (!too_old(newest)) return newest;
    connection_close(newest);
  }
  return NULL;
}

void pool_clear(struct origin *origin) {
  while (!list_empty(&origin->pool.idle)) {
    struct connection *connection = LIST_OWNER(origin->pool.idle.next, struct connection, node);
    pool_remove(connection);
    connection_close(connection);
  }
}
