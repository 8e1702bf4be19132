import type { ClusterView } from '../../src/operations/cluster-operation.ts';
import { parseFacts } from '../../src/operations/facts/facts.ts';
import type { HostOperation, Upcoming } from '../../src/operations/operation.ts';

export const nothingUpcoming: Upcoming = { files: new Map() };

/** `subject: action` of each change, or `CODE` of the error, for what a probe printed and what is wanted. */
export function changesOf(
  operation: { readonly name: string },
  wish: unknown,
  output: string,
  upcoming = nothingUpcoming,
): readonly string[] {
  const any = operation as unknown as HostOperation;
  const desired = any.schema.parse(wish);
  try {
    return any
      .diff(any.parse(output, desired), desired, upcoming)
      .map(({ subject, action }) => `${subject}: ${action}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [String(error.code)];
    throw error;
  }
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A cluster of the host and Node a, of which nothing was seen, as a run finds it that has changed nothing. */
export const viewOfOne = (more: Partial<ClusterView> = {}): ClusterView => ({
  snapshot: { nodes: [], leader: undefined },
  hosts: [{ name: 'a', nodeName: 'a', facts: parseFacts('') }],
  changing: [],
  others: [],
  changed: false,
  batchChanged: false,
  verify: false,
  ...more,
});
