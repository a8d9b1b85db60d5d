#!/usr/bin/env bash
# Builds the images of deploy/docker/Dockerfile, or checks those that were built.
#
# Usage: image.sh [--check] [--base IMAGE] [-- DOCKER BUILD ARGUMENTS]
#
# Tags pathways-{intake,eligibility,referral,tools}:VERSION, VERSION being that of CMakeLists.txt.
# Exit 2: no Docker engine runs here, or an argument is wrong; 1: a build or a check failed.
# shellcheck disable=SC2317  # expect calls the functions by name.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly user=10001:10001
readonly targets=(intake eligibility referral tools)

check=0
build_arguments=()
while (($#)); do
  case $1 in
    --check) check=1 ;;
    --base)
      (($# > 1)) || { echo "image: --base needs an image" >&2 && exit 2; }
      build_arguments+=(--build-arg "BASE=$2")
      shift
      ;;
    --)
      build_arguments+=("${@:2}")
      break
      ;;
    *) echo "image: unknown argument '$1'" >&2 && exit 2 ;;
  esac
  shift
done

if ! docker info >/dev/null 2>&1; then
  echo "image: no Docker engine answers here; nothing was built or checked" >&2
  exit 2
fi

version=$(sed -n 's/^project(pathways VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
revision=$(git describe --always --dirty --abbrev=40 --exclude '*' 2>/dev/null) || revision=unknown

image_of() { echo "pathways-$1:$version"; }

build() { # target
  docker build --file deploy/docker/Dockerfile --target "$1" --tag "$(image_of "$1")" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$revision" "${build_arguments[@]}" .
}

# What check_image expects. Each takes the image from $image.
has() { # field, value
  [[ $(docker image inspect --format "{{$1}}" "$image") == "$2" ]]
}

# Under the limits that deploy/k8s sets: own user, read-only root, no capabilities, no network.
starts() {
  docker run --rm --read-only --network none --cap-drop ALL --security-opt no-new-privileges \
    --user "$user" "$image" --help >/dev/null
}

# As root, who alone sees every file. Without the status a container that cannot run would do.
gives_no_rights() {
  local files
  files=$(docker run --rm --network none --user 0 --entrypoint find "$image" \
    / -xdev -type f -perm /6000) && [[ -z $files ]]
}

failed=0
expect() { # what, command...
  if "${@:2}"; then
    echo "ok      $image $1"
  else
    echo "FAILED  $image $1"
    failed=1
  fi
}

check_image() { # target
  local image
  image=$(image_of "$1")
  if ! docker image inspect "$image" >/dev/null 2>&1; then
    expect "is built by ./dev image" false
    return
  fi
  expect "starts as $user on a read-only root" starts
  expect "runs as $user by itself" has .Config.User "$user"
  expect "is stopped by SIGTERM" has .Config.StopSignal SIGTERM
  expect "carries version $version" \
    has 'index .Config.Labels "org.opencontainers.image.version"' "$version"
  expect "has no setuid or setgid file" gives_no_rights
}

for target in "${targets[@]}"; do
  if ((check)); then check_image "$target"; else build "$target"; fi
done
exit "$failed"
