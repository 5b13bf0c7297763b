#!/usr/bin/env bash
# Writes constraints.txt: the versions of relctl's dependencies and tools that its tests have passed with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
.venv/bin/python -m venv "$scratch/venv"
"$scratch/venv/bin/python" -m pip install -q -e '.[dev]'
{
  echo "# Made by deploy/constraints.sh (make lock): what 'pip install .[dev]' gave when the tests passed with it."
  "$scratch/venv/bin/python" -m pip freeze --all --exclude-editable | grep -viE '^(pip|setuptools)==' | LC_ALL=C sort -f
} >constraints.txt
