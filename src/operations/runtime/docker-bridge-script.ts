import { ShellScript } from '../../shell.ts';

/** Reads what `docker-bridge.ts` decides by; comes after `seeUnitFiles`. */
export const seeBridge = ShellScript.trusted(`
bridge_addresses() { ip -4 -o addr show dev docker0 2>/dev/null | while read -r _ _ _ address _; do echo "$address"; done; }
flannel_range() { sed -n 's/^FLANNEL_SUBNET=//p' /run/flannel/subnet.env 2>/dev/null; }

# see_bridge UNIT CONFIG [KUBELET]
see_bridge() {
  addresses=$(bridge_addresses) range=$(flannel_range)
  [ -z "$addresses" ] || printf '%s\\n' "$addresses" | sed 's/^/address /'
  [ -z "$range" ] || echo "range $range"
  echo "words $(running_words "$1" | encode)"
  [ -z "$3" ] || echo "kubelet $(running_words "$3" | encode)"
  [ ! -f "$2" ] || echo "options $(encode <"$2")"
  [ -n "$range" ] && [ "$addresses" = "$range" ] || echo "containers $(docker ps -q 2>/dev/null | wc -l)"
}
`);

/** Comes after `seeBridge`. */
export const takeRange = ShellScript.trusted(`
# await_bridge SECONDS: until docker0 has the address of flannel's range, and no other.
await_bridge() {
  tries=0
  until [ "$(bridge_addresses)" = "$(flannel_range)" ]; do
    tries=$((tries + 1))
    [ "$tries" -le "$1" ] || return 1
    sleep 1
  done
}

# take_range UNIT: Docker takes it when it starts.
take_range() {
  [ -n "$(flannel_range)" ] || fail AGENT_FAILED 'flanneld has not written /run/flannel/subnet.env' 'journalctl -u provision-flannel-etcd.service says why'
  await_bridge 0 || { systemctl restart "$1" && await_bridge 20; } ||
    fail DOCKER_BRIDGE_KEPT "docker0 has $(bridge_addresses | tr '\\n' ' ')and not $(flannel_range), although Docker was restarted" \\
      'docker network inspect bridge says what holds it; stop the containers on it, restart Docker, and run again'
}
`);

/**
 * Docker remembers the range of its bridge and takes it again where no flag says otherwise. So its next start, which is a
 * later task's, is preceded by one with the range of before that nobody can talk to. Comes after `seeBridge`.
 */
export const giveBridgeBack = ShellScript.trusted(`
# own_words PID: its command line without what decides of bridge and sockets, each word on a line of its own.
own_words() {
  tr '\\0' '\\n' <"/proc/$1/cmdline" | awk '
    skip { skip = 0; next }
    /^(-H|--host|--bip|--mtu)$/ { skip = 1; next }
    /^(-H|--host=|--bip=|--mtu=|--ip-masq)/ { next }
    { print }'
}

# give_back UNIT ADDRESS…
give_back() {
  unit=$1
  shift
  pid=$(systemctl show "$unit" -p MainPID | cut -d= -f2)
  if [ "$pid" != 0 ] && grep -qx dockerd "/proc/$pid/comm"; then
    mkdir -p /run/provision "/run/systemd/system/$unit.d"
    own_words "$pid" >/run/provision/docker-words
    echo "$1" >/run/provision/docker-address
    cat >/run/provision/docker-range <<'END'
address=$(cat /run/provision/docker-address) socket=unix:///run/provision/docker.sock
unset NOTIFY_SOCKET LISTEN_FDS LISTEN_PID
set -f
IFS='
'
set -- $(cat /run/provision/docker-words)
unset IFS
"$@" --host="$socket" --bip="$address" --pidfile=/run/provision/docker.pid &
tries=0
until ip -4 -o addr show dev docker0 | grep -qF " $address " && docker --host "$socket" version >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -le 30 ] && kill -0 $! 2>/dev/null || break
  sleep 1
done
kill $! 2>/dev/null
wait $!
set +f
rm -rf /run/provision/docker[.-]* /run/systemd/system/*.d/99-provision-range.conf
exit 0
END
    cat >"/run/systemd/system/$unit.d/99-provision-range.conf" <<END
[Service]
ExecStartPre=/bin/sh /run/provision/docker-range
ExecStartPost=/bin/systemctl --no-block daemon-reload
END
    systemctl daemon-reload
  elif ip link show dev docker0 >/dev/null 2>&1; then
    ip -4 addr flush dev docker0
    for address; do ip -4 addr add "$address" brd + dev docker0; done
  fi
}
`);
