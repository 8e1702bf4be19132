import type { Migration, PodOnDocker0 } from '../events.ts';
import { printable } from './words.ts';

/** The story of a migration before it begins: from where to where, in what order, and what it costs. */
export function formatMigration(migration: Migration): string[] {
  return (migration.isNeeded ? tellStory(migration) : tellNothing(migration)).map(printable);
}

const tellNothing = ({ to, meanwhile }: Migration): string[] => [
  '',
  'nothing to migrate: these hosts have no docker0 with pods and no flannel with etcd',
  `The pod network ${to.network} stays, by ${to.agent} (${to.backend}); \`up\` keeps it as it is to be.`,
  ...meanwhile,
  '',
];

function tellStory({ from, to, order, pods, meanwhile }: Migration): string[] {
  const units = [...new Set(from.flannels.map(({ unit }) => unit))].join(', ');
  const old = from.networks.length > 0 ? from.networks.join(', ') : 'docker0';
  const batches = order?.map((names, index) => `${index + 1}. ${names.join(', ')}`) ?? [];
  return [
    '',
    `from  ${old}${units ? `, of flannel with etcd (${units})` : ''}`,
    ...from.docker0.map(({ host, address }) => `      ${host}: docker0 ${address}`),
    `to    ${to.network}, by ${to.agent} (${to.backend})`,
    ...(order === null ? [] : [`order ${batches.join('; ') || 'no node is left on docker0'}`]),
    ...(pods.length === 0 ? [] : ['pods on docker0:']),
    ...pods.map(formatPod),
    'while it lasts:',
    ...meanwhile.map((text) => `      ${text}`),
    '',
  ];
}

const fates: Readonly<Record<PodOnDocker0['fate'], (owner: string) => string>> = {
  anew: (owner) => `of ${owner}, which makes it anew`,
  'on-its-node': (owner) => `of ${owner}, made anew on its node`,
  lost: () => 'bare: it is lost, nobody makes it again',
};

const formatPod = ({ namespace, name, node, address, owner, fate }: PodOnDocker0): string =>
  `      ${namespace}/${name} on ${node}, ${address}, ${fates[fate](owner ?? 'its kubelet')}`;
