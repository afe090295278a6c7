// SPDX-License-Identifier: Apache-2.0
#include "http/peers.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/map.h"

enum { BUCKETS = 1024, ADDRESS = 16 };

struct peer {
  struct list node;
  unsigned char address[ADDRESS];
  unsigned count;
};

static bool is_loopback(const unsigned char *address) {
  static const unsigned char mapped_v4[13] = {[10] = 0xff, [11] = 0xff, [12] = 127};
  static const unsigned char v6[ADDRESS] = {[15] = 1};
  return memcmp(address, mapped_v4, sizeof mapped_v4) == 0 || memcmp(address, v6, ADDRESS) == 0;
}

static struct list *bucket_of(const struct http_peers *peers, const unsigned char *address) {
  return &peers->buckets[map_hash(slice_make((const char *)address, ADDRESS)) % BUCKETS];
}

static struct peer *peer_find(struct list *bucket, const unsigned char *address) {
  for (struct list *node = bucket->next; node != bucket; node = node->next) {
    struct peer *peer = LIST_OWNER(node, struct peer, node);
    if (memcmp(peer->address, address, ADDRESS) == 0) return peer;
  }
  return NULL;
}

static struct peer *peer_add(struct list *bucket, const unsigned char *address) {
  struct peer *peer = calloc(1, sizeof *peer);
  REQUIRE(peer != NULL);
  memcpy(peer->address, address, ADDRESS);
  list_push_front(bucket, &peer->node);
  return peer;
}

static void peers_allocate(struct http_peers *peers) {
  peers->buckets = calloc(BUCKETS, sizeof *peers->buckets);
  REQUIRE(peers->buckets != NULL);
  for (unsigned i = 0; i < BUCKETS; i++) list_init(&peers->buckets[i]);
}

bool http_peers_admit(struct http_peers *peers, const unsigned char *address, unsigned limit) {
  if (limit == 0 || is_loopback(address)) return true;
  if (!peers->buckets) peers_allocate(peers);
  struct list *bucket = bucket_of(peers, address);
  struct peer *peer = peer_find(bucket, address);
  if (peer && peer->count >= limit) return false;
  if (!peer) peer = peer_add(bucket, address);
  peer->count++;
  return true;
}

static void peer_free(struct peer *peer) {
  list_remove(&peer->node);
  free(peer);
}

void http_peers_release(struct http_peers *peers, const unsigned char *address) {
  if (!peers->buckets || is_loopback(address)) return;
  struct peer *peer = peer_find(bucket_of(peers, address), address);
  if (peer && --peer->count == 0) peer_free(peer);
}

void http_peers_free(struct http_peers *peers) {
  for (unsigned i = 0; peers->buckets && i < BUCKETS; i++) {
    while (!list_empty(&peers->buckets[i])) peer_free(LIST_OWNER(peers->buckets[i].next, struct peer, node));
  }
  free(peers->buckets);
  peers->buckets = NULL;
}
