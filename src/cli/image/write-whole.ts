import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProvisionError } from '../../errors.ts';
import { quote } from '../../shell.ts';

/** A file that a person named, or one of our own, whose folder is made where provision runs. */
type Whose = 'named' | 'own';

/** Makes a file that is there whole or not at all, its content only once it is known that it can be written. Throws OUTPUT_UNWRITABLE. */
export async function writeWhole<Made extends Buffer | { readonly archive: Buffer }>(
  path: string,
  make: () => Promise<Made>,
  whose: Whose = 'named',
): Promise<Made> {
  const refuse = (cause: NodeJS.ErrnoException): never => {
    throw unwritable(path, cause, whose);
  };
  if ((await stat(path).catch(() => undefined))?.isDirectory()) throw isFolder(path, whose);
  if (whose === 'own') await mkdir(dirname(path), { recursive: true }).catch(refuse);
  // two runs may make the same file
  const unfinished = `${path}.${process.pid}.unfinished`;
  const file = await open(unfinished, 'w').catch(refuse);
  try {
    const made = await make();
    await file.writeFile(Buffer.isBuffer(made) ? made : made.archive).catch(refuse);
    // on the disk before it has its name
    await file.sync().catch(refuse);
    await rename(unfinished, path).catch(refuse);
    return made;
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

const isFolder = (path: string, whose: Whose): ProvisionError =>
  refusal(
    `${path} is a folder`,
    whose === 'named' ? `Name a file: ${join(path, 'x.tar')}.` : 'Move it away; a file of provision goes there.',
  );

function unwritable(path: string, cause: NodeJS.ErrnoException, whose: Whose): ProvisionError {
  const folder = dirname(path);
  const [another, orAnother] = whose === 'named' ? ['Name a file', 'name a file'] : ['Run provision', 'run provision'];
  if (cause.code === 'ENOENT')
    return refusal(
      `There is no folder ${folder} to write ${path} to`,
      `Make it with mkdir -p ${quote(folder)}, or ${orAnother} in a folder that is there.`,
      cause,
    );
  if (cause.code === 'ENOTDIR' || cause.code === 'EEXIST')
    return refusal(
      `${folder} is no folder to write ${path} to`,
      whose === 'named' ? 'Name a file in a folder that is there.' : 'Move away the file that is in its place.',
      cause,
    );
  if (['EACCES', 'EPERM', 'EROFS'].includes(cause.code ?? ''))
    return refusal(`You may not write to the folder ${folder}`, `${another} in a folder of yours.`, cause);
  return refusal(`${path} cannot be written`, `Make room there, or ${orAnother} elsewhere.`, cause);
}

const refusal = (what: string, fix: string, cause?: Error): ProvisionError =>
  new ProvisionError({
    code: 'OUTPUT_UNWRITABLE',
    kind: 'usage',
    what,
    ...(cause && { why: cause.message, cause }),
    fix,
  });
