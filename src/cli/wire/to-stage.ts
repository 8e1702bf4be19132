import type { Inventory } from '../../config/host.ts';
import type { Stage as PlaybookStage } from '../../config/playbook.ts';
import { resolveTask } from '../../config/resolve.ts';
import { selectHosts } from '../../config/select.ts';
import type { Templates } from '../../config/template.ts';
import type { Stage } from '../../engine/stage.ts';
import { findOperation } from '../../operations/registry.ts';
import { rollingOf } from './rolling.ts';

/** A stage of a playbook for the hosts of an inventory; a node that failed in a rolling one is put back, or kept as it is. */
export const toStage = (
  stage: PlaybookStage,
  inventory: Inventory,
  templates: Templates,
  { keepFailed = false }: { readonly keepFailed?: boolean } = {},
): Stage => ({
  name: stage.name,
  hosts: selectHosts(inventory, stage.hosts).map((host) => host.name),
  serial: stage.allOrNone ? ['100%'] : stage.serial,
  order: stage.order,
  protectReady: stage.protectReady,
  rolling: stage.rolling ? { ...rollingOf(inventory, keepFailed), allOrNone: stage.allOrNone } : undefined,
  beyondLimit: stage.beyondLimit,
  tasks: stage.tasks.map((task) => ({
    name: task.name,
    operation: findOperation(task.operation),
    resolve: (scope) => resolveTask(task, scope, templates),
  })),
});
