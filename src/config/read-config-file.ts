import { readFileSync } from 'node:fs';
import { ProvisionError, ProvisionErrors } from '../errors.ts';

/** Reads a file; CONFIG_UNREADABLE when that is impossible. */
export function readConfigFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ProvisionErrors([
      new ProvisionError({
        code: 'CONFIG_UNREADABLE',
        kind: 'config',
        what: `${file} cannot be read`,
        why,
        fix: 'Check the path.',
        cause,
      }),
    ]);
  }
}
