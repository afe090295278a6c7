// SPDX-License-Identifier: Apache-2.0
#pragma once

struct call;

/* Who may come in, from the head alone: its key, its path, its method, its encoding. 0: read the body; HTTP_STREAM: let
 * it come piece by piece; -1: refused, and answered. Notes access and identity in the call. */
int admission_judge(struct call *call);
