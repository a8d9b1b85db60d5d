#!/usr/bin/env bash
# Renders every overlay of deploy/k8s, checks it against Kubernetes' own schemas and then against
# the project's rules (manifests.py). Needs no cluster and no network.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/pathways
schemas=1.36

# The one kubectl that a registry of ours carries is for x86-64.
if ! "$cache/kubectl/kubectl" version --client >/dev/null 2>&1; then
  echo "kubectl does not run on this machine ($(uname -m)): the manifests were NOT checked"
  [[ ${CI-} != true ]]
  exit
fi

rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
export PYTHONPATH=$cache/python
for overlay in deploy/k8s/overlays/*/; do
  "$cache/kubectl/kubectl" kustomize "$overlay" >"$rendered/$(basename "$overlay").yaml"
done
# What has no schema is only warned of there; here every kind has one.
report=$(python3 -m kubernetes_validate --kubernetes-version "$schemas" --strict --quiet \
  "$rendered"/*.yaml 2>&1) || { echo "$report" && exit 1; }
[[ -z $report ]] || { echo "$report" && exit 1; }
python3 cmake/lint/manifests.py deploy/k8s/README.md "$rendered"/*.yaml
