#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh KIND [TARGET...]: configures and builds. KIND is release (build/), san (build-san/) or fuzz (build-fuzz/).
# Prints the compiler's words only when something fails.
set -eu
cd "$(dirname "$0")/.."

kind=$1
shift
case $kind in
  release) folder=build options="-DCMAKE_BUILD_TYPE=Release -DSAN=OFF -DFUZZ=OFF" ;;
  san) folder=build-san options="-DCMAKE_BUILD_TYPE=Debug -DSAN=ON -DFUZZ=OFF" ;;
  fuzz) folder=build-fuzz options="-DCMAKE_BUILD_TYPE=Debug -DFUZZ=ON -DCMAKE_C_COMPILER=clang" ;;
  *) echo "build.sh: unknown kind '$kind' (release, san, fuzz)" >&2 && exit 2 ;;
esac

mkdir -p "$folder"
exec 9>"$folder/build.lock"
flock 9 # whoever comes while another builds the same waits, and finds it done
log=$folder/build.log
quietly() {
  if ! "$@" >"$log" 2>&1; then
    grep -v "^\[[0-9]*/[0-9]*\] " "$log" >&2
    echo "build.sh: '$*' failed" >&2
    exit 1
  fi
}

# shellcheck disable=SC2086
quietly cmake -S . -B "$folder" -G Ninja $options
if [ -t 1 ] && [ "$#" -eq 0 ]; then
  cmake --build "$folder"
else
  quietly cmake --build "$folder" ${1:+--target "$@"}
fi
