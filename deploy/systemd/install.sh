#!/usr/bin/env bash
# Lets the managed Nginx of one environment be started at boot, and its logs be rotated: writes a systemd unit, the
# variables that it needs, readable by root alone, and a logrotate file. Idempotent. As root:
#   deploy/systemd/install.sh ENVIRONMENT [PROJECT [NAME]]
# PROJECT is the folder of versions.yaml, without it this clone. NAME is the unit's, relctl-nginx@NAME, without it
# ENVIRONMENT: two projects of one host may both have a production. DESTDIR=folder writes below that folder instead
# of /, and starts nothing.
set -euo pipefail
readonly here="$PWD"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { # fail WHAT NEXT: one clear error, then the next command to type
  printf 'install: error: %s\n        next: %s\n' "$1" "$2" >&2
  exit 2
}

readonly clone="$PWD" env="${1:-}" name="${3:-${1:-}}" destdir="${DESTDIR:-}"
root=$(cd "$here" && realpath -e -- "${2:-$clone}" 2>/dev/null) || fail "there is no folder ${2@Q}" \
  "deploy/systemd/install.sh $env /srv/PROJECT"
readonly root relctl="$clone/.venv/bin/relctl"
readonly unit="relctl-nginx@$name.service" variables="/etc/relctl/nginx-$name.env"
readonly unit_file="$destdir/etc/systemd/system/$unit" logs_file="$destdir/etc/logrotate.d/relctl-$name"
readonly variables_file="$destdir$variables"

owner_of() { # the user of a folder, or of the nearest one above it that exists
  local folder="$1"
  until [ -e "$folder" ]; do folder=$(dirname "$folder"); done
  stat -c %U "$folder"
}

adapted() { # adapted FILE: what stands in the example for this project and environment
  sed -e "s|/srv/translator/.relctl/translator-%i/nginx|$folder|g" \
    -e "s|/srv/translator/.relctl/\*/nginx|$folder|g" \
    -e "s|/etc/relctl/nginx-%i.env|$variables|g" \
    -e "s|/srv/translator/.venv/bin/relctl|$relctl|g" \
    -e "s|/srv/translator/docs|$clone/docs|g" \
    -e "s|/srv/translator|$root|g" -e "s|%i|$env|g" "$1"
}

[[ "$env" =~ ^[A-Za-z0-9._-]+$ ]] || fail "which environment?" "deploy/systemd/install.sh local"
[[ "$name" =~ ^[A-Za-z0-9._-]+$ ]] || fail "${name@Q}: a unit's name has letters, digits and . _ -" \
  "deploy/systemd/install.sh $env $root OTHER-NAME"
[ -x "$relctl" ] || fail "there is no .venv in $clone" "make setup"
facts=$("$clone/.venv/bin/python" deploy/systemd/facts.py "$root" "$env" && echo .) || exit 2
folder="${facts%%$'\n'*}" values="${facts#*$'\n'}"
[ -n "$folder" ] || fail "the Nginx of $env is not relctl's own: the host starts it, and rotates its logs" \
  "docs/how-to/install.md, An Nginx that someone else runs"
for path in "$clone" "$root" "$folder"; do
  [[ "$path" =~ ^[A-Za-z0-9/._-]+$ ]] || fail "${path@Q}: a unit needs a path of letters, digits and . _ - /" \
    "move it, or write $unit by hand after deploy/systemd/relctl-nginx@.service"
done
if [ -e "$unit_file" ] && ! { grep -qxF "WorkingDirectory=$root" "$unit_file" &&
  grep -qF -- " --env $env proxy up" "$unit_file"; }; then
  fail "$unit_file is another project's or environment's" \
    "deploy/systemd/install.sh $env $root OTHER-NAME, or remove that file"
fi
mkdir -p "$(dirname "$unit_file")" "$(dirname "$logs_file")" "$(dirname "$variables_file")"
owner=$(owner_of "$folder") project_owner=$(stat -c %U "$root")
case "$project_owner" in # the owner runs the programs of the project
  root | "$owner") ;;
  *) fail "$folder belongs to $owner, and $root to $project_owner: at boot $owner would be refused" \
    "chown -R root: $root" ;;
esac
# First the variables, for root alone from the first byte on: some are secrets, and anybody may read a unit.
printf '%s' "${values%.}" | install -m 600 /dev/stdin "$variables_file"
adapted deploy/systemd/relctl-nginx@.service | sed -e "s|^Type=forking|User=$owner\n&|" >"$unit_file"
adapted deploy/logrotate/relctl >"$logs_file"
printf '%s\n' "$unit_file" "$variables_file" "$logs_file"
if [ -z "$destdir" ] && [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable --now "$unit"
else
  echo "not started; where systemd runs: systemctl daemon-reload && systemctl enable --now $unit"
fi
