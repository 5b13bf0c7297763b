#!/usr/bin/env bash
# Sets up what `make demo` and `make test` need and is missing: Debian packages, an engine that answers, .venv.
# Idempotent. Usage: deploy/setup.sh [dev|reference]   (dev adds what tests and lint need, reference also torch and other proxies)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly extra="${1:-}"
case "$extra" in
  "" | dev | reference) ;;
  *) echo "setup: error: $extra is not known; usage: deploy/setup.sh [dev|reference]" >&2 && exit 2 ;;
esac
readonly state="${RELCTL_STATE_DIR:-$PWD/.relctl}"
readonly venv="$PWD/.venv"
export PATH="$PATH:/usr/sbin:/sbin" # for dockerd and nginx, which not every user's PATH includes
export DEBIAN_FRONTEND=noninteractive

say() { printf 'setup: %s\n' "$*" >&2; }
fail() { # fail WHAT NEXT: one clear error, then the next command to type
  printf 'setup: error: %s\n       next: %s\n' "$1" "$2" >&2
  exit 2
}
is_root() { [ "$(id -u)" -eq 0 ]; }

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

missing_packages() {
  [ -x "$(command -v dockerd)" ] || [ -n "${DOCKER_HOST:-}" ] || [ -S /var/run/docker.sock ] || echo docker.io
  [ -x "$(command -v nginx)" ] || echo nginx
  [ -x "$(command -v mmdebstrap)" ] || echo mmdebstrap
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
  [ -x "$(command -v git)" ] || echo git
  [ -z "$extra" ] || [ -x "$(command -v chromium)" ] || echo chromium
  [ -z "$extra" ] || [ -x "$(command -v logrotate)" ] || echo logrotate
  [ -z "$extra" ] || [ -x "$(command -v iptables)" ] || echo iptables
  [ -z "$extra" ] || [ -x "$(command -v ip)" ] || echo iproute2
  [ "$extra" != reference ] || [ -x "$(command -v haproxy)" ] || echo haproxy
  [ "$extra" != reference ] || [ -x "$(command -v caddy)" ] || echo caddy
  [ -n "$(find_python)" ] || echo python3 python3-venv
}

wished_packages() { # hints name `docker` commands, which are optional; since Debian 13 docker.io does not include them
  [ -x "$(command -v docker)" ] || ! apt-cache show docker-cli >/dev/null 2>&1 || echo docker-cli
}

install_wished() {
  local wished
  wished=$(wished_packages)
  [ -n "$wished" ] && is_root && [ -x "$(command -v apt-get)" ] || return 0
  apt-get install -y -qq --no-install-recommends "$wished" >&2 ||
    say "$wished cannot be installed; it is needed only for the docker commands in hints"
}

stop_services() { # stop_services PACKAGES: stop the services that Debian starts; only the programs are needed
  local each
  [ -d /run/systemd/system ] || return 0
  for each in haproxy caddy; do
    [[ " $1 " != *" $each "* ]] || systemctl disable --now "$each"
  done
}

install_packages() {
  local packages
  packages=$(missing_packages | xargs)
  [ -n "$packages" ] || return 0
  [ -x "$(command -v apt-get)" ] || fail "missing: $packages, and there is no apt-get here" "install them by hand, then make setup"
  is_root || fail "missing packages need root: $packages" "sudo apt-get install $(echo "$packages $(wished_packages)" | xargs)"
  say "installing $packages"
  apt-get update -qq
  # shellcheck disable=SC2086 # one word a package
  apt-get install -y -qq --no-install-recommends $packages >&2
  stop_services "$packages"
  [ -n "$(find_python)" ] || fail "Python 3.11 or newer is needed" "install python3.11 and python3.11-venv"
}

locked() { # the needed parts of constraints.txt: the first, or both
  if [ -n "$extra" ]; then cat constraints.txt; else sed '/^# dev:/,$d' constraints.txt; fi
}

install_locked() { # by hash, and wheels only: nothing unlocked ever runs, not even to build a package
  "$venv/bin/python" -m pip install -q --require-hashes --only-binary=:all: -r <(locked)
  # The reference packages are not locked: torch has a different wheel for each kind of machine.
  [ "$extra" != reference ] || "$venv/bin/python" -m pip install -q --no-build-isolation -e ".[dev,reference]"
  "$venv/bin/python" -m pip install -q --no-deps --no-build-isolation -e .
}

install_venv() {
  local stamp="$venv/.setup${extra:+-$extra}" wanted
  wanted=$(cat pyproject.toml constraints.txt service/requirements.lock deploy/setup.sh | sha256sum)
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "installing relctl${extra:+ and its $extra tools} into .venv"
  [ -x "$venv/bin/python" ] || "$(find_python)" -m venv "$venv"
  install_locked
  [ -z "$extra" ] || "$venv/bin/python" -m pip install -q --require-hashes -r service/requirements.lock
  "$venv/bin/python" -m compileall -q deploy/relctl # so that the first command is fast
  printf '%s' "$wanted" >"$stamp"
}

engine_answers() {
  [ -x "$venv/bin/python" ] &&
    "$venv/bin/python" -c 'import docker; docker.from_env(timeout=5).ping()' >/dev/null 2>&1
}

forget_the_dead() { # forget_the_dead NAME FILE: remove a pid file whose process no longer is a running NAME
  local pid
  pid=$(cat "$2" 2>/dev/null) || return 0
  # A zombie keeps its pid without a command line; dockerd would wait for it forever.
  grep -qa "$1" "/proc/$pid/cmdline" 2>/dev/null || rm -f "$2"
}

start_dockerd() { # without systemd: in the background, detached from this script
  mkdir -p "$state/engine"
  forget_the_dead dockerd "$state/engine/dockerd.pid"
  forget_the_dead containerd /var/run/docker/containerd/containerd.pid
  say "starting dockerd (log: $state/engine/dockerd.log)"
  setsid dockerd --live-restore --pidfile "$state/engine/dockerd.pid" >"$state/engine/dockerd.log" 2>&1 </dev/null &
}

wait_for_engine() {
  local tries
  for tries in $(seq 120); do
    if engine_answers; then return 0; fi
    sleep 0.5
  done
  return 1
}

start_engine() {
  engine_answers && return 0
  [ -z "${DOCKER_HOST:-}" ] || fail "no engine answers at DOCKER_HOST=$DOCKER_HOST" "unset DOCKER_HOST, or start that engine"
  is_root || fail "no engine answers, and starting one needs root (or your user is not in the docker group)" \
    "sudo make setup, or: sudo usermod -aG docker $(id -un), then log in again"
  if [ -d /run/systemd/system ]; then
    say "starting docker.service"
    systemctl start docker
  else
    start_dockerd
  fi
  wait_for_engine || fail "the engine did not answer within 60 s" "tail $state/engine/dockerd.log (or: journalctl -u docker)"
}

install_packages
install_wished # after apt-get update, without which a new machine does not know it
install_venv
start_engine
say "ready"
