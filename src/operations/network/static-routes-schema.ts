import { z } from 'zod';
import { ipv4Network } from '../fields.ts';

/** What the agent on a host is to keep. */
export const staticRoutesSchema = z.strictObject({
  cluster_cidr: ipv4Network.describe('the range of all pods'),
  subnet: ipv4Network
    .nullish()
    .describe("this node's part of it; none on a host that runs no pods, which gets routes alone"),
  peers: z
    .array(
      z.strictObject({
        name: z.string().describe('name of the Node'),
        pod_cidr: ipv4Network.describe(
          'its part of the range; of a host that runs no pods its address on the VXLAN network',
        ),
        address: z.ipv4().describe('its own address'),
      }),
    )
    .describe('all other nodes; on nodes, with VXLAN, also hosts without a Node'),
  backend: z.enum(['host-gw', 'vxlan']).default('host-gw').describe('routes alone, or within UDP packets'),
  vxlan: z
    .strictObject({
      port: z.int().default(8472).describe('the UDP port'),
      vni: z.int().default(1).describe('the number of the VXLAN network'),
      direct_routing: z.boolean().default(false).describe('whether peers on a link of this host get plain routes'),
    })
    .prefault({})
    .describe('for the backend `vxlan`'),
  interface: z.string().optional().describe('name or address of the interface towards the peers'),
  address: z.ipv4().nullish().describe('the address that the peers know this host by; found if not given'),
  overlay_address: z.ipv4().nullish().describe("the VXLAN device's address: the first of the subnet"),
  masquerade: z.boolean().default(true).describe('whether pods leave the cluster under the address of their node'),
  leaves_subnet_env: z
    .boolean()
    .default(false)
    .describe('leave /run/flannel/subnet.env to the flannel that Docker goes by, as `subnet_file` says'),
  mtu: z.number().int().optional().describe("of the pods; the link's when not given, less 50 with VXLAN"),
});

export type StaticRoutes = z.output<typeof staticRoutesSchema>;
