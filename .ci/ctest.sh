#!/usr/bin/env bash
# The C tests: as built for release, under the sanitizers, and for aarch64 under emulation.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/need.sh
need cmake ninja gcc aarch64-linux-gnu-gcc qemu-aarch64-static
. .ci/simdjson.sh

run() { # name, cmake arguments
  local build=build/ctest-$1
  shift
  echo "--- ${build#build/ctest-}"
  cmake -S . -B "$build" -G Ninja -DOXIDE_C_TESTS=ON -DSIMDJSON_DIR="$SIMDJSON_DIR" "$@" >"$build.log" 2>&1 || { cat "$build.log"; return 1; }
  cmake --build "$build" --target c_tests >"$build.log" 2>&1 || { cat "$build.log"; return 1; }
  ! grep -n "warning:" "$build.log" || return 1
  ctest --test-dir "$build" --output-on-failure --no-tests=error
}

mkdir -p build
run native -DCMAKE_BUILD_TYPE=Release
run sanitized -DCMAKE_BUILD_TYPE=Debug -DOXIDE_SANITIZE=ON
run aarch64 -DCMAKE_BUILD_TYPE=Release -DCMAKE_TOOLCHAIN_FILE="$PWD/tests/c/aarch64-linux-gnu.cmake"
# The emulated machine must have taken its own row, or the run above has tested scalar twice.
qemu-aarch64-static -L /usr/aarch64-linux-gnu build/ctest-aarch64/tests/c/dispatch neon
