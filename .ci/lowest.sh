#!/usr/bin/env bash
# The client over the lowest versions that pyproject.toml allows, on the oldest Python found here. $OXIDE_WHEELS: a folder
# that may hold a wheel for that Python already.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/find-python.sh
unset PIP_CONSTRAINT # those are the newest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for version in 3.10 3.11 3.12 3.13; do
  python=$(find_python "$version") && break
done
[ -n "$python" ] || { echo "no Python of 3.10 to 3.13 found"; exit 1; }
wheel=$(find "${OXIDE_WHEELS:-$work}" -name "oxide-*-cp${version/./}-*.whl" | head -n 1)
if [ -z "$wheel" ]; then
  "$python" -m venv "$work/build"
  "$work/build/bin/pip" wheel -q --disable-pip-version-check --no-deps -w "$work" \
    --config-settings=build-dir="$work/cmake" .
  wheel=$(echo "$work"/oxide-*.whl)
fi
extras=$(sed -n '/^\[project.optional-dependencies\]/,/^\[project.scripts\]/s/^\([a-z]*\) = .*/\1/p' pyproject.toml \
  | grep -vx test | paste -sd,)
"$python" -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check -c .ci/lowest.txt "$wheel[$extras]" \
  cryptography fastapi httpx2 hypothesis numpy openai psutil pysimdjson pytest pytest-asyncio pytest-timeout uvloop
"$work/venv/bin/pip" freeze | grep -iE "^($(sed -n 's/==.*//p' .ci/lowest.txt | paste -sd'|'))=="
cp -r tests pyproject.toml README.md "$work" # away from the checkout, so that the installed package is the one imported
cd "$work"
"$work/venv/bin/python" -m pytest -q -x -m "not slow" -p no:cacheprovider tests/unit/client tests/unit/models \
  tests/unit/transport tests/unit/cli tests/wire
