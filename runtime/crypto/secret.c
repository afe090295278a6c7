// SPDX-License-Identifier: Apache-2.0
#include "crypto/secret.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/check.h"

enum { POOL_SIZE = 512 };

struct random {
  unsigned char pool[POOL_SIZE]; /* bytes from `used` on are fresh, those before are wiped */
  size_t used;
  bool seeded;
  uint64_t state; /* of a seeded source */
};

bool secret_equal(struct slice given, struct slice expected) {
  size_t difference = given.len ^ expected.len;
  size_t at = 0;
  for (size_t i = 0; i < given.len; i++) {
    unsigned char other = expected.len ? (unsigned char)expected.ptr[at] : 0;
    difference |= (size_t)((unsigned char)given.ptr[i] ^ other);
    at = (at + 1) * (size_t)(at + 1 < expected.len);
  }
  return difference == 0 && expected.len > 0;
}

void secret_cleanse(void *memory, size_t len) {
  OPENSSL_cleanse(memory, len);
}

struct random *random_open(void) {
  struct random *random = malloc(sizeof *random);
  if (random) *random = (struct random){.used = POOL_SIZE};
  return random;
}

void random_seed(struct random *random, uint64_t seed) {
  random->used = POOL_SIZE;
  random->seeded = true;
  random->state = seed;
}

void random_unseed(struct random *random) {
  random->used = POOL_SIZE;
  random->seeded = false;
}

void random_close(struct random *random) {
  if (!random) return;
  OPENSSL_cleanse(random, sizeof *random);
  free(random);
}

static void kernel_bytes(unsigned char *out, size_t len) {
  for (size_t got = 0; got < len;) {
    ssize_t count = getrandom(out + got, len - got, 0);
    REQUIRE(count > 0 || errno == EINTR);
    if (count > 0) got += (size_t)count;
  }
}

/* SplitMix64 (Steele, Lea, Flood, 2014). */
static uint64_t seeded_draw(struct random *random) {
  uint64_t mixed = random->state += 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

static void fresh_bytes(struct random *random, unsigned char *out, size_t len) {
  if (!random->seeded) return kernel_bytes(out, len);
  for (size_t got = 0; got < len;) {
    uint64_t draw = seeded_draw(random);
    size_t count = len - got < sizeof draw ? len - got : sizeof draw;
    memcpy(out + got, &draw, count);
    got += count;
  }
}

void random_bytes(struct random *random, void *out, size_t len) {
  if (len > POOL_SIZE) {
    fresh_bytes(random, out, len);
    return;
  }
  if (len == 0) return;
  if (len > POOL_SIZE - random->used) {
    fresh_bytes(random, random->pool, POOL_SIZE);
    random->used = 0;
  }
  memcpy(out, random->pool + random->used, len);
  memset(random->pool + random->used, 0, len);
  random->used += len;
}

void random_hex(struct random *random, char *out, size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  unsigned char piece[32];
  for (size_t done = 0; done < bytes;) {
    size_t count = bytes - done < sizeof piece ? bytes - done : sizeof piece;
    random_bytes(random, piece, count);
    for (size_t i = 0; i < count; i++, done++) {
      out[2 * done] = digits[piece[i] >> 4];
      out[2 * done + 1] = digits[piece[i] & 15];
    }
  }
  OPENSSL_cleanse(piece, sizeof piece);
}

void random_alphanumeric(struct random *random, char *out, size_t len) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  for (size_t i = 0; i < len; i++) out[i] = letters[random_below(random, sizeof letters - 1)];
}

/* Multiplication instead of remainder, refusing the few draws that would favour small numbers (Lemire, 2019). */
uint64_t random_below(struct random *random, uint64_t bound) {
  REQUIRE(bound > 0);
  uint64_t unfair = (0 - bound) % bound;
  for (;;) {
    uint64_t draw;
    random_bytes(random, &draw, sizeof draw);
    unsigned __int128 product = (unsigned __int128)draw * bound;
    if ((uint64_t)product >= unfair) return (uint64_t)(product >> 64);
  }
}

double random_unit(struct random *random) {
  uint64_t draw;
  random_bytes(random, &draw, sizeof draw);
  return (double)(draw >> 11) * 0x1p-53;
}
