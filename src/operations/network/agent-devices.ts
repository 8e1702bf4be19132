import { ShellScript } from '../../shell.ts';

/** The shell function `agent_devices`: VXLAN devices that bear the names agents give them, with what iproute2 says of each behind it. */
export const agentDevices = ShellScript.trusted(`
agent_devices() {
  ip -d -o link show type vxlan 2>/dev/null | sed -n 's/^[0-9]*: \\(prov-vxlan\\|flannel\\.[0-9]*\\)[:@]\\(.*\\)$/\\1 \\2/p'
}
`);
