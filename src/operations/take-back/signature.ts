/** The digest in what `signature` of the prelude prints of a file: null where there is none, undefined where it is no plain file. */
export function readSignature(signature: string): string | null | undefined {
  if (signature === 'absent') return null;
  return /^file:.*:([0-9a-f]{64})$/.exec(signature)?.[1];
}
