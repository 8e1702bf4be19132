import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadConfiguration } from '../../config/load-configuration.ts';
import { openSecrets } from '../../config/open-secrets.ts';
import { openTemplates } from '../../config/template.ts';
import { operations } from '../../operations/registry.ts';
import { identityFile, secrets } from '../login/secrets.ts';
import { engineVariables } from '../scope/scope.ts';

/** The folder of the package, where playbooks/ and templates/ are; bundles are one below it. */
const packageFolder = join(import.meta.dirname, '..');

export const ownTemplates = () => openTemplates(join(packageFolder, 'templates'));

/** By what values of secrets are found. */
export const secretMeans = () => ({ environment: process.env, identityFile: identityFile(), hide: secrets.hide });

/** Reads inventory and playbook, secrets included. Throws ProvisionErrors. */
export async function readFiles(
  playbook: string,
  file: string,
  templates = ownTemplates(),
  set: readonly string[] = [],
): Promise<ReturnType<typeof loadConfiguration>> {
  const { inventory: sealed, ...others } = loadConfiguration({
    inventory: file,
    playbook: join(packageFolder, 'playbooks', `${playbook}.yaml`),
    homeFolder: homedir(),
    hide: secrets.hide,
    templates,
    operations,
    engineVariables,
    set,
  });
  const inventory = await openSecrets(sealed, secretMeans());
  return { inventory, ...others };
}
