#!/usr/bin/env bash
# What a built wheel holds, the pure build, and what a machine without a compiler is told.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1

# Named are the kinds that belong in a wheel, so that a new kind of source has to be excluded or added here.
contents() { # list of a wheel
  local kept strangers
  strangers=$(awk 'NR > 1 {print $1}' "$1" | grep -vE '^oxide/.*\.(py|pyi|so|json)$|^oxide/py\.typed$|^oxide-[^/]*\.dist-info/' || true)
  [ -z "$strangers" ] || { echo "does not belong in the wheel:" $strangers; return 1; }
  # The generator works on a source tree; its facts are a tenth of the wheel.
  if grep -q '^oxide/_codegen/' "$1"; then echo "does not belong in the wheel: oxide/_codegen"; return 1; fi
  for kept in py.typed __init__.py json/json_c.pyi; do
    grep -q "^oxide/$kept " "$1" || { echo "not in the wheel: oxide/$kept"; return 1; }
  done
}

pip wheel -q --no-deps -w "$work/native" .
python -m zipfile -l "$work"/native/*.whl > "$work/native.txt"
contents "$work/native.txt"
grep -q '_c\..*\.so ' "$work/native.txt" || { echo "no compiled module in the wheel"; exit 1; }
size=$(stat -c %s "$work"/native/*.whl)
[ "$size" -le $((6 << 20)) ] || { echo "the wheel has $size bytes, more than 6 MiB"; exit 1; }
echo "wheel: $size bytes"
# Only the module's entry point may be visible in a compiled module.
mkdir "$work/unpacked" && python -m zipfile -e "$work"/native/*.whl "$work/unpacked"
while read -r module; do
  visible=$(nm -D --defined-only "$module" | awk '{print $3}' | grep -vE '^(PyInit_|_init$|_fini$)' || true)
  [ -z "$visible" ] || { echo "$module exports: $visible"; exit 1; }
done < <(find "$work/unpacked" -name '*.so')

OXIDE_PURE=1 pip wheel -q --no-deps -w "$work/pure" .
ls "$work"/pure/*-py3-none-any.whl
python -m zipfile -l "$work"/pure/*.whl > "$work/pure.txt"
contents "$work/pure.txt"
python -m venv "$work/venv"
"$work/venv/bin/pip" install -q "$work"/pure/*.whl
(cd "$work" && "$work/venv/bin/python" -c "import oxide; print(oxide.cpu_features()['backend'])" | grep -qx python)

# A PATH with nothing but the tools pip needs.
mkdir "$work/bin"
for tool in sh bash env git uname ls; do ln -s "$(command -v $tool)" "$work/bin/$tool"; done
python=$(command -v python)
if env -u CC -u CXX PATH="$work/bin" "$python" -m pip wheel -q --no-deps -w "$work/none" . > "$work/none.txt" 2>&1; then
  echo "a build without a compiler succeeded"; exit 1
fi
grep -q "apt-get install gcc g++" "$work/none.txt" || { cat "$work/none.txt"; exit 1; }
grep -q "OXIDE_PURE=1 pip install" "$work/none.txt"
