#!/usr/bin/env bash
# A fresh Debian machine for tests, on this one: a root, processes, mounts, a network, a host name and cgroups
# of its own; no systemd. Docker, Nginx and all that a newcomer installs in it touch nothing of this machine.
# After a reboot nothing of it runs: `up` again.
#
#   fresh-machine.sh make            make the root from Debian's packages (half a minute), then `up`
#   fresh-machine.sh up              start it (again): its PID 1, its network
#   fresh-machine.sh in [CMD…]       run CMD in it as root, as after a login (default: a shell); CMD's exit code
#   fresh-machine.sh put PATH…       copy files and folders of this machine into its /root
#   fresh-machine.sh stop            end all its processes (SIGTERM, then SIGKILL) and its network; its disk stays
#   fresh-machine.sh remove          stop, then delete its disk
#
# Parameters (environment variables):
#   FM_NAME      its name, for host name, links and cgroups; up to 8 letters       (default: fresh)
#   FM_SUITE     Debian's release                                                  (default: trixie)
#   FM_FOLDER    its disk; on a real file system, for overlayfs                    (default: below /var/tmp)
#   FM_NET       first three bytes of the network between it and this machine      (default: by its name)
#   FM_PACKAGES  what is there besides the minimum       (default: git make ca-certificates iproute2 procps)
#
# Its settings of apt and pip, and the certificates that they trust, are this machine's. Needs root, mmdebstrap,
# iproute2, iptables, util-linux, and cgroup v1: under v2 a dockerd in it would need a leaf group first.
# It lets this machine forward packets (net.ipv4.ip_forward), and leaves that so.
# What it cannot show: the kernel and the cgroups are this machine's; there is no systemd and no boot.
set -euo pipefail

name=${FM_NAME:-fresh}
suite=${FM_SUITE:-trixie}
folder=${FM_FOLDER:-/var/tmp/fresh-machine/$name}
number=$(cksum <<<"$name" | cut -d' ' -f1)
net=${FM_NET:-10.$((100 + number % 100)).$((number / 100 % 256))}
packages=${FM_PACKAGES:-git make ca-certificates iproute2 procps}
root=$folder/root
link=fm-$name
rule=(-m comment --comment "$link")
certificates=/etc/ssl/certs/ca-certificates.crt

say() { echo "fresh-machine: $*" >&2; }
fail() { say "error: $*"; exit 2; }

# --- disk ---------------------------------------------------------------------------------------------------
sources() { # this machine's own sources of Debian, with the other release's name
  local own
  own=$(. /etc/os-release && echo "$VERSION_CODENAME")
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v own="$own" -v suite="$suite" '$NF == "Debian" && index($2, own) == 1 {
      sub("^" own, suite, $2); sub("/$", "", $1); if (!seen[$1, $2, $3]++) print "deb", $1, $2, $3 }'
}

apt_settings() { # what people and machines add to those of the packages
  find /etc/apt/apt.conf.d -name '*proxy*' -o -name '99*'
}

pip_settings() {
  cat /etc/pip.conf /etc/xdg/pip/* ~/.config/pip/pip.conf 2>/dev/null || true
  env | grep ^PIP_ || true
}

share_settings() { # apt's, pip's, trusted certificates
  local file wanted='^(PIP_|https?_proxy=|HTTPS?_PROXY=|no_proxy=|NO_PROXY=|[A-Z_]*(CA_BUNDLE|CERT_FILE|CAINFO)=)'
  for file in $(apt_settings) /etc/pip.conf /etc/xdg/pip/* ~/.config/pip/pip.conf $certificates; do
    [[ ! -f $file ]] || install -D -m 644 "$file" "$root$file"
  done
  { env | grep -E "$wanted" || true; } >"$root/etc/environment"
}

local_indexes() { # folders of this machine that its pip settings name; of an index by its address, all of it
  local path
  pip_settings | { grep -Eo '(file://|[ =])/[^ ]+' || true; } | sed -E 's,^(file://|[ =]),,' |
    while read -r path; do
      [[ -d $path && $path != /etc/* ]] || continue
      if [[ $path == */simple ]]; then dirname "$path"; else echo "$path"; fi
    done | sort -u
}

make_() {
  [[ ! -e $root ]] || fail "$root is there; '$0 up', or '$0 remove'"
  command -v mmdebstrap >/dev/null || fail "apt-get install mmdebstrap"
  mkdir -p "$folder"
  local list options=(--quiet --variant=minbase --include="apt $packages") each
  list=$(sources)
  [[ -n $list ]] || { apt-get update -qq; list=$(sources); }
  [[ -n $list ]] || fail "apt knows no mirror of Debian here"
  say "making $root: Debian $suite"
  for each in $(apt_settings); do options+=(--aptopt="$each"); done
  if ! mmdebstrap "${options[@]}" "$suite" "$root" - <<<"$list"; then
    rm -rf --one-file-system "$folder"
    fail "mmdebstrap failed"
  fi
  chmod 700 "$folder" # those settings may hold a password
  share_settings
  printf '127.0.0.1 localhost %s\n::1 localhost\n' "$name" >"$root/etc/hosts"
  echo "$name" >"$root/etc/hostname"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # nothing starts by being installed: no init
  chmod 755 "$root/usr/sbin/policy-rc.d"
}

# --- running ------------------------------------------------------------------------------------------------
pid1() { # its PID 1, if it runs
  local pid
  pid=$(cat "$folder/pid" 2>/dev/null) || return 1
  grep -qaz "^$link\$" "/proc/$pid/cmdline" 2>/dev/null && echo "$pid"
}

groups() { # the folders that hold cgroup hierarchies, one a controller
  find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d
}

enter_groups() { # this shell, and so all that it starts, into the cgroups of the machine
  local each file
  while read -r each; do
    mkdir -p "$each/$link"
    for file in cpuset.cpus cpuset.mems; do # a new group has none until it is given some
      [[ ! -f $each/$file ]] || cat "$each/$file" >"$each/$link/$file"
    done
    # A group weighs as much as one process outside, however many are in it; this one is a whole machine.
    [[ ! -f $each/cpu.shares ]] || echo $((1024 * $(nproc) * 2)) >"$each/$link/cpu.shares"
    echo "$BASHPID" >"$each/$link/cgroup.procs"
  done < <(groups)
}

processes() { # of the machine: whatever was started in it is in one of its cgroups
  local each
  groups | while read -r each; do
    find "$each/$link" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -un
}

first() { # its PID 1 before it says so: the process with number 1 in a namespace below this one
  local each
  processes | while read -r each; do
    awk -v pid="$each" '/^NSpid/ && $NF == 1 && NF > 2 { print pid }' "/proc/$each/status" 2>/dev/null || true
  done
}

boot() { # runs as PID 1, in namespaces of its own: makes the mounts, moves into the root, waits
  local path options
  hostname "$name"
  mount --make-rprivate /
  mount --bind "$root" "$root"
  for path in $(local_indexes); do
    mkdir -p "$root$path"
    mount --rbind "$path" "$root$path"
    mount -o remount,bind,ro "$root$path"
  done
  mount -t proc proc "$root/proc"
  mount -t sysfs sysfs "$root/sys"
  mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
  awk '$3 == "cgroup" && $2 ~ "^/sys/fs/cgroup/" { print $2, $4 }' /proc/mounts | while read -r path options; do
    mkdir -p "$root$path"
    mount -t cgroup -o "${options#rw,relatime,}" cgroup "$root$path"
  done
  mount --rbind /dev "$root/dev"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
  [[ ! -e /dev/mqueue ]] || mount -t mqueue mqueue "$root/dev/mqueue"
  mount -t tmpfs -o mode=755 run "$root/run"
  mkdir -p "$root/run/lock"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  cd "$root"
  pivot_root . .
  umount -l .
  cd /
  # PID 1: bash reaps whatever is left to it. Its name is how it is told from another process of its number.
  exec /bin/bash -c 'trap "exit 0" TERM; : >/run/booted; while :; do sleep 3600 & wait $!; done' "$link"
}

connect() { # a cable to this machine, which forwards and translates addresses for it
  local pid=$1
  ip link add "$link" type veth peer name eth0 netns "$pid"
  ip addr add "$net.1/30" dev "$link"
  ip link set "$link" up
  nsenter -t "$pid" -n sh -c "ip link set lo up; ip addr add $net.2/30 dev eth0; ip link set eth0 up
    ip route add default via $net.1"
  sysctl -qw net.ipv4.ip_forward=1
  iptables -w -I FORWARD -i "$link" "${rule[@]}" -j ACCEPT
  iptables -w -I FORWARD -o "$link" -m conntrack --ctstate RELATED,ESTABLISHED "${rule[@]}" -j ACCEPT
  iptables -w -t nat -A POSTROUTING -s "$net.0/30" ! -o "$link" "${rule[@]}" -j MASQUERADE
}

disconnect() {
  local table line
  for table in filter nat; do
    iptables -w -t "$table" -S | { grep -e "--comment \"\?$link\"\? " || true; } | sed 's/^-A/-D/' |
      while read -r line; do xargs iptables -w -t "$table" <<<"$line"; done
  done
  ! ip link show "$link" >/dev/null 2>&1 || ip link del "$link"
}

booted() { # booted PID: whether the machine of that PID 1 has come up
  local its_root=/proc/$1/root
  [[ -e $its_root/run/booted ]]
}
up() {
  [[ -d $root ]] || fail "there is no $root; '$0 make' first"
  ! pid1 >/dev/null || { say "it runs"; return 0; }
  [[ -z $(ip -o addr show to "$net.0/30") ]] || fail "$net.0/30 is taken: FM_NET names another"
  # In two steps: the cgroup namespace's root is the group that the process is in when it is made.
  (
    enter_groups
    exec setsid unshare --fork --kill-child=KILL --pid --mount --uts --ipc --net --cgroup \
      "$(readlink -f "$0")" boot </dev/null >>"$folder/console.log" 2>&1
  ) &
  local pid='' tries
  for tries in $(seq 100); do
    pid=$(first)
    [[ -z $pid ]] || ! booted "$pid" || break
    sleep 0.1
  done
  [[ -n $pid ]] && booted "$pid" || fail "it did not start; tail $folder/console.log"
  echo "$pid" >"$folder/pid"
  connect "$pid"
  say "up: $name, Debian $(cat "$root/etc/debian_version"), at $net.2; '$0 in' for a shell"
}

in_() {
  local pid settings=()
  pid=$(pid1) || fail "it does not run; '$0 up'"
  mapfile -t settings <"$root/etc/environment"
  [[ $# -gt 0 ]] || set -- bash -l
  # Into its cgroups first; then its namespaces, root and home, with the environment of a login and no other.
  (
    enter_groups
    exec nsenter -t "$pid" -m -u -i -n -p -C -r -w env -i HOME=/root USER=root LOGNAME=root SHELL=/bin/bash \
      TERM="${TERM:-dumb}" LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      "${settings[@]}" sh -c 'cd /root && exec "$@"' - "$@"
  )
}

end_politely() { # all but PID 1, its sleep, and the unshare that waits for it: those are a machine at rest
  local pid=$1 parent tries
  parent=$(awk '/^PPid/ { print $2 }' "/proc/$pid/status")
  processes | { grep -vx -e "$pid" -e "$parent" || true; } | xargs -r kill -TERM 2>/dev/null || true
  for tries in $(seq 100); do
    [[ $(processes | wc -l) -gt 3 ]] || break
    sleep 0.1
  done
}

stop() {
  local pid each tries
  if pid=$(pid1); then end_politely "$pid"; fi
  for tries in $(seq 100); do
    [[ -n $(processes) ]] || break
    processes | xargs -r kill -KILL 2>/dev/null || true
    sleep 0.1
  done
  [[ -z $(processes) ]] || fail "still running: $(processes | xargs)"
  disconnect
  groups | while read -r each; do
    [[ ! -d $each/$link ]] || find "$each/$link" -depth -type d -exec rmdir {} + 2>/dev/null || true
  done
  rm -f "$folder/pid"
  say "stopped"
}

remove() {
  stop
  ! grep -q " $root" /proc/self/mounts || fail "mounts are left below $root"
  rm -rf --one-file-system "$folder"
  say "removed"
}

usage() {
  sed -n '2,/^set -euo/p' "$0" | grep '^#' | cut -c3-
  exit 2
}

main() {
  local verb=${1:-help}
  [[ $EUID == 0 ]] || fail "needs root"
  shift || true
  case $verb in
    make)
      make_
      up
      ;;
    up | boot | stop | remove) "$verb" ;;
    in) in_ "$@" ;;
    put) cp -a "$@" "$root/root" ;;
    *) usage ;;
  esac
}

# On one line with the exit: so bash has read all of this file, and somebody may edit it while a machine works.
main "$@"; exit
