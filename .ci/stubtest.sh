#!/usr/bin/env bash
# The .pyi files of the compiled modules against the modules themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t modules < <(find oxide -name '*_c.pyi' | sort | sed 's#/#.#g; s#\.pyi$##')
[ ${#modules[@]} -gt 0 ]
# Extension types are disjoint bases by nature, and Cython takes the arguments of special methods by position only.
python -m mypy.stubtest --ignore-disjoint-bases --ignore-positional-only \
  --allowlist .ci/stubtest-allow.txt --ignore-unused-allowlist "${modules[@]}"
