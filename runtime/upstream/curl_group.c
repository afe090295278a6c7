// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/check.h"
#include "upstream/curl_call.h"

/* Looked for after every action, also the last one and also time-outs: libcurl reports an end only when asked. */
static void ends_collect(struct curl_group *group) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(group->multi, &left))) {
    if (message->msg != CURLMSG_DONE) continue;
    struct curl_call *call = NULL;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
    call->result = message->data.result;
    call->finished = true;
    loop_defer(group->lane->upstream->loop, &call->job);
  }
}

void curl_group_act(struct curl_group *group, curl_socket_t fd, int flags) {
  int running;
  curl_multi_socket_action(group->multi, fd, flags, &running);
  ends_collect(group);
}

static void on_kick(struct loop_job *job) {
  curl_group_act(LIST_OWNER(job, struct curl_group, kick), CURL_SOCKET_TIMEOUT, 0);
}

static void on_timer(struct timer *timer) {
  curl_group_act(LIST_OWNER(timer, struct curl_group, timer), CURL_SOCKET_TIMEOUT, 0);
}

static int on_timeout_change(CURLM *multi, long timeout_ms, void *user) {
  (void)multi;
  struct curl_group *group = user;
  struct loop *loop = group->lane->upstream->loop;
  timer_stop(&group->timer);
  loop_job_cancel(&group->kick);
  if (timeout_ms == 0) {
    loop_defer(loop, &group->kick);
  } else if (timeout_ms > 0) {
    timer_start(loop->wheel, &group->timer, (uint64_t)timeout_ms);
  }
  return 0;
}

static void on_rest(struct loop_job *job) {
  struct curl_group *group = LIST_OWNER(job, struct curl_group, rest);
  if (group->calls == 0 && group->lane->group_count > GROUPS_KEPT) curl_group_close(group);
}

static struct curl_group *group_open(struct curl_lane *lane) {
  struct curl_group *group = calloc(1, sizeof *group);
  REQUIRE(group != NULL);
  group->lane = lane;
  group->multi = curl_multi_init();
  REQUIRE(group->multi != NULL);
  timer_init(&group->timer, on_timer);
  loop_job_init(&group->kick, on_kick);
  loop_job_init(&group->rest, on_rest);
  curl_multi_setopt(group->multi, CURLMOPT_SOCKETFUNCTION, curl_socket_watch);
  curl_multi_setopt(group->multi, CURLMOPT_SOCKETDATA, group);
  curl_multi_setopt(group->multi, CURLMOPT_TIMERFUNCTION, on_timeout_change);
  curl_multi_setopt(group->multi, CURLMOPT_TIMERDATA, group);
  curl_multi_setopt(group->multi, CURLMOPT_MAXCONNECTS, (long)GROUP_CALLS);
  list_push_front(&lane->groups, &group->node);
  lane->group_count++;
  return group;
}

void curl_group_join(struct curl_lane *lane, struct curl_call *call) {
  struct curl_group *group = list_empty(&lane->groups) ? NULL : LIST_OWNER(lane->groups.next, struct curl_group, node);
  if (!group || group->calls == GROUP_CALLS) group = group_open(lane);
  call->group = group;
  if (++group->calls == GROUP_CALLS) {
    list_remove(&group->node);
    list_push_back(&lane->groups, &group->node);
  }
  REQUIRE(curl_multi_add_handle(group->multi, call->easy) == CURLM_OK);
}

void curl_group_leave(struct curl_call *call) {
  struct curl_group *group = call->group;
  if (!group) return;
  call->group = NULL;
  curl_multi_remove_handle(group->multi, call->easy);
  if (group->calls-- == GROUP_CALLS) {
    list_remove(&group->node);
    list_push_front(&group->lane->groups, &group->node);
  }
  if (group->calls == 0) loop_defer(group->lane->upstream->loop, &group->rest);
}

void curl_group_close(struct curl_group *group) {
  list_remove(&group->node);
  group->lane->group_count--;
  curl_multi_cleanup(group->multi); /* may still call the socket and timer functions */
  timer_stop(&group->timer);
  loop_job_cancel(&group->kick);
  loop_job_cancel(&group->rest);
  free(group);
}
