import { ProvisionError } from '../../errors.ts';

export interface VxlanOfHost {
  readonly host: string;
  readonly device: string;
  readonly vni?: number;
  readonly port?: number;
  /** Shares its port with no plain device: it takes packets of all networks, or has another format. */
  readonly isExclusive?: boolean;
}

/** Devices that an agent of ours, or a flannel that is gone, has made: they are its own, or removed as left over. */
export const agentDevice = /^(prov-vxlan|flannel\.\d+)$/;

/** Refuses hosts where a VXLAN device of somebody else leaves no room for ours; one with another number on the port does. */
export function checkVxlanPort(port: number, vni: number, devices: readonly VxlanOfHost[]): ProvisionError[] {
  const taken = devices.filter(
    (one) => one.port === port && !agentDevice.test(one.device) && (one.isExclusive || one.vni === vni),
  );
  return taken.map(
    ({ host, device, isExclusive }) =>
      new ProvisionError({
        code: 'VXLAN_PORT_TAKEN',
        kind: 'operation',
        what: `${host}: the VXLAN device ${device} has UDP port ${port}${isExclusive ? '' : ` and VNI ${vni}`}, which the pod network is to use`,
        why: isExclusive
          ? 'It shares its port with no other device, so the kernel refuses to bring up ours'
          : 'The kernel makes no second device with the same port and VNI',
        fix: `Set network.vxlan.port to another one, or remove ${device} together with what makes it.`,
      }),
  );
}
