import { type ProvisionError, ProvisionErrors } from '../errors.ts';
import type { RunEvent } from '../events.ts';
import { caret, formatLocation } from '../location.ts';
import { createPaint } from './paint.ts';
import { printable } from './words.ts';

export interface ErrorTextOptions {
  readonly color: boolean;
  /** Where it happened, for an error that does not say so itself: the host, the stage. */
  readonly where?: string;
  /** The host it happened on, to be named if the error does not. */
  readonly host?: string;
}

/** An error as a person reads it: what, the place with a caret, the evidence, and last what to do next. */
export function formatError(error: ProvisionError | ProvisionErrors, options: ErrorTextOptions): string {
  if (error instanceof ProvisionErrors) return error.errors.map((one) => formatError(one, options)).join('\n\n');
  const paint = createPaint(options.color);
  const place = error.where === undefined ? options.where : formatLocation(error.where);
  const isNamed = options.host === undefined || `${place} ${error.what}`.includes(options.host);
  const where = isNamed ? place : `${place} (${options.host})`;
  const lines = [
    `${paint.red('✖')} ${paint.bold(paint.red(error.code))}${where ? `  ${where}` : ''}`,
    indent(error.what, '  '),
  ];
  const source = typeof error.where === 'object' ? printable(caret(error.where)) : '';
  if (source !== '') lines.push(source);
  if (error.why) lines.push(paint.dim(indent(error.why, '    ')));
  if (error.fix) lines.push(`  ${paint.green('→')} ${indent(error.fix, '    ').trimStart()}`);
  return lines.join('\n');
}

/** The error of a failure; where it does not say its place itself, the host and the stage stand for it. */
export function formatFailure({ error, host, stage }: RunEvent & { type: 'failure' }, color: boolean): string {
  const where = [host, stage].filter((part) => part !== undefined).join(', ');
  return formatError(error, { color, where, ...(host && { host }) });
}

const indent = (text: string, by: string): string =>
  printable(text)
    .trim()
    .split('\n')
    .map((line) => `${by}${line}`.trimEnd())
    .join('\n');
