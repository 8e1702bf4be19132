import { homedir } from 'node:os';
import { join } from 'node:path';
import { createRedaction } from '../../redaction.ts';

/** The secrets of this process: everything it shows or records goes through its `redact`. */
export const secrets = createRedaction();

/** The file of the age identity that opens encrypted values. */
export const identityFile = (): string =>
  process.env['PROVISION_AGE_IDENTITY_FILE'] ||
  join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'provision/age.txt');
