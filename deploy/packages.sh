#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# packages.sh SECTION...: installs what is missing of these sections of packages.txt. Quick and silent when nothing is.
set -eu
cd "$(dirname "$0")"
PATH=$PATH:/usr/sbin:/sbin # where nginx is, for users too

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

names=$(wanted "$@" | sort -u | missing | tr '\n' ' ')
[ -n "$names" ] || exit 0

echo "Missing packages, to be installed: $names"
if [ "$(id -u)" -eq 0 ]; then
  sudo=
elif command -v sudo >/dev/null 2>&1 && sudo true; then
  sudo=sudo
else
  echo "Not root, and no sudo. Run this once as root:" >&2
  echo "  apt-get update && apt-get install --no-install-recommends $names" >&2
  exit 1
fi

# nginx comes as a service; here it is a program for tests. Nothing starts now, nor nginx at the next boot.
policy=/usr/sbin/policy-rc.d
forbid_services() {
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101 # moongate\n' | $sudo tee "$policy" >/dev/null
  $sudo chmod +x "$policy"
}
allow_services() {
  if grep -q 'exit 101 # moongate' "$policy" 2>/dev/null; then $sudo rm -f "$policy"; fi
  case " $names" in *" nginx-light "*) $sudo systemctl disable nginx >/dev/null 2>&1 || true ;; esac
}

log=$(mktemp)
trap 'allow_services; rm -f "$log"' EXIT
trap 'exit 130' HUP INT TERM
forbid_services
# Somebody else's source that cannot be read is no reason to stop; a new machine's own updates may hold the lock.
update() { $sudo apt-get update -qq || [ $? -lt 128 ]; }
# shellcheck disable=SC2086
install() {
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    -o DPkg::Lock::Timeout=300 $names
}
if ! { update && install; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "Installing failed: the lines above are apt's." >&2
  exit 1
fi
