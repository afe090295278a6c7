// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <curl/curl.h>

#include "upstream/curl_lane.h"
#include "upstream/response_head.h"

/* Private to this lane.
 *
 *   lane    all of one upstream's calls through libcurl
 *   group   one multi handle with at most GROUP_CALLS calls: its cost grows with what it holds
 *   poll    one socket of a group, watched by the loop
 *   call    one transfer
 *
 * libcurl's callbacks only note what happened and put off a job: no event of an owner ever runs inside libcurl. */

enum { GROUP_CALLS = 16, GROUPS_KEPT = 2, CALL_HELD_MAX = 64 * 1024 };

struct curl_lane {
  struct upstream *upstream; /* borrowed */
  struct list groups;        /* owned; those with room in front */
  unsigned group_count;
};

struct curl_group {
  struct list node;
  struct curl_lane *lane; /* borrowed */
  CURLM *multi;           /* owned */
  struct timer timer;
  struct loop_job kick; /* the zero time-out: soon, but not inside libcurl */
  struct loop_job rest; /* looks whether the group is still needed */
  unsigned calls;
};

struct curl_call {
  struct transfer transfer; /* first: the interface's view */
  struct curl_group *group; /* null once it has left it */
  CURL *easy;               /* owned */
  struct curl_slist *lines; /* owned; the request's field lines */
  struct buffer body;       /* owned; the request's body, from `body_at` on */
  size_t body_at;
  size_t queue_high;
  struct buffer head_lines; /* owned; the head that is arriving */
  struct response_head head;
  unsigned interim;
  struct buffer held; /* owned; response bytes not told yet */
  uint64_t received, limit;
  struct loop_job job;
  CURLcode result;
  struct error error; /* ours, when `refused` */
  bool to_head;
  bool head_ready, head_told;
  bool refused;  /* one of our own checks ended it */
  bool choked;   /* libcurl was told to pause */
  bool unread;   /* the body was refused before its end: the rest stays here */
  bool cut;      /* nobody is there any more to take it */
  bool finished; /* libcurl is done with it */
  bool reading;  /* the body was asked for since the last look */
  bool due;      /* more of the request's body is to come */
  bool hungry;   /* libcurl waits for it */
  bool full;     /* who sends it waits */
};

/* Joins a group with room. */
void curl_group_join(struct curl_lane *lane, struct curl_call *call);
/* Takes the call out of libcurl; its socket closes when it was in use. Safe when it is in no group. */
void curl_group_leave(struct curl_call *call);
void curl_group_close(struct curl_group *group);

/* The multi handle's socket callback. */
int curl_socket_watch(CURL *easy, curl_socket_t fd, int what, void *group, void *poll);
/* Tells libcurl about a socket (or CURL_SOCKET_TIMEOUT), then looks for calls that ended: always. */
void curl_group_act(struct curl_group *group, curl_socket_t fd, int flags);

/* Sets every option of the call's handle. */
void curl_request_set(struct curl_call *call, const struct transfer_request *request);

/* The request's body: of a call that has one; more of it; and, in the call's job, what either side waits for. False
 * when the owner has ended the call meanwhile. */
void curl_body_set(struct curl_call *call, const struct transfer_request *request);
size_t curl_body_read(char *out, size_t size, size_t count, void *call);
bool curl_body_send(struct transfer *transfer, struct slice bytes, bool last);
bool curl_body_go_on(struct curl_call *call);
/* libcurl looks at this handle's socket no more. */
void curl_body_cut(CURL *easy);

/* Callbacks of the response; also installs them. */
void curl_response_set(struct curl_call *call);

/* What to tell the owner: 0 when the response is whole, else -1 with `error`. */
int curl_call_verdict(struct curl_call *call, struct error *error);
