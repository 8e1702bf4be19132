import type { Emit } from '../events.ts';

/** Something that tells a person or a program what a run does. */
export interface Display {
  readonly show: Emit;
  /** Ends what is still on the screen; resolves when everything was handed to the stream. */
  close(): Promise<void>;
}

export interface DisplayOptions {
  readonly stream: NodeJS.WritableStream;
  readonly color: boolean;
  /** Also tell what was found right, and each change with its lines before and after. */
  readonly verbose: boolean;
}

/** Resolves when the stream took everything written so far, also where it is broken. */
export const flush = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => {
    stream.write('', () => resolve());
  });
