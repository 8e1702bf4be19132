import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Nodes of a cluster as runs have seen them last, those that are gone by now among them. */
export interface NodeMemory<Record extends { readonly name: string }> {
  recall(): ReadonlyMap<string, Record>;
  /** Those given replace what was known of them; the others stay. */
  keep(nodes: readonly Record[]): void;
}

/** In a file of its own for each inventory, which is whole whenever the power goes. */
export function openNodeMemory<Record extends { readonly name: string }>(
  folder: string,
  inventory: string,
): NodeMemory<Record> {
  const path = join(folder, `${createHash('sha256').update(inventory).digest('hex').slice(0, 16)}.json`);
  const recall = (): ReadonlyMap<string, Record> => {
    const { nodes } = read(path) as { nodes: readonly Record[] };
    return new Map(nodes.map((node) => [node.name, node]));
  };
  return {
    recall,
    keep(nodes) {
      const all = [...new Map([...recall(), ...nodes.map((node) => [node.name, node] as const)]).values()];
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const file = openSync(`${path}.new`, 'w', 0o600);
      try {
        writeSync(file, `${JSON.stringify({ version: 1, inventory, nodes: all })}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(`${path}.new`, path);
    },
  };
}

/** What cannot be read is no memory: it only ever helps. */
function read(path: string): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null && 'nodes' in value && Array.isArray(value.nodes)
      ? value
      : { nodes: [] };
  } catch {
    return { nodes: [] };
  }
}
