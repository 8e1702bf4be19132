import { ProvisionError } from '../../errors.ts';
import { type Cidr, containsAddress, nodeRangeCount, overlaps, parseCidr } from './cidr.ts';

export interface RangePlan {
  /** The range that pods get their addresses from, for instance 10.5.0.0/16. */
  readonly clusterCidr: string;
  readonly serviceCidr?: string;
  readonly nodeMaskSize: number;
  readonly hosts: readonly { readonly name: string; readonly address: string }[];
  /** How many of the hosts are Nodes. */
  readonly nodeCount: number;
}

/** What the inventory alone says wrong about addresses, all of it at once. */
export function checkRanges(plan: RangePlan): ProvisionError[] {
  const parsed = [plan.clusterCidr, ...(plan.serviceCidr === undefined ? [] : [plan.serviceCidr])].map(tryParse);
  const invalid = parsed.filter((range) => range instanceof ProvisionError);
  const [pods, services] = parsed;
  if (invalid.length > 0 || pods === undefined || pods instanceof ProvisionError) return invalid;
  const serviceRange = services instanceof ProvisionError ? undefined : services;
  return [
    ...checkServiceRange(pods, serviceRange),
    ...checkNodeMask(pods, plan),
    ...checkHostAddresses(pods, serviceRange, plan),
  ];
}

function tryParse(text: string): Cidr | ProvisionError {
  try {
    return parseCidr(text);
  } catch (error) {
    if (error instanceof ProvisionError) return error;
    throw error;
  }
}

function checkServiceRange(pods: Cidr, services: Cidr | undefined): ProvisionError[] {
  if (!services || !overlaps(pods, services)) return [];
  return [
    new ProvisionError({
      code: 'RANGES_OVERLAP',
      kind: 'config',
      what: `The pod range ${pods.text} and the service range ${services.text} overlap`,
      why: 'An address in both would be a pod on one node and a service on another',
      fix: 'Choose a pod range that has no address of the service range',
    }),
  ];
}

function checkNodeMask(pods: Cidr, { nodeMaskSize, nodeCount }: RangePlan): ProvisionError[] {
  const longest = Math.min(30, pods.prefixLength + 16);
  if (nodeMaskSize <= pods.prefixLength || nodeMaskSize > longest)
    return [
      new ProvisionError({
        code: 'NODE_MASK_INVALID',
        kind: 'config',
        what: `A node mask of /${nodeMaskSize} does not fit the pod range ${pods.text}`,
        why: 'The controller-manager wants it longer than the mask of the range, by at most 16 bits',
        fix: `Choose a node mask from /${pods.prefixLength + 1} to /${longest}`,
      }),
    ];
  const room = nodeRangeCount(pods, nodeMaskSize);
  if (nodeCount <= room) return [];
  return [
    new ProvisionError({
      code: 'RANGE_TOO_SMALL',
      kind: 'config',
      what: `${pods.text} has room for ${room} nodes of /${nodeMaskSize}, the inventory has ${nodeCount}`,
      fix: 'Choose a larger pod range or a longer node mask',
    }),
  ];
}

function checkHostAddresses(pods: Cidr, services: Cidr | undefined, plan: RangePlan): ProvisionError[] {
  const errors: ProvisionError[] = [];
  const owners = new Map<string, string>();
  for (const { name, address } of plan.hosts) {
    const owner = owners.get(address);
    owners.set(address, owner ?? name);
    if (owner !== undefined)
      errors.push(
        new ProvisionError({
          code: 'ADDRESS_DUPLICATE',
          kind: 'config',
          what: `${owner} and ${name} both have the address ${address}`,
          fix: 'Give every host of the inventory an address of its own',
        }),
      );
    for (const range of [pods, ...(services ? [services] : [])])
      if (containsAddress(range, address))
        errors.push(
          new ProvisionError({
            code: 'HOST_INSIDE_RANGE',
            kind: 'config',
            what: `${name} (${address}) lies inside the ${range === pods ? 'pod' : 'service'} range ${range.text}`,
            why: 'Packets to that host would be taken for packets to a pod or service',
            fix: 'Choose a range without addresses of hosts',
          }),
        );
  }
  return errors;
}
