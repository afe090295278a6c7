// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "upstream/curl_call.h"

/* libcurl's results in this room's words. */

static int connect_error(const struct curl_call *call, struct error *error) {
  const struct origin *origin = call->transfer.origin;
  long code = 0;
  curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &code);
  const char *via = origin->proxy ? "the proxy for " : "";
  if (code == ECONNREFUSED) {
    return error_set(error, 502, "upstream_refused", "%s%s refused the connection", via, origin->name);
  }
  return error_set(error, 502, "upstream_unreachable", "%s%s cannot be reached", via, origin->name);
}

/* The connection ended too early: how early decides what it is called. */
static int cut_error(const struct curl_call *call, struct error *error) {
  const char *name = call->transfer.origin->name;
  if (call->head_ready) {
    return error_set(error, 502, "upstream_truncated", "%s closed the connection before the end of its response", name);
  }
  return error_set(error, 502, "upstream_reset", "%s closed the connection before it answered", name);
}

static int tunnel_error(const struct curl_call *call, long status, struct error *error) {
  return error_set(error, 502, "upstream_unreachable", "the proxy for %s refused to connect it (status %ld)",
                   call->transfer.origin->name, status);
}

static int result_error(const struct curl_call *call, struct error *error) {
  const char *name = call->transfer.origin->name;
  switch (call->result) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return error_set(error, 502, "upstream_dns", "the host name of %s could not be resolved", name);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return error_set(error, 502, "upstream_dns", "the host name of the proxy for %s could not be resolved", name);
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_PROXY:
      return connect_error(call, error);
    case CURLE_OPERATION_TIMEDOUT:
      return error_set(error, 504, "upstream_connect_timeout", "%s was not connected in time", name);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
      return error_set(error, 502, "upstream_tls", "no TLS with %s: %s", name, curl_easy_strerror(call->result));
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9, unknown versions */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return error_set(error, 502, "upstream_bad_response", "%s answered with something that is not HTTP", name);
    case CURLE_OUT_OF_MEMORY: /* what it calls a header line above its own limit */
      return error_set(error, 502, "upstream_headers_too_large", "%s answered with header fields above the limits",
                       name);
    default: /* GOT_NOTHING, RECV_ERROR, SEND_ERROR, SEND_FAIL_REWIND, PARTIAL_FILE, HTTP2, HTTP2_STREAM */
      return cut_error(call, error);
  }
}

int curl_call_verdict(struct curl_call *call, struct error *error) {
  long tunnel = 0;
  curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
  if (call->refused) {
    *error = call->error;
    return -1;
  }
  if (call->result != CURLE_OK) {
    bool refused = tunnel >= 300 && !call->head_ready;
    return refused ? tunnel_error(call, tunnel, error) : result_error(call, error);
  }
  bool short_body = call->head.framing == RESPONSE_LENGTH && call->received != call->head.response.length;
  return !call->head_ready || short_body ? cut_error(call, error) : 0;
}
