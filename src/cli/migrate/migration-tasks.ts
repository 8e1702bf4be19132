import type { RunEvent } from '../../events.ts';
import { quote } from '../../shell.ts';

/** The stage in which nodes go, as the playbook calls it. */
export const leaving = 'Nodes leave docker0 for the pod network';

/** Stages that do what no other command does: they remove what a flannel with etcd has left. */
export const ofMigrationAlone: readonly string[] = [
  'The flannel with etcd is gone',
  'Its keys in etcd are gone',
  'Nothing else is left where provision had set it up',
];

/** Tasks of `leaving` that do so: `up` never touches Docker. */
export const ofDocker0: readonly string[] = [
  'Docker has a bridge of its own again',
  "subnet.env is the agent's",
  'Docker runs on its own bridge',
];

/** Looks whether all that a plan has to do is what `up` and `roll` do as well. */
export function countUsual() {
  let isUsual = true;
  return {
    see(event: RunEvent): void {
      if (event.type !== 'task-planned' || event.status === 'ok' || event.status === 'skipped') return;
      if (ofMigrationAlone.includes(event.stage) || ofDocker0.includes(event.task)) isUsual = false;
    },
    isUsual: (): boolean => isUsual,
  };
}

export const whatElse = (inventory: string): string =>
  `nothing above is a migration: ./provision up ${quote(inventory)} is the command for it, or ./provision roll ${quote(inventory)} where nodes have to be drained`;
