// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "http/exchange.h"
#include "process/route.h"

/* The key a client presents: "Authorization: Bearer KEY". On the routes of models also where SDKs put it: x-api-key
 * (Anthropic's), x-goog-api-key and ?key= (Google's); or, where a browser opens a WebSocket and can set no header, the
 * subprotocol openai-insecure-api-key.KEY. Empty when there is none. None of them is passed on. */
struct slice credential_presented(const struct http_request *request, const struct route *route);

/* A parameter of the query as it was sent; empty when it is not there. */
struct slice credential_parameter(const struct http_request *request, struct slice name);
