#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: serves with this checkout's build and configuration; the environment overrides where and with what.
set -eu
cd "$(dirname "$0")/.."

export HOST="${HOST:-127.0.0.1}" PORT="${PORT:-8080}" GATEWAY_CONFIG="${GATEWAY_CONFIG:-conf/gateway.yaml}"
exec build/moongate serve
