#!/usr/bin/env bash
# Stops what `make demo` started: Nginx, the slots, and the engine if setup started it. Images and history stay.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly state="${RELCTL_STATE_DIR:-$PWD/.relctl}"
readonly pidfile="$state/engine/dockerd.pid"

[ ! -x .venv/bin/relctl ] || .venv/bin/relctl --env "${ENV:-local}" down

# Stop only our engine: its pid file is in our state directory, and the pid must still be a dockerd.
if [ -f "$pidfile" ] && grep -qa dockerd "/proc/$(cat "$pidfile")/cmdline" 2>/dev/null; then
  others=$(.venv/bin/python -c 'import docker; print(" ".join(c.name for c in docker.from_env().containers.list()))')
  if [ -n "$others" ]; then
    echo "down: the engine stays up, other containers run in it: $others" >&2
  else
    pid=$(cat "$pidfile")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    echo "down: the engine that setup started is stopped" >&2
  fi
fi
