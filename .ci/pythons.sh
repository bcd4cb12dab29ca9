#!/usr/bin/env bash
# The unit and wire tests on every other supported Python found here, with the newest dependencies it takes.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PIP_CONSTRAINT # the pins are those of one Python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
own=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cp -r tests bench pyproject.toml README.md "$work"
for version in 3.10 3.11 3.12 3.13; do
  [ "$version" = "$own" ] && continue
  found=
  for candidate in "python$version" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$version".*/bin/python; do
    if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$version')" 2>/dev/null; then
      found=$candidate
      break
    fi
  done
  if [ -z "$found" ]; then
    echo "Python $version: not on this machine, not tested"
    continue
  fi
  "$found" -m venv "$work/$version"
  "$work/$version/bin/pip" install -q --disable-pip-version-check --config-settings=build-dir="$work/build-$version" '.[test]'
  echo "Python $version"
  (cd "$work" && "$work/$version/bin/python" -m pytest -q -x -m "not slow" -p no:cacheprovider tests/unit tests/wire \
    --ignore=tests/unit/codegen --ignore=tests/unit/core/test_rules.py) # these read the sources: one Python is enough
done
