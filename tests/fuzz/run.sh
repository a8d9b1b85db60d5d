#!/usr/bin/env bash
# Runs fuzz targets one after the other and prints a table: run.sh SECONDS NAME...
# `./dev fuzz` calls it after building them. Inputs that reach something new stay in
# build/fuzz/corpus/NAME for the next run; what breaks a target stays in build/fuzz/found/NAME.
# Exit 1 when one broke.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=$1
table=("$(printf '%-16s %10s %10s  %s' target runs 'new inputs' result)")
failed=0

stat() { # log, name: a number of libFuzzer's; 0 where it told none
  sed -n "s/^stat::$2: *//p" "$1" | grep . || echo 0
}

for name in "${@:2}"; do
  grown=build/fuzz/corpus/$name found=build/fuzz/found/$name log=build/fuzz/$name.log
  mkdir -p "$grown" "$found"
  touch "$found/.begun"
  echo "== $name, $seconds s"
  result=ok
  build/fuzz/tests/fuzz/"fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -print_final_stats=1 -artifact_prefix="$found/" "$grown" "tests/fuzz/corpus/$name" \
    >"$log" 2>&1 || result=FAILED
  if [[ $result != ok ]]; then
    failed=1
    grep -m 5 -E '^(SUMMARY|a promise)|ERROR:|runtime error:' "$log" || true
    input=$(find "$found" -type f -newer "$found/.begun" ! -name .begun -print -quit)
    result="FAILED with ${input:-no input}, see $log"
  fi
  table+=("$(printf '%-16s %10s %10s  %s' "$name" "$(stat "$log" number_of_executed_units)" \
    "$(stat "$log" new_units_added)" "$result")")
done

printf '\n'
printf '%s\n' "${table[@]}"
exit "$failed"
