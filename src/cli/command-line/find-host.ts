import type { Host, Inventory } from '../../config/host.ts';
import { didYouMean } from '../../config/suggest.ts';
import { ProvisionError } from '../../errors.ts';

/** Who may be meant, and what to say of any other host. */
export interface Meant {
  readonly groups: readonly string[];
  readonly what: (host: string) => string;
  readonly why?: string;
  readonly fix: string;
}

/** The host of --node, by its own name or the Node's. Throws USAGE. */
export function findHost(
  { hosts, groups, file }: Inventory,
  node: string,
  { groups: meant, what, ...words }: Meant,
): Host {
  const found = hosts.find(({ name }) => name === node) ?? hosts.find(({ nodeName }) => nodeName === node);
  if (found && meant.some((group) => groups.get(group)?.includes(found.name))) return found;
  const names = hosts.map(({ name }) => name);
  throw new ProvisionError({
    code: 'USAGE',
    kind: 'usage',
    where: file,
    ...(found
      ? { what: `--node: ${what(found.name)}`, ...words }
      : {
          what: `--node: the inventory has no host "${node}"${didYouMean(node, names)}`,
          fix: `There is: ${names.join(', ')}.`,
        }),
  });
}
