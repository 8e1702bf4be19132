import { inOrder } from '../../config/check.ts';
import type { Inventory } from '../../config/host.ts';
import { checkLocalFiles } from '../../config/local-files.ts';
import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import { readFiles } from '../wire/read-files.ts';
import { carrierOf } from './carrier.ts';
import { writeWhole } from './write-whole.ts';

/** The command `image`: writes the image that `up` would load or push, and says what it is. */
export async function image(file: string, output: string): Promise<void> {
  const { inventory } = await readFiles('up', file);
  const mistakes = await checkLocalFiles(inventory);
  if (mistakes.length > 0) throw new ProvisionErrors(inOrder(mistakes));
  const planned = carrierOf(inventory);
  if (planned === undefined) throw noImage(inventory);
  const carrier = await writeWhole(output, planned.build);
  const { name, manifest } = carrier.image;
  const lines = [
    ['image', name],
    ['manifest', manifest.digest],
    ['file', output],
    ['sha256', carrier.sha256],
    ['plugins', carrier.plugins.map((plugin) => plugin.name).join(' ')],
  ];
  process.stdout.write(lines.map(([key = '', value]) => `${key.padEnd(10)}${value}\n`).join(''));
}

/** Says all that has to be set, since each of it is refused without the rest. */
export function noImage({ settings, locate }: Inventory): ProvisionError {
  const { network, artifacts } = settings;
  const due = [
    ...(network.agent === 'flannel-daemonset' ? [] : ['network.agent to flannel-daemonset']),
    'cni.delivery to init-container',
  ];
  const base = artifacts.carrier_base === undefined ? ', and name artifacts.carrier_base' : '';
  return new ProvisionError({
    code: 'NO_IMAGE',
    kind: 'usage',
    what: 'This inventory sends the CNI plugins to each host: there is no image to build',
    where: locate(['cni', 'delivery']),
    fix: `Set ${due.join(' and ')}${base}.`,
  });
}
