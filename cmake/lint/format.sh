#!/usr/bin/env bash
# Checks the format of all C++ and proto files, tracked or new; with --fix, formats them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathways
clang_format=(clang-format-19 --dry-run -Werror)
buf_format=(format --diff --exit-code)
if [[ ${1:-} == --fix ]]; then
  clang_format=(clang-format-19 -i)
  buf_format=(format --write)
fi

failed=0
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc' |
  while IFS= read -r -d '' file; do
    [[ ! -e $file ]] || printf '%s\0' "$file" # Passes over what is deleted but still in the index.
  done | xargs -0 -r -n16 -P2 "${clang_format[@]}" || failed=1
"$cache/npm/node_modules/.bin/buf" "${buf_format[@]}" || failed=1
exit "$failed"
