#!/usr/bin/env bash
# libFuzzer for the given number of seconds (60): the decoder, where every row equals scalar and any split gives the same
# events, and beside it the unescaping of strings, where every row equals a byte at a time.
# What it finds stays under build/fuzz/; a crash becomes a file of tests/fuzz/corpus and a case of tests/sse_cases, or a
# file of tests/fuzz/strings.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/need.sh
need cmake ninja clang
. .ci/simdjson.sh

build=build/fuzz
flags="-O1 -fsanitize=fuzzer-no-link"
mkdir -p "$build/found" "$build/found-strings"
{
  cmake -S . -B "$build" -G Ninja -DOXIDE_C_TESTS=ON -DOXIDE_FUZZ=ON -DOXIDE_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug \
    -DSIMDJSON_DIR="$SIMDJSON_DIR" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags"
  cmake --build "$build" --target fuzz_sse fuzz_unescape
} >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }

fuzz() { # target, folder of what was found, corpus
  "$build/tests/c/$1" -max_total_time="$seconds" -max_len=8192 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$build/" "$build/$2" "$3" 2>&1 | tail -n 12
}
seconds=${1:-60}
fuzz fuzz_sse found tests/fuzz/corpus &
sse=$!
fuzz fuzz_unescape found-strings tests/fuzz/strings
wait "$sse"
