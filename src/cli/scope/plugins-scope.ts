import { z } from 'zod';
import { archiveHolds } from '../../config/archive-holds.ts';
import type { Inventory } from '../../config/host.ts';
import type { Settings } from '../../config/settings.ts';

/** What CNI plugins do here, and where that called flannel comes from; of `plugins` in the scope of a task. */
export const pluginsVariables = z.object({
  wire_pods: z.boolean().describe('whether pods get their network from them, and not from Docker'),
  are_sent: z.boolean().describe('whether they are sent to the host, and not brought by an image'),
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
  const sources = async ({ cni_plugins, flannel_cni_plugin }: Settings['artifacts']) => {
    if (cni_plugins === undefined) return { bundled: [], separate: [] };
    if (flannel_cni_plugin) return { bundled: [], separate: ['flannel'] };
    return { bundled: (await holds(cni_plugins.path)) ? ['flannel'] : [], separate: [] };
  };
  const entries = hosts.map(
    async ({ name, settings: { artifacts, cni, network } }): Promise<[string, PluginsScope]> => {
      const wire = network.agent !== 'flannel-etcd';
      return [name, { wire_pods: wire, are_sent: wire && cni.delivery === 'host', ...(await sources(artifacts)) }];
    },
  );
  return new Map(await Promise.all(entries));
}
