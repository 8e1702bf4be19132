/**
 * All items of several lists once, in an order that is right for each list; of two that no list has an opinion on, the one that
 * came first. Where lists contradict each other, the one that came first goes first.
 */
export function mergeOrders(lists: readonly (readonly string[])[]): string[] {
  const after = new Map<string, Set<string>>();
  const waitsFor = new Map<string, number>();
  for (const list of lists) {
    let last: Set<string> | undefined;
    for (const item of new Set(list)) {
      if (last && !last.has(item)) {
        last.add(item);
        waitsFor.set(item, (waitsFor.get(item) ?? 0) + 1);
      }
      last = after.get(item) ?? new Set();
      after.set(item, last);
    }
  }
  const left = [...after.keys()];
  const merged: string[] = [];
  while (left.length > 0) {
    const index = left.findIndex((item) => (waitsFor.get(item) ?? 0) === 0);
    const [item = ''] = left.splice(Math.max(index, 0), 1);
    for (const next of after.get(item) ?? []) waitsFor.set(next, (waitsFor.get(next) ?? 0) - 1);
    merged.push(item);
  }
  return merged;
}
