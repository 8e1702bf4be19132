import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import Handlebars from 'handlebars';
import { parse } from 'yaml';
import type { z } from 'zod';

/** A value that a later stage will make known. */
export class Unknown {
  readonly until: string;
  constructor(until: string) {
    this.until = until;
  }
}

type Record_ = Record<string, any>;

export async function loadInventory(file: string) {
  const all = parse(await readFile(file, 'utf8')).all as Record_;
  const at = (path: string) => resolve(dirname(file), path);
  const groups = new Map<string, string[]>();
  const hosts = new Map<string, Record_>();
  for (const [group, content] of Object.entries<Record_>(all['children'])) {
    groups.set(group, Object.keys(content['hosts']));
    for (const [name, vars] of Object.entries<Record_>(content['hosts'])) hosts.set(name, { ...all['vars'], ...vars });
  }
  const vars = all['vars'];
  const plugins = { ...vars.artifacts.cni_plugins, path: at(vars.artifacts.cni_plugins.path) };
  const settings = {
    cni: { bin_dir: '/usr/lib/cni', conf_dir: '/etc/cni/net.d' },
    kubelet: { unit: 'kubelet.service', flags: {} },
    controller_manager: { unit: 'kube-controller-manager.service', flags: {} },
    runtime: { type: 'containerd', unit: 'containerd.service', config: '/etc/containerd/config.toml' },
    ...vars,
    cluster: { ...vars.cluster, kubeconfig: at(vars.cluster.kubeconfig) },
    network: { masquerade: true, ...vars.network },
    artifacts: { cni_plugins: plugins },
    verify: { image: null, ...vars.verify },
    timeouts: { ready_seconds: 300 },
  };
  return { groups, hosts, settings, at };
}

function fill(value: unknown, scope: Record_, templates: Map<string, string>): unknown {
  if (typeof value === 'string') {
    const get = (path: string) =>
      path
        .trim()
        .split('.')
        .reduce<any>((v, k) => (v instanceof Unknown ? v : v?.[k]), scope);
    const only = /^\{\{([^{}]*)\}\}$/.exec(value)?.[1];
    if (only) return get(only);
    return value.replaceAll(/\{\{([^{}]*)\}\}/g, (_, path: string) => {
      const v = get(path);
      if (v instanceof Unknown) throw v;
      return String(v);
    });
  }
  if (Array.isArray(value)) return value.map((one) => fill(one, scope, templates));
  if (typeof value === 'object' && value !== null) {
    const { template, ...rest } = value as Record_;
    const filled = Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, fill(v, scope, templates)]));
    if (template === undefined) return filled;
    const text = Handlebars.compile(templates.get(template) ?? '', { strict: true, noEscape: true })(scope);
    return { ...filled, content: text };
  }
  return value;
}

const touches = (value: unknown): Unknown | undefined =>
  value instanceof Unknown
    ? value
    : typeof value === 'object' && value !== null
      ? Object.values(value).map(touches).find(Boolean)
      : undefined;

export async function loadPlaybook(
  file: string,
  templatesFolder: string,
  registry: ReadonlyMap<string, { schema: z.ZodType }>,
) {
  const playbook = parse(await readFile(file, 'utf8')) as Record_;
  const { readdirSync, readFileSync } = await import('node:fs');
  const templates = new Map(
    readdirSync(templatesFolder).map((name) => [name, readFileSync(join(templatesFolder, name), 'utf8')]),
  );
  return playbook['stages'].map((stage: Record_) => ({
    ...stage,
    tasks: stage['tasks'].map((task: Record_) => {
      const key = Object.keys(task).find((name) => registry.has(name)) ?? '';
      const operation = registry.get(key);
      return {
        name: task['name'],
        operation,
        resolve(scope: Record_) {
          try {
            if (scope['node']?.peers instanceof Unknown && JSON.stringify(task).includes('static-routes.peers'))
              throw scope['node'].peers;
            const desired = fill(task[key], scope, templates);
            const unknown = touches(desired);
            if (unknown) throw unknown;
            return [{ status: 'known', task: task['name'], desired: operation?.schema.parse(desired) }];
          } catch (error) {
            if (error instanceof Unknown) return [{ status: 'unknown', task: task['name'], until: error.until }];
            throw error;
          }
        },
      };
    }),
  }));
}
