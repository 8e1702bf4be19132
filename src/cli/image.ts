import { rename, writeFile } from 'node:fs/promises';
import { inOrder } from '../config/check.ts';
import { checkLocalFiles } from '../config/local-files.ts';
import { ProvisionError, ProvisionErrors } from '../errors.ts';
import { makeCarrier } from './carrier.ts';
import { readFiles } from './wire/read-files.ts';

/** The command `image`: writes the image that `up` would load or push, and says what it is. */
export async function image(file: string, output: string): Promise<void> {
  const { inventory } = await readFiles('up', file);
  const mistakes = await checkLocalFiles(inventory);
  if (mistakes.length > 0) throw new ProvisionErrors(inOrder(mistakes));
  const carrier = await makeCarrier(inventory);
  if (carrier === undefined)
    throw new ProvisionError({
      code: 'NO_IMAGE',
      kind: 'usage',
      what: 'This inventory sends the CNI plugins to each host: there is no image to build',
      where: inventory.locate(['cni', 'delivery']),
      fix: 'Set cni.delivery to init-container.',
    });
  await writeFile(`${output}.unfinished`, carrier.archive);
  await rename(`${output}.unfinished`, output);
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
