import { ShellScript } from '../../shell.ts';
import { seeFlannel } from '../flannel/flannel-agent-script.ts';
import { flannelUnit } from '../flannel/flanneld-processes.ts';
import { agentDevices } from './agent-devices.ts';
import { agentTimer, agentUnit } from './static-routes-state.ts';

/** What agents of ours run and have set, as lines. */
export const seeAgents = ShellScript.trusted(`${seeFlannel.source}
${agentDevices.source}
# see_agents RANGE: units, routes to pods of other nodes, VXLAN devices.
see_agents() {
  for unit in ${agentTimer} ${agentUnit} ${flannelUnit}; do
    echo "unit $unit $(systemctl show "$unit" -p ActiveState | cut -d= -f2-)"
  done
  ip -4 -o route show table main | grep ' via ' | in_range "$1" | sed 's/^/route /; s/ *$//'
  agent_devices | sed 's/^/device /'
}
`);

export const handOverScript = ShellScript.trusted(`
# rename_device OLD NEW: with its neighbours; routes over it come back under no name of an agent, so as flannel has them.
rename_device() {
  neighbours=$(ip -4 neigh show dev "$1" nud permanent)
  routes=$(ip -4 -o route show dev "$1" | grep ' via ' | sed 's/ proto [^ ]*//; s/ linkdown//')
  if ! { ip link set "$1" down && ip link set "$1" name "$2" && ip link set "$2" up; }; then
    ip link del "$1" || warn "$1 could neither become $2 nor be removed"
    return 0
  fi
  printf '%s\\n' "$neighbours" | while read -r address _ mac _; do
    [ -z "$mac" ] || ip neigh replace "$address" lladdr "$mac" dev "$2" nud permanent || :
  done
  printf '%s\\n' "$routes" | while read -r network rest; do
    # shellcheck disable=SC2086
    [ -z "$network" ] || ip -4 route replace "$network" $rest dev "$2" || warn "no route to $network over $2"
  done
}
`);
