#!/usr/bin/env bash
# Installs what .ci/packages.txt names where apt-get and the rights to use it are there; says what is missing otherwise.
set -euo pipefail
mapfile -t packages < <(grep -vE '^\s*(#|$)' "$(dirname "$0")/packages.txt")
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}"
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "run as root: apt-get install ${missing[*]}"
  exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -y -q --no-install-recommends "${missing[@]}"
