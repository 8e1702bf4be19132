import type { Host, Inventory } from '../config/host.ts';
import { didYouMean } from '../config/suggest.ts';
import { ProvisionError } from '../errors.ts';

/** The host of --node, by its own name or the Node's. Throws USAGE, for one of the control plane with these words. */
export function findNode(
  { hosts, groups, file }: Inventory,
  node: string,
  notANode: { readonly why: string; readonly fix: string },
): Host {
  const found = hosts.find(({ name }) => name === node) ?? hosts.find(({ nodeName }) => nodeName === node);
  if (found && groups.get('nodes')?.includes(found.name)) return found;
  const names = hosts.map(({ name }) => name);
  throw new ProvisionError({
    code: 'USAGE',
    kind: 'usage',
    where: file,
    ...(found
      ? { what: `--node: ${found.name} is not a node`, ...notANode }
      : {
          what: `--node: the inventory has no host "${node}"${didYouMean(node, names)}`,
          fix: `There is: ${names.join(', ')}.`,
        }),
  });
}
