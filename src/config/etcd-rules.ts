import type { ProvisionError } from '../errors.ts';
import { mistake } from './check.ts';
import type { Host, Inventory } from './host.ts';
import type { Settings } from './settings.ts';

type Etcd = NonNullable<Settings['network']['etcd']>;

const agent = 'flannel-etcd';

/** Settings that go with flannel on etcd alone, and those that it needs. */
export function checkEtcdSettings(inventory: Inventory, nodes: readonly Host[]): readonly ProvisionError[] {
  const wantsEtcd = inventory.settings.network.agent === agent;
  return [
    ...(wantsEtcd ? checkEtcd(inventory) : refuseEtcd(inventory)),
    ...inventory.hosts.flatMap(checkPlugins),
    ...nodes.flatMap((node) => [...checkCni(node, wantsEtcd), ...(wantsEtcd ? checkRuntime(node) : [])]),
  ];
}

const refuseEtcd = ({ settings: { network }, locate }: Inventory): readonly ProvisionError[] =>
  network.etcd === undefined
    ? []
    : [
        mistake(
          `network.etcd means nothing with the agent ${network.agent}`,
          locate(['network', 'etcd'], 'key'),
          `Take it out, or set network.agent to ${agent}.`,
        ),
      ];

function checkEtcd({ settings: { network }, locate }: Inventory): readonly ProvisionError[] {
  const { etcd } = network;
  if (etcd === undefined)
    return [
      mistake(
        `The agent ${agent} has to know where etcd is, and network.etcd does not say`,
        locate(['network', 'agent']),
        'Write network.etcd: { endpoints: [https://…:2379], ca: …, certificate: …, key: … }.',
      ),
    ];
  const wrong = whatIsWrong(etcd);
  return wrong === undefined ? [] : [mistake(wrong.what, locate(['network', 'etcd'], 'key'), wrong.fix)];
}

function whatIsWrong({ endpoints, ca, certificate, key }: Etcd): { what: string; fix: string } | undefined {
  const hasTls = endpoints.some((endpoint) => endpoint.startsWith('https:'));
  if (hasTls && endpoints.some((endpoint) => endpoint.startsWith('http:')))
    return {
      what: 'Some addresses of etcd are of https and others of http',
      fix: 'Write all of endpoints with https, or all with http.',
    };
  if (hasTls && ca === undefined)
    return {
      what: 'etcd is asked by https, and network.etcd.ca names nobody who vouches for it',
      fix: "Name the certificate of etcd's CA, a local file (PEM): network.etcd: { ca: … }.",
    };
  if (!hasTls && (ca ?? certificate ?? key) !== undefined)
    return {
      what: 'etcd is asked by http, where certificates mean nothing',
      fix: 'Write https in endpoints, or take out ca, certificate and key.',
    };
  if ((certificate === undefined) !== (key === undefined))
    return {
      what: 'A client certificate of network.etcd needs its key, and a key its certificate',
      fix: 'Write both, or neither.',
    };
  return undefined;
}

function checkPlugins({ settings: { cni, network, artifacts }, locate }: Host): readonly ProvisionError[] {
  if (cni.isNone || network.agent === agent || artifacts.cni_plugins !== undefined) return [];
  const what = 'Missing key: "cni_plugins" (the archive (.tgz or .tar) of the CNI plugins)';
  const fix = 'Write artifacts: { cni_plugins: { path: …, sha256: … } }.';
  return [mistake(what, locate(['artifacts'], 'key'), fix)];
}

function checkCni({ settings: { cni, network }, locate }: Host, wantsEtcd: boolean): readonly ProvisionError[] {
  if (cni.isNone === wantsEtcd) return [];
  if (wantsEtcd)
    return [
      mistake(
        `With the agent ${agent} it is Docker that gives containers their addresses, and no CNI plugin`,
        locate(['network', 'agent']),
        'Write cni: none.',
      ),
    ];
  return [
    mistake(
      `The agent ${network.agent} needs CNI plugins, and the inventory says cni: none`,
      locate(['cni']),
      `Take it out, or set network.agent to ${agent}.`,
    ),
  ];
}

const checkRuntime = ({ settings: { runtime }, locate }: Host): readonly ProvisionError[] =>
  runtime.type === 'docker'
    ? []
    : [
        mistake(
          `With the agent ${agent} nodes have to run Docker through dockershim, and the runtime is ${runtime.type}`,
          locate(['runtime', 'type']),
          'Write runtime: { type: docker }, or take another agent: containerd needs CNI plugins.',
        ),
      ];
