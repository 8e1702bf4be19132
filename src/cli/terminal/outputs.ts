import { ProvisionError } from '../../errors.ts';

/** Lets a run go on without its outputs: who reads may leave (`provision … | head`). What else went wrong first is returned when asked for. */
export function outliveOutputs(
  outputs: Readonly<Record<string, NodeJS.WritableStream>>,
): () => ProvisionError | undefined {
  let lost: ProvisionError | undefined;
  for (const [name, stream] of Object.entries(outputs))
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EPIPE') lost ??= outputLost(name, cause);
    });
  return () => lost;
}

const outputLost = (name: string, cause: Error): ProvisionError =>
  new ProvisionError({
    code: 'OUTPUT_LOST',
    kind: 'usage',
    what: `some of what provision had to say could not be written to ${name}`,
    why: cause.message,
    fix: 'Make room there or write elsewhere; provision history tells what a run changed.',
    cause,
  });
