import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProvisionError } from '../../errors.ts';
import { quote } from '../../shell.ts';

/** Makes a file that is there whole or not at all, its content only once it is known that it can be written. Throws OUTPUT_UNWRITABLE. */
export async function writeWhole<Made extends { readonly archive: Buffer }>(
  path: string,
  make: () => Promise<Made>,
): Promise<Made> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw unwritable(path, cause);
  };
  if ((await stat(path).catch(() => undefined))?.isDirectory()) throw isFolder(path);
  const unfinished = `${path}.unfinished`;
  const file = await open(unfinished, 'w').catch(refuse);
  try {
    const made = await make();
    await file.writeFile(made.archive).catch(refuse);
    await rename(unfinished, path).catch(refuse);
    return made;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

const isFolder = (path: string): ProvisionError =>
  refusal(`${path} is a folder`, `Name a file: ${join(path, 'x.tar')}.`);

function unwritable(path: string, cause: NodeJS.ErrnoException): ProvisionError {
  const folder = dirname(path);
  if (cause.code === 'ENOENT')
    return refusal(
      `There is no folder ${folder} to write ${path} to`,
      `Make it with mkdir -p ${quote(folder)}, or name a file in a folder that is there.`,
      cause,
    );
  if (cause.code === 'ENOTDIR')
    return refusal(`${folder} is no folder to write ${path} to`, 'Name a file in a folder that is there.', cause);
  if (['EACCES', 'EPERM', 'EROFS'].includes(cause.code ?? ''))
    return refusal(`You may not write to the folder ${folder}`, 'Name a file in a folder of yours.', cause);
  return refusal(`${path} cannot be written`, 'Make room there, or name a file elsewhere.', cause);
}

const refusal = (what: string, fix: string, cause?: Error): ProvisionError =>
  new ProvisionError({
    code: 'OUTPUT_UNWRITABLE',
    kind: 'usage',
    what,
    ...(cause && { why: cause.message, cause }),
    fix,
  });
