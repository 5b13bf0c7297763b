#!/usr/bin/env bash
# Lets the managed Nginx of one environment be started at boot, and its logs be rotated: writes a systemd unit and a
# logrotate file for this clone. Idempotent. Usage: deploy/systemd/install.sh ENVIRONMENT, as root.
# DESTDIR=folder writes below that folder instead of /, and starts nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly root="$PWD" env="${1:-}" destdir="${DESTDIR:-}"
readonly unit="relctl-nginx@$env.service"
readonly unit_file="$destdir/etc/systemd/system/$unit" logs_file="$destdir/etc/logrotate.d/relctl-$env"

fail() { # fail WHAT NEXT: one clear error, then the next command to type
  printf 'install: error: %s\n        next: %s\n' "$1" "$2" >&2
  exit 2
}

nginx_folder() { # where the environment's Nginx has its files; empty when it is not relctl's own
  .venv/bin/python - "$root" "$env" <<'PYTHON'
import sys
from pathlib import Path

from relctl.config.project import load
from relctl.errors import RelctlError
from relctl.rollout.host import paths_of

try:
    project = load(Path(sys.argv[1]), sys.argv[2])
except RelctlError as error:
    sys.exit(f"install: error: {error}\n        next: {error.hint}")
print(paths_of(project).proxy if project.environment.proxy.mode == "managed" else "")
PYTHON
}

owner_of() { # the user of a folder, or of the nearest one above it that exists
  local folder="$1"
  until [ -e "$folder" ]; do folder=$(dirname "$folder"); done
  stat -c %U "$folder"
}

adapted() { # adapted FILE: what stands in the example for this clone and environment
  sed -e "s|/srv/translator/.relctl/translator-%i/nginx|$folder|g" \
    -e "s|/srv/translator/.relctl/\*/nginx|$folder|g" \
    -e "s|/srv/translator|$root|g" -e "s|%i|$env|g" "$1"
}

variables() { # what stands over the environment's file in this shell must stand over it at boot too
  local name
  for name in $(compgen -e | grep '^RELCTL_' | grep -vxE 'RELCTL_(ENV|FAULT)'); do
    printf 'Environment="%s=%s"\n' "$name" "${!name//%/%%}"
  done
}

[[ "$env" =~ ^[A-Za-z0-9._-]+$ ]] || fail "which environment?" "deploy/systemd/install.sh local"
[ -x .venv/bin/relctl ] || fail "there is no .venv in $root" "make setup"
folder=$(nginx_folder) || exit 2
[ -n "$folder" ] || fail "the Nginx of $env is not relctl's own: the host starts it, and rotates its logs" \
  "docs/runbook.md, An Nginx that someone else runs"
for path in "$root" "$folder"; do
  [[ "$path" =~ ^[A-Za-z0-9/._-]+$ ]] || fail "$path: a unit needs a path of letters, digits and . _ - /" \
    "move it, or write $unit by hand after deploy/systemd/relctl-nginx@.service"
done
if [ -e "$unit_file" ] && ! grep -qxF "WorkingDirectory=$root" "$unit_file"; then
  fail "$unit_file is another clone's" "remove it, or call this environment something else"
fi
mkdir -p "$(dirname "$unit_file")" "$(dirname "$logs_file")"
owner=$(owner_of "$folder")
adapted deploy/systemd/relctl-nginx@.service |
  sed -e "/^Type=forking/r "<(variables) -e "s|^Type=forking|User=$owner\n&|" >"$unit_file"
adapted deploy/logrotate/relctl >"$logs_file"
echo "$unit_file"
echo "$logs_file"
if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --now "$unit"
else
  echo "not started; where systemd runs: systemctl daemon-reload && systemctl enable --now $unit"
fi
