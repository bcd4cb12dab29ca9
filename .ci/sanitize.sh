#!/usr/bin/env bash
# Builds the compiled modules with AddressSanitizer and UBSan and runs the tests of the native core over them.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
OXIDE_SANITIZE=1 "$work/venv/bin/pip" install -q --config-settings=build-dir="$work/build" '.[test]'
# CPython's own arenas hide overruns from the sanitizer, and it keeps memory at exit on purpose.
export LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc
cp -r tests pyproject.toml "$work" # away from the checkout, so that the installed package is the one imported
cd "$work"
"$work/venv/bin/python" -m pytest -q -x -m "not slow" -p no:cacheprovider tests/unit/stream tests/unit/json tests/unit/models
