import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import { formatError } from '../../reporters/error-text.ts';
import { secrets } from '../login/secrets.ts';

/** Colours where a person looks and did not say no (no-color.org). */
export const wantsColor = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';

const isExpected = (error: unknown): error is ProvisionError | ProvisionErrors =>
  error instanceof ProvisionError || error instanceof ProvisionErrors;

/** 70 for what is our own fault. */
export const exitCodeOf = (error: unknown): number => (isExpected(error) ? error.exitCode : 70);

/** An error a person can act on in its own words, anything else with its stack. */
export function printError(error: unknown): void {
  const text = isExpected(error)
    ? formatError(error, { color: wantsColor(process.stderr) })
    : `✖ INTERNAL  a mistake of provision itself\n${error instanceof Error ? error.stack : String(error)}`;
  process.stderr.write(`${secrets.redact(text)}\n`);
}
