import { z } from 'zod';
import { archiveHolds } from '../../config/archive-holds.ts';
import type { Inventory } from '../../config/host.ts';

/** Where the CNI plugin flannel comes from; of `plugins` in the scope of a task. */
export const pluginsVariables = z.object({
  bundled: z.array(z.string()).describe('what the archive of CNI plugins brings'),
  separate: z.array(z.string()).describe('what has an artifact of its own'),
});

export type PluginsScope = z.output<typeof pluginsVariables>;

/** By host. An archive is looked into only where nothing else brings the plugin. */
export async function readPlugins({ hosts }: Inventory): Promise<ReadonlyMap<string, PluginsScope>> {
  const looked = new Map<string, Promise<boolean>>();
  const holds = (path: string): Promise<boolean> => {
    const answer = looked.get(path) ?? archiveHolds(path, 'flannel');
    looked.set(path, answer);
    return answer;
  };
  const entries = hosts.map(async ({ name, settings: { artifacts } }): Promise<[string, PluginsScope]> => {
    if (artifacts.cni_plugins === undefined) return [name, { bundled: [], separate: [] }];
    if (artifacts.flannel_cni_plugin) return [name, { bundled: [], separate: ['flannel'] }];
    return [name, { bundled: (await holds(artifacts.cni_plugins.path)) ? ['flannel'] : [], separate: [] }];
  });
  return new Map(await Promise.all(entries));
}
