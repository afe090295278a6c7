// SPDX-License-Identifier: Apache-2.0
#pragma once

/* Whom the gateway cannot take now, whoever they are: decided before their key is looked at and their body is read. */
struct call;

/* 0, or -1 when the call has been refused: 429 rate_limit_exceeded where its address has asked too often, 503
 * overloaded where the gateway has as much as it can do. Probes are never refused; administration and metrics not for
 * load. */
int crowd_judge(struct call *call);
