#!/usr/bin/env bash
# The .pyi files of the compiled modules against the modules themselves.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t modules < <(find oxide -name '*_c.pyi' | sort | sed 's#/#.#g; s#\.pyi$##')
[ ${#modules[@]} -gt 0 ]
python -m mypy.stubtest "${modules[@]}"
