#!/usr/bin/env bash
# Every lint check. Goes on after one that fails, prints a table, exits 1 if any failed.
# `./dev lint` calls it after installing the tools.
# shellcheck disable=SC2317  # check calls the functions by name.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathways
table=()
failed=0

check() { # name, command...
  local name=$1 start=$SECONDS state=ok
  echo "== $name"
  "${@:2}" || { state=FAILED failed=1; }
  table+=("$(printf '%-18s %-6s %4d s' "$name" "$state" $((SECONDS - start)))")
}

buf() { "$cache/npm/node_modules/.bin/buf" "$@"; }

# Published events must stay readable: compares with the newest release reachable from here.
buf_breaking() {
  local tag
  tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null) || {
    echo "no release tag yet"
    return 0
  }
  buf breaking --against "$(git rev-parse --git-common-dir)#format=git,tag=$tag"
}

# What a release wrote somebody has stored: its golden events only ever get more.
golden_events() {
  local tag
  tag=$(git describe --tags --abbrev=0 --match 'v*' 2>/dev/null) || {
    echo "no release tag yet"
    return 0
  }
  ! git diff --name-only --diff-filter=a "$tag" -- tests/compat/golden | grep .
}

shell_scripts() {
  git ls-files -z --cached --others --exclude-standard -- dev .ci/run '*.sh' |
    xargs -0 shellcheck --external-sources
}

# What .dockerignore lets into the image build is enough for the Dockerfile's configure step. Without
# an engine nothing else would see that it is not.
image_context() {
  local copy configure
  copy=$(mktemp -d) || return 1
  # shellcheck disable=SC2064  # The name is wanted as it is now.
  trap "rm -rf '$copy'" RETURN
  sed -n 's/^!//p' .dockerignore | xargs git ls-files -z --cached --others --exclude-standard -- |
    xargs -0 cp --parents --target-directory "$copy" &&
    configure=$(sed -n 's/^RUN \(cmake --preset .*\) && .*/\1/p' deploy/docker/Dockerfile) &&
    [[ -n $configure ]] && (cd "$copy" && $configure >/dev/null)
}

# clang-tidy reads the flags that CMake writes, and the generated headers must exist.
tidy() {
  cmake --preset test >/dev/null &&
    cmake --build --preset test --target pathways_proto pathways_grpc >/dev/null &&
    python3 cmake/lint/tidy.py --build build/test --cache "$cache/tidy"
}

check format cmake/lint/format.sh
check "buf lint" buf lint
check "buf breaking" buf_breaking
check "golden events" golden_events
check "include direction" python3 cmake/lint/include_direction.py .
check conventions python3 cmake/lint/conventions.py .
check "lint self-test" python3 -m unittest discover --quiet -s cmake/lint -p '*_test.py'
check shellcheck shell_scripts
check manifests cmake/lint/manifests.sh
check "image context" image_context
check clang-tidy tidy

printf '\n'
printf '%s\n' "${table[@]}"
exit "$failed"
