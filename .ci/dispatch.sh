#!/usr/bin/env bash
# What the dispatcher picks on processors older than this one, and that a forced row is taken or refused.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/need.sh
need cmake ninja qemu-x86_64-static

build=build/dispatch
mkdir -p build
{
  cmake -S . -B "$build" -G Ninja -DOXIDE_C_TESTS=ON -DCMAKE_BUILD_TYPE=Release
  cmake --build "$build" --target dispatch test_cases
} >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
dispatch=$build/tests/c/dispatch

qemu-x86_64-static -cpu Nehalem "$dispatch" scalar
qemu-x86_64-static -cpu Haswell "$dispatch" avx2
OXIDE_ISA=scalar qemu-x86_64-static -cpu Haswell "$dispatch" scalar
OXIDE_ISA=avx2 qemu-x86_64-static -cpu Nehalem "$dispatch" none
OXIDE_ISA=neon "$dispatch" none
# An instruction that leaked out of the AVX2 file would end this one with SIGILL.
qemu-x86_64-static -cpu Nehalem "$build/tests/c/test_cases" tests/sse_cases/*.md
# The installed package dispatches in the same way, simdjson included.
for expected in "Nehalem scalar fallback" "Haswell avx2 haswell"; do
  read -r cpu row json <<<"$expected"
  qemu-x86_64-static -cpu "$cpu" "$(command -v python)" -c "
import sys, oxide.cpu, oxide.json
from oxide.stream.sse import SSEDecoder
found = oxide.cpu.cpu_features()
print(found)
assert (found['backend'], found['isa'], found['json'].split()[-1]) == ('native', *sys.argv[1:]), sys.argv
assert oxide.json.loads(SSEDecoder().feed(b'data: [1, \"a\"]\n\n')[0].data) == [1, 'a']
" "$row" "$json"
done
