#!/usr/bin/env bash
# Writes constraints.txt: relctl's dependencies and tools by version and hash; versions that still fit are kept.
# It has two parts: the packages to install and run relctl, then those for tests and lint.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

resolve() { # resolve FILE OPTIONS...: write FILE; pip-compile keeps its versions where it can
  .venv/bin/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options \
    --build-deps-for editable --output-file "$1" "${@:2}" pyproject.toml
}

sed '/^#/d' constraints.txt >"$scratch/all"
resolve "$scratch/all" --extra dev
cp "$scratch/all" "$scratch/relctl"
resolve "$scratch/relctl"

others='FNR == NR { if (/^[a-z0-9]/) own[$1]; next } /^[a-z0-9]/ { other = !($1 in own) } other && !/^#/'
{
  echo "# Made by deploy/constraints.sh (make lock). setup installs with --require-hashes: the part of relctl, and for dev both."
  sed '/^#/d' "$scratch/relctl"
  echo "# dev: what tests and lint need besides"
  awk "$others" "$scratch/relctl" "$scratch/all"
} >constraints.txt
