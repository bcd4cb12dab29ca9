#!/usr/bin/env bash
# libFuzzer on the decoder for the given number of seconds (60): every row equals scalar, any split gives the same events.
# What it finds stays under build/fuzz/; a crash becomes a file of tests/fuzz/corpus and a case of tests/sse_cases.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/need.sh
need cmake ninja clang

build=build/fuzz
mkdir -p "$build/found"
{
  cmake -S . -B "$build" -G Ninja -DOXIDE_C_TESTS=ON -DOXIDE_FUZZ=ON -DOXIDE_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_C_FLAGS="-O1 -fsanitize=fuzzer-no-link"
  cmake --build "$build" --target fuzz_sse
} >"$build/log" 2>&1 || { cat "$build/log"; exit 1; }
"$build/tests/c/fuzz_sse" -max_total_time="${1:-60}" -max_len=8192 -timeout=10 -print_final_stats=1 \
  -artifact_prefix="$build/" "$build/found" tests/fuzz/corpus 2>&1 | tail -n 12
