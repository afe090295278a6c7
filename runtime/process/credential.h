// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http/exchange.h"

/* The key a client presents: "Authorization: Bearer KEY"; or, where a browser opens a WebSocket and can set no header,
 * the subprotocol openai-insecure-api-key.KEY. Empty when there is none. */
struct slice credential_presented(const struct http_request *request);
