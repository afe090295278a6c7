// SPDX-License-Identifier: Apache-2.0
#pragma once

/* An invariant of ours. Stays enabled in release: prints where and aborts this process (a worker is replaced).
 * Never for anything a peer, a file or a script can cause. */
#define REQUIRE(condition) ((condition) ? (void)0 : check_abort(#condition, __FILE__, __LINE__))

_Noreturn void check_abort(const char *condition, const char *file, int line);
