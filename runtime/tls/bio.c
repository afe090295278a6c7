// SPDX-License-Identifier: Apache-2.0
#include <limits.h>

#include "tls/session.h"

/* OpenSSL's own memory BIO keeps the largest size it ever had; ours gives the memory back as soon as it is empty, so an
 * idle connection holds none. */

static int memory_read(BIO *bio, char *out, int cap) {
  struct tls *tls = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  size_t waiting = tls->in.len - tls->in_at;
  if (waiting == 0 || cap <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t len = waiting < (size_t)cap ? waiting : (size_t)cap;
  memcpy(out, tls->in.data + tls->in_at, len);
  tls->in_at += len;
  if (len == waiting) {
    buffer_free(&tls->in);
    tls->in_at = 0;
  }
  return (int)len;
}

static int memory_write(BIO *bio, const char *bytes, int len) {
  struct tls *tls = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (len > 0) buffer_append(&tls->out, bytes, (size_t)len);
  return len;
}

static long memory_control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static int memory_create(BIO *bio) {
  BIO_set_init(bio, 1);
  return 1;
}

BIO_METHOD *tls_bio_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "moongate memory");
  if (!method) return NULL;
  BIO_meth_set_create(method, memory_create);
  BIO_meth_set_read(method, memory_read);
  BIO_meth_set_write(method, memory_write);
  BIO_meth_set_ctrl(method, memory_control);
  return method;
}
