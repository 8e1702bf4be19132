import { ShellScript } from '../../shell.ts';

/** What flanneld keeps on a host, as lines; reading makes no table of iptables. */
export const seeFlannel = ShellScript.trusted(`
# in_range NETWORK: of lines whose first word is a network or an address, those inside it.
in_range() {
  awk -v range="$1" '
    function number(address, part) { split(address, part, "."); return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4] }
    BEGIN { split(range, base, "/"); size = 2 ^ (32 - base[2]); first = int(number(base[1]) / size) }
    { split($1, own, "/"); if (own[1] ~ /^[0-9.]+$/ && (own[2] == "" || own[2] + 0 >= base[2] + 0) && int(number(own[1]) / size) == first) print }'
}

# subnet_or_own SUBNET: where it is not given, the network of the address that flanneld has written.
subnet_or_own() {
  if [ -n "$1" ]; then echo "$1"; else
    sed -n 's/^FLANNEL_SUBNET=//p' /run/flannel/subnet.env 2>/dev/null | awk -F '[./]' 'NF == 5 {
      number = (($1 * 256 + $2) * 256 + $3) * 256 + $4; number -= number % 2 ^ (32 - $5)
      printf "%d.%d.%d.%d/%d\\n", number / 16777216, number / 65536 % 256, number / 256 % 256, number % 256, $5
    }'
  fi
}

# flannel_routes NETWORK: routes to pods of other nodes; flanneld names no protocol.
flannel_routes() { ip -4 -o route show table main | grep -e ' via ' | grep -v ' proto ' | in_range "$1" | sed 's/ *$//'; }

# flannel_devices: NAME ADDRESS of its VXLAN devices and what they are.
flannel_devices() {
  ip -d -o link show type vxlan 2>/dev/null | sed -n 's/^[0-9]*: \\(flannel\\.[0-9]*\\)[:@]\\(.*\\)$/\\1 \\2/p' | while read -r name rest; do
    address=$(ip -4 -o addr show dev "$name" 2>/dev/null | awk 'NR == 1 { print $4 }')
    echo "$name \${address:--} $rest"
  done
}

# flannel_rules SAVE NETWORK SUBNET: TABLE RULE of what it has written there: its chains, and what versions before 0.20 wrote outside of chains.
flannel_rules() {
  command -v "$1" >/dev/null || return 0
  "$1" 2>/dev/null | awk -v n="$2" -v s="$3" '
    BEGIN {
      old["-A POSTROUTING -s " n " -d " n " -j RETURN"]; old["-A POSTROUTING -s " n " ! -d 224.0.0.0/4 -j MASQUERADE"]
      old["-A POSTROUTING ! -s " n " -d " s " -j RETURN"]; old["-A POSTROUTING ! -s " n " -d " n " -j MASQUERADE"]
      old["-A FORWARD -s " n " -j ACCEPT"]; old["-A FORWARD -d " n " -j ACCEPT"]
    }
    /^\\*/ { table = substr($0, 2) }
    /^:FLANNEL-(FWD|POSTRTG) / { print table, "-N", substr($1, 2) }
    /^-A/ {
      plain = $0
      commented = sub(/ -m comment --comment "?flanneld (masq|forward)"?/, "", plain)
      sub(/ --random-fully$/, "", plain)
      if (plain ~ / -j FLANNEL-(FWD|POSTRTG)$/ || (commented && plain in old)) print table, $0
    }'
}

# see_link NAME-OR-ADDRESS: the interface and its MTU.
see_link() {
  link=$(ip -4 -o addr show | awk -v wanted="$1" '{ split($4, own, "/"); if ($2 == wanted || own[1] == wanted) { print $2; exit } }')
  [ -z "$link" ] || echo "link $link $(cat "/sys/class/net/$link/mtu")"
}

# see_flannel UNIT|pod NETWORK SUBNET INTERFACE
see_flannel() {
  ip -V 2>&1 | grep -q iproute2 || fail IPROUTE2_MISSING 'this host has no iproute2' 'install the package iproute2'
  if [ "$1" = pod ]; then [ -z "$(own_pod_flannelds)" ] || echo 'state active'
  else
    echo "state $(systemctl show "$1" -p ActiveState | cut -d= -f2-)"
    echo "process $(systemctl show "$1" -p InvocationID | cut -d= -f2-)"
  fi
  [ ! -f /run/flannel/subnet.env ] || sed 's/^/env /' /run/flannel/subnet.env
  ip -4 -o addr show dev cni0 2>/dev/null | while read -r _ _ _ address _; do echo "bridge $address"; done
  [ -z "$4" ] || see_link "$4"
  flannel_devices | sed 's/^/device /'
  flannel_routes "$2" | sed 's/^/route /'
  subnet=$(subnet_or_own "$3")
  for save in iptables-legacy-save iptables-nft-save; do flannel_rules "$save" "$2" "$subnet" | sed "s/^/rule $save /"; done
}
`);

/** Comes after `seeFlannel`. */
export const startFlannel = ShellScript.trusted(`
# start_flannel UNIT PROCESS NETWORK…: unless it was started since it was looked at; then until those networks have routes.
start_flannel() {
  unit=$1
  if [ "$(systemctl show "$unit" -p InvocationID | cut -d= -f2-)" = "$2" ]; then
    systemctl daemon-reload
    systemctl reset-failed "$unit" 2>/dev/null || :
    systemctl restart "$unit" || {
      journalctl -q --no-pager -o cat -n 20 -u "$unit" >&2
      fail AGENT_FAILED 'flanneld does not start' 'its last lines say why'
    }
  fi
  shift 2
  await_routes "$@"
}

# await_routes NETWORK…
await_routes() {
  tries=0
  for network; do
    until [ -n "$(ip -4 route show "$network")" ] || [ "$tries" -ge 20 ]; do tries=$((tries + 1)); sleep 1; done
  done
}

# await_pod LINES: until a flanneld in a pod of ours runs and subnet.env has them.
await_pod() {
  tries=0
  until [ -n "$(own_pod_flannelds)" ] && [ -z "$(printf '%s\n' "$1" | grep -vxF "$(cat /run/flannel/subnet.env 2>/dev/null)")" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 60 ] || fail AGENT_FAILED 'flanneld in its pod does not write /run/flannel/subnet.env as it has to be' \
      'its log says why: kubectl -n kube-flannel logs daemonset/provision-flannel, or -n kube-system before flannel 0.19'
    sleep 1
  done
}
`);

/** Comes after `seeFlannel`; what was there before the run stays. */
export const leaveFlannel = ShellScript.trusted(`
# without LINES: of standard input, those that are not among them.
without() { if [ -n "$1" ]; then grep -vxF "$1" || :; else cat; fi; }

# drop_rules SAVE NETWORK SUBNET BEFORE: all of a table at once, the jumps to a chain before the chain.
drop_rules() {
  rules=$(flannel_rules "$1" "$2" "$3" | without "$4")
  [ -n "$rules" ] || return 0
  for table in $(printf '%s\\n' "$rules" | cut -d' ' -f1 | sort -u); do
    {
      echo "*$table"
      printf '%s\\n' "$rules" | sed -n "s/^$table -A/-D/p"
      printf '%s\\n' "$rules" | sed -n "s/^$table -N \\(.*\\)/-F \\1\\n-X \\1/p"
      echo COMMIT
    } | "\${1%-save}-restore" -w --noflush || warn "the rules of flanneld in table $table could not be removed"
  done
}

# leave_flannel UNIT NETWORK SUBNET DEVICES ROUTES LEGACY-RULES NFT-RULES
leave_flannel() {
  if [ "$1" != pod ]; then systemctl stop "$1" 2>/dev/null || :
  elif [ -n "$(own_pod_flannelds)" ]; then
    warn 'flanneld still runs here in a pod, so what it has set stays'
    exit 0
  fi
  flannel_routes "$2" | without "$5" | while read -r network rest; do
    # shellcheck disable=SC2086
    ip -4 route del "$network" $rest || warn "the route $network $rest could not be removed"
  done
  flannel_devices | cut -d' ' -f1 | without "$4" | while read -r name; do ip link del "$name" || warn "$name could not be removed"; done
  subnet=$(subnet_or_own "$3")
  drop_rules iptables-legacy-save "$2" "$subnet" "$6"
  drop_rules iptables-nft-save "$2" "$subnet" "$7"
}
`);
