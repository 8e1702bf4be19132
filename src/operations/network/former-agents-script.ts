import { ShellScript } from '../../shell.ts';
import { agentDevices } from './agent-devices.ts';

/** What agents have on a host, as lines. */
export const seeFormer = ShellScript.trusted(`${agentDevices.source}
# see_unit UNIT: where it is known.
see_unit() {
  [ "$(systemctl show "$1" -p LoadState | cut -d= -f2-)" = loaded ] || return 0
  echo "unit $1 $(systemctl show "$1" -p ActiveState | cut -d= -f2-) $(systemctl is-enabled "$1" 2>/dev/null)"
}
see_chains() {
  for save in iptables-nft-save iptables-legacy-save; do
    ! command -v "$save" >/dev/null || "$save" 2>/dev/null | sed -n 's/^:\\(PROVISION-[A-Z]*\\) .*/chain \\1/p'
  done
}
see_devices() { agent_devices | while read -r device _; do echo "device $device"; done; }
`);

export const dropFormer = ShellScript.trusted(`
# drop_device NAME: once no route leads over it; a node that does not answer is not waited for long.
drop_device() {
  tries=0
  until [ -z "$(ip -4 route show dev "$1" | grep ' via ')" ] || [ "$tries" -ge 20 ]; do tries=$((tries + 1)); sleep 1; done
  ! [ -e "/sys/class/net/$1" ] || ip link del "$1"
}
`);
