// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "upstream/curl_call.h"

struct curl_poll { /* owned by the loop once it is closing */
  uv_poll_t handle;
  struct curl_group *group;
  curl_socket_t fd;
};

static void on_closed(uv_handle_t *handle) {
  free(handle->data);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  struct curl_poll *poll = handle->data;
  int flags = status < 0 ? CURL_CSELECT_ERR : 0;
  if (events & UV_READABLE) flags |= CURL_CSELECT_IN;
  if (events & UV_WRITABLE) flags |= CURL_CSELECT_OUT;
  curl_group_act(poll->group, poll->fd, flags);
}

static struct curl_poll *poll_open(struct curl_group *group, curl_socket_t fd) {
  struct curl_poll *poll = calloc(1, sizeof *poll);
  REQUIRE(poll != NULL);
  if (uv_poll_init(&group->lane->upstream->loop->uv, &poll->handle, fd) < 0) {
    free(poll);
    return NULL;
  }
  poll->handle.data = poll;
  poll->group = group;
  poll->fd = fd;
  curl_multi_assign(group->multi, fd, poll);
  return poll;
}

static void poll_close(struct curl_poll *poll) {
  curl_multi_assign(poll->group->multi, poll->fd, NULL);
  uv_poll_stop(&poll->handle);
  uv_close((uv_handle_t *)&poll->handle, on_closed);
}

int curl_socket_watch(CURL *easy, curl_socket_t fd, int what, void *group, void *socket_poll) {
  struct curl_poll *poll = socket_poll;
  if (what == CURL_POLL_REMOVE) {
    curl_body_cut(easy);
    if (poll) poll_close(poll);
    return 0;
  }
  if (!poll) poll = poll_open(group, fd);
  if (!poll) return -1;
  int events = (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
  return uv_poll_start(&poll->handle, events, on_ready) < 0 ? -1 : 0;
}
