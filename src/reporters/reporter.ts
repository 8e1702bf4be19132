import { type Redact, redactEvent } from '../redaction.ts';
import type { Display, DisplayOptions } from './display.ts';
import { createNdjson } from './ndjson.ts';
import { createPlain } from './plain.ts';
import { createTerminal } from './terminal.ts';

export interface ReporterOptions extends DisplayOptions {
  readonly output: 'text' | 'json';
  /** A live tree wants a terminal; a log of lines does without. */
  readonly isTerminal: boolean;
  /** Takes the secrets of a run out of what is shown. */
  readonly redact: Redact;
}

/** The display that fits where the output goes. */
export function createReporter(options: ReporterOptions): Display {
  const { show, close } = choose(options);
  return { show: (event) => show(redactEvent(event, options.redact)), close };
}

function choose(options: ReporterOptions): Display {
  if (options.output === 'json') return createNdjson(options);
  return options.isTerminal ? createTerminal(options) : createPlain(options);
}
