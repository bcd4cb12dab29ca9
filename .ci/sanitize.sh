#!/usr/bin/env bash
# Builds the compiled modules with AddressSanitizer and UBSan and runs the tests of the native core and of the wire
# lane over them.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
# What these tests import, and not the type checkers of '.[test]'.
OXIDE_SANITIZE=1 "$work/venv/bin/pip" install -q --config-settings=build-dir="$work/build" '.[brotli,zstd]' \
  cryptography fastapi httpx2 hypothesis numpy openai psutil pysimdjson pytest pytest-asyncio pytest-timeout
# libstdc++ comes first into the process this way: the sanitizer looks for __cxa_throw once, as the process starts.
LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so) $(gcc -print-file-name=libstdc++.so.6)"
export LD_PRELOAD
# CPython's own arenas hide overruns from the sanitizer, and it keeps memory at exit on purpose.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc
cp -r tests pyproject.toml "$work" # away from the checkout, so that the installed package is the one imported
cd "$work"
# Deselected: they measure resident memory, and the sanitizer keeps what was freed, to find uses of it.
"$work/venv/bin/python" -m pytest -q -x -m "not slow" -p no:cacheprovider \
  --deselect tests/unit/json/test_native.py::test_memory_does_not_keep_the_largest_document \
  --deselect tests/unit/json/test_native.py::test_threads_give_their_parser_back \
  tests/unit/stream tests/unit/json tests/unit/models tests/unit/transport \
  tests/unit/helpers/test_accumulate.py tests/unit/helpers/test_steps.py tests/unit/helpers/test_streams.py \
  tests/unit/helpers/test_texts.py \
  tests/wire/test_calls.py tests/wire/test_faults.py tests/wire/test_codings.py
