#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run.sh: everything `make test` does, packages first; tests/run.mjs does the rest.
set -eu
cd "$(dirname "$0")/.."

if ! deploy/packages.sh build test; then
  echo "0 passed, 1 failed"
  exit 1
fi
exec node tests/run.mjs
