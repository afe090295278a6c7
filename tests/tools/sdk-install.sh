#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sdk-install.sh: the npm packages of tests/sdk, exactly as its lock file names them; nothing to do when they are there.
set -eu
cd "$(dirname "$0")/../sdk"

stamp=node_modules/.lock-digest
digest=$(sha256sum package-lock.json)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$digest" ]; then
  npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error
  printf '%s' "$digest" >"$stamp"
fi
