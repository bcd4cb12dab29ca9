# Sourced: `need command…` names the Debian packages to install when a command is missing.
need() {
  local command missing=()
  for command in "$@"; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "not found: ${missing[*]}"
  echo "install with: apt-get install $(grep -vE '^\s*(#|$)' .ci/packages.txt | tr '\n' ' ')"
  exit 1
}
