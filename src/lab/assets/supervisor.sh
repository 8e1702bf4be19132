# Keeps one lab host powered on: boots it, boots it again when it asks for a reboot, ends when it is off.
# It outlives the command that starts it. Usage: sh supervisor.sh run HOST_FOLDER
set -u
main() {
  cd "$2" || exit 1
  . ./host.env
  "$1" "$0"
}

run() {
  echo $$ >supervisor.pid
  while :; do
    sh "$1" boot "$PWD" &
    echo $! >nspawn.pid
    wait $!
    status=$?
    echo "$(date +%T) $NAME ended with $status"
    remove_cgroups
    [ "$status" -eq 133 ] || break # 133: the host asked for a reboot
  done
  ip netns del "$NAMESPACE" 2>/dev/null
  rm -f nspawn.pid supervisor.pid
}

# Becomes systemd-nspawn. CAP_SYS_TIME is dropped because the clock is the whole machine's.
boot() {
  make_network || exit 1
  enter_cgroups
  set --
  for device in /dev/net/tun /dev/fuse; do [ ! -e "$device" ] || set -- "$@" --bind="$device"; done
  exec env SYSTEMD_NSPAWN_API_VFS_WRITABLE=network SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_LOCK=0 unshare -m --propagation slave sh -c '
    mount -t overlay overlay -o "lowerdir=$0,upperdir=upper,workdir=work" merged && exec systemd-nspawn "$@"' \
    "$LOWER" --quiet --settings=no --register=no --keep-unit --kill-signal=SIGRTMIN+3 --machine="$NAMESPACE" \
    --hostname="$NAME" --uuid="$UUID" --directory="$PWD/merged" --network-namespace-path="/run/netns/$NAMESPACE" \
    --bind="$PWD/var:/var" --resolv-conf=off --timezone=off --link-journal=no --capability=all \
    --drop-capability=CAP_SYS_TIME --console=read-only --notify-ready=no "$@" /usr/local/sbin/lab-init
}

# Every boot gets a network namespace of its own: routes, rules and devices of the last one are gone.
make_network() {
  ip netns del "$NAMESPACE" 2>/dev/null
  ip link del "$VETH" 2>/dev/null
  ip netns add "$NAMESPACE" &&
    ip link add "$VETH" type veth peer name eth0 netns "$NAMESPACE" address "$MAC" &&
    ip link set "$VETH" master "$BRIDGE" &&
    ip -n "$NAMESPACE" link set lo up &&
    if [ -n "${ROUTER-}" ]; then connect_to_router; else connect_to_link; fi &&
    ip netns exec "$NAMESPACE" sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
}

connect_to_link() {
  ip link set "$VETH" up &&
    ip -n "$NAMESPACE" addr add "$ADDRESS/24" dev eth0 &&
    ip -n "$NAMESPACE" link set eth0 up &&
    ip -n "$NAMESPACE" route add default via "$GATEWAY" # leads nowhere, but Kubernetes wants one
}

# What an isolated port sends reaches the router and this machine, never another host.
connect_to_router() {
  ip link set "$VETH" type bridge_slave isolated on &&
    ip link set "$VETH" up &&
    ip -n "$NAMESPACE" addr add "$ADDRESS/32" dev eth0 &&
    ip -n "$NAMESPACE" link set eth0 up &&
    ip -n "$NAMESPACE" route add "$ROUTER" dev eth0 &&
    ip -n "$NAMESPACE" route add default via "$ROUTER"
}

# The host's folder in every mounted hierarchy: below the caller's own in cgroup v1, below the root in pure v2
# (where a cgroup with processes cannot hand controllers to its children).
list_cgroups() {
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    echo "/sys/fs/cgroup/$CGROUP/$NAME"
    return
  fi
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') root=/sys/fs/cgroup/unified ;;
      name=*) root=/sys/fs/cgroup/${controllers#name=} ;;
      *) root=/sys/fs/cgroup/$controllers ;;
    esac
    [ -d "$root" ] || continue
    path=${path%/}
    [ -d "$root$path" ] || path=
    echo "$root$path/$CGROUP/$NAME"
  done </proc/self/cgroup
}

enter_cgroups() {
  list_cgroups >cgroups
  while read -r group; do
    mkdir -p "$group"
    case $group in
      /sys/fs/cgroup/cpuset/*)
        for folder in "${group%/*}" "$group"; do
          cat "${folder%/*}/cpuset.cpus" >"$folder/cpuset.cpus"
          cat "${folder%/*}/cpuset.mems" >"$folder/cpuset.mems"
        done
        echo 1 >"$group/cgroup.clone_children"
        ;;
      /sys/fs/cgroup/devices/*) echo 'b *:* rw' >"$group/devices.deny" ;; # mknod would reach the machine's disks
      "/sys/fs/cgroup/$CGROUP/$NAME")
        for folder in /sys/fs/cgroup "${group%/*}"; do
          for controller in $(cat "$folder/cgroup.controllers"); do
            echo "+$controller" >"$folder/cgroup.subtree_control"
          done
        done 2>/dev/null
        ;;
    esac
    echo $$ >"$group/cgroup.procs"
  done <cgroups
}

remove_cgroups() {
  while read -r group; do
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do # what was killed takes a moment to go
      [ -d "$group" ] || break
      find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null
      [ ! -d "$group" ] || sleep 0.1
    done
  done <cgroups
}

main "$@"
exit
