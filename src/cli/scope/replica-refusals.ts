import { ProvisionError } from '../../errors.ts';
import { type ReplicaNeeds, servingFlags } from '../../kubernetes/controller-manager/replica-command.ts';
import type { ReplicaGround } from './replica-ground.ts';

interface Found {
  readonly isInstalled: boolean;
  /** Whether a unit or another controller-manager says how it is started. */
  readonly isKnown: boolean;
  readonly needs: ReplicaNeeds;
}

const hint = 'install.files of the host in the inventory';

/** All that keeps a controller-manager from being brought back, before anything is touched. */
export function refusalsOf(ground: ReplicaGround, { isInstalled, isKnown, needs }: Found): readonly ProvisionError[] {
  const { host, own } = ground;
  if (isInstalled && own.settings.artifacts.kube_controller_manager === undefined) return [notBrought(host.name)];
  if (!isKnown) return [notKnown(host.name)];
  if (!needs.electsLeader) return [electionOff(host.name)];
  return isInstalled
    ? [...disagreements(ground, needs), ...missingFiles(ground, needs), ...missingCredentials(ground, needs)]
    : [];
}

const isBrought = ({ files }: ReplicaGround, path: string): boolean => files.some((file) => file.path === path);

/** Keys that are not the same everywhere: nobody knows which is right. */
const disagreements = (ground: ReplicaGround, { files }: ReplicaNeeds): readonly ProvisionError[] =>
  [...files].flatMap(([flag, path]) => {
    const seen = ground.peers.flatMap(({ name, files: theirs }) => {
      const file = theirs.get(flag);
      return file ? [{ name, ...file }] : [];
    });
    const isSame = new Set(seen.map(({ sha256 }) => sha256)).size < 2;
    if (isSame || isBrought(ground, path) || servingFlags.includes(flag)) return [];
    return [
      new ProvisionError({
        code: 'PEERS_DISAGREE',
        kind: 'operation',
        what: `the file of --${flag} is not the same on all controller-managers, and ${ground.host.name} has to have the right one`,
        why: seen.map((one) => `${one.name}:${one.path} ${one.sha256}`).join('\n'),
        fix: `Make them the same, or bring the right one as ${path} in ${hint}.`,
      }),
    ];
  });

const missingFiles = (ground: ReplicaGround, { files }: ReplicaNeeds): readonly ProvisionError[] =>
  [...files].flatMap(([flag, path]) => {
    const isOwn = servingFlags.includes(flag);
    const isThere = ground.host.facts.managers.get(ground.own.settings.controller_manager.unit)?.files.has(path);
    if (isThere || isBrought(ground, path) || (!isOwn && ground.peers[0]?.files.has(flag))) return [];
    return [
      new ProvisionError({
        code: 'REPLICA_FILE_MISSING',
        kind: 'operation',
        what: `${ground.host.name} needs ${path} (--${flag}), and nothing brings it`,
        why: isOwn
          ? 'it vouches for the name of one host, so that it is not taken from another one'
          : 'no other controller-manager that runs and was reached has a file for this flag',
        fix: `Name it in ${hint}: { source: FILE, path: ${path}, mode: "0600" }.`,
      }),
    ];
  });

const missingCredentials = (ground: ReplicaGround, { kubeconfigs }: ReplicaNeeds): readonly ProvisionError[] => {
  const isMade = ground.own.settings.identity.method === 'ca';
  const missing = kubeconfigs.filter((path) => !isMade && !isBrought(ground, path));
  if (kubeconfigs.length > 0 && missing.length === 0) return [];
  return [
    new ProvisionError({
      code: 'REPLICA_CREDENTIAL_MISSING',
      kind: 'config',
      what: `${ground.host.name} has no credential for its controller-manager: ${missing.join(', ') || 'no --kubeconfig is named'}`,
      fix: `Set identity.method: ca with the CA, so that it gets a certificate; or name a kubeconfig in ${hint}.`,
    }),
  ];
};

const notBrought = (host: string): ProvisionError =>
  new ProvisionError({
    code: 'CONTROLLER_MANAGER_MISSING',
    kind: 'config',
    what: `${host} has no controller-manager, and the inventory brings none`,
    fix: 'Name the program as artifacts.kube_controller_manager: { path: …, sha256: …, version: … }.',
  });

const notKnown = (host: string): ProvisionError =>
  new ProvisionError({
    code: 'CONTROLLER_MANAGER_UNKNOWN',
    kind: 'operation',
    what: `nothing says how the controller-manager of ${host} is started`,
    why: 'no other control-plane host that was reached runs one, and the inventory brings no unit',
    fix: `Bring its unit, and what that names, in ${hint}; or start the controller-manager of another host.`,
  });

const electionOff = (host: string): ProvisionError =>
  new ProvisionError({
    code: 'LEADER_ELECTION_OFF',
    kind: 'operation',
    what: `the controller-manager of ${host} would start with --leader-elect=false`,
    why: 'beside one that leads, it would do the same work a second time',
    fix: 'Take the flag out of the unit, or set controller_manager.flags: { leader-elect: true } in the inventory.',
  });
