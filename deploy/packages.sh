#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh SECTION...: installs what is missing of these sections of packages.txt. Quick and silent when nothing is.
set -eu
cd "$(dirname "$0")"

# Names of the packages of the given sections, without those whose command is there already.
wanted() {
  awk -v sections=" $* " '
    /^#/ || /^$/ { next }
    /^\[/ { on = index(sections, " " substr($0, 2, length($0) - 2) " "); next }
    on { print $1, $3 }' packages.txt |
    while read -r package command; do
      if [ -n "$command" ] && command -v "$command" >/dev/null 2>&1; then continue; fi
      echo "$package"
    done
}

# The lines of standard input that dpkg does not know as installed.
missing() {
  names=$(cat)
  [ -n "$names" ] || return 0
  # shellcheck disable=SC2086
  installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $names 2>/dev/null | sed -n 's/^installed //p')
  printf '%s\n' "$names" | grep -vxF "$installed" || true
}

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "This is not Debian: install what deploy/packages.txt names, then build as deploy/build.sh does." >&2
  exit 1
fi

names=$(wanted "$@" | missing | tr '\n' ' ')
[ -n "$names" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
  sudo=
elif command -v sudo >/dev/null 2>&1; then
  sudo=sudo
else
  echo "Missing packages: $names" >&2
  echo "Run this once as root:  apt-get update && apt-get install --no-install-recommends $names" >&2
  exit 1
fi

echo "Installing: $names"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if ! { $sudo apt-get update -qq &&
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $names; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "Installing failed: the lines above are apt's." >&2
  exit 1
fi
