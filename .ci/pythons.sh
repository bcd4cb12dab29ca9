#!/usr/bin/env bash
# The unit and wire tests on every other supported Python found here, with the newest dependencies it takes; the pure
# twins only at both ends of the range. The wheels stay in $OXIDE_WHEELS, where that is set.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/find-python.sh
unset PIP_CONSTRAINT # the pins are those of one Python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
wheels=${OXIDE_WHEELS:-$work/wheels}
own=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
cp -r tests bench pyproject.toml README.md "$work"

run_on() { # version, interpreter
  "$2" -m venv "$work/$1"
  "$work/$1/bin/pip" wheel -q --disable-pip-version-check --no-deps -w "$wheels/$1" \
    --config-settings=build-dir="$work/build-$1" .
  "$work/$1/bin/pip" install -q --disable-pip-version-check "$(echo "$wheels/$1"/oxide-*.whl)[test]"
  case $1 in 3.10 | 3.13) ;; *) export OXIDE_BACKEND=native ;; esac
  # What reads the sources or checks types needs one Python only.
  (cd "$work" && "$work/$1/bin/python" -m pytest -q -x -m "not slow" -p no:cacheprovider tests/unit tests/wire \
    --ignore=tests/unit/codegen --ignore=tests/unit/core/test_rules.py --ignore=tests/unit/core/test_bounds.py)
}

versions=()
for version in 3.10 3.11 3.12 3.13; do
  if [ "$version" = "$own" ]; then
    continue
  elif find_python "$version" >/dev/null; then
    versions+=("$version")
  else
    echo "Python $version: not on this machine, not tested"
  fi
done

# One after another: the caller has other work for the second core.
failed=0
for version in "${versions[@]}"; do
  echo "Python $version"
  # In a process of its own, or `||` would have it go on after a failure.
  run_on "$version" "$(find_python "$version")" >"$work/$version.log" 2>&1 &
  wait $! || failed=1
  tail -n 40 "$work/$version.log"
done
exit $failed
