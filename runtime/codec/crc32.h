// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <stdint.h>

#include "base/slice.h"

/* CRC-32 of IEEE 802.3, as in gzip and zlib. */
uint32_t crc32_of(struct slice bytes);
