import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { readConfigFile } from './read-config-file.ts';
import { compileGlob } from './ssh-config-patterns.ts';
import { parseSshConfig, type SshConfigText, type SshDirective } from './ssh-config-text.ts';

const systemFile = '/etc/ssh/ssh_config';

/** The user's file and then that of the system, or the one named alone, which has to exist. Throws ProvisionErrors. */
export function readSshConfig(homeFolder: string, file: string | undefined): readonly SshDirective[] {
  const toPath = (folder: string) => (pattern: string) =>
    readMatching(
      resolve(
        folder,
        pattern.replace(/^~(?=\/)/, () => homeFolder),
      ),
    );
  const userFolder = join(homeFolder, '.ssh');
  if (file !== undefined) return parseSshConfig({ file, text: readConfigFile(file) }, toPath(dirname(file)));
  return [join(userFolder, 'config'), systemFile].flatMap((one) =>
    existsSync(one) ? parseSshConfig({ file: one, text: readConfigFile(one) }, toPath(dirname(one))) : [],
  );
}

/** Files by a path whose names may be patterns; those that cannot be read are passed over, as `ssh` does. */
function readMatching(pattern: string): readonly SshConfigText[] {
  const paths = pattern
    .split('/')
    .slice(1)
    .reduce<readonly string[]>((found, name) => found.flatMap((folder) => step(folder, name)), ['/']);
  return paths.flatMap((file) => {
    try {
      return [{ file, text: readFileSync(file, 'utf8') }];
    } catch {
      return [];
    }
  });
}

function step(folder: string, name: string): readonly string[] {
  const fits = compileGlob(name);
  if (!fits) return [join(folder, name)];
  try {
    return readdirSync(folder)
      .filter(fits)
      .sort()
      .map((one) => join(folder, one));
  } catch {
    return [];
  }
}
