import { z } from 'zod';
import { Unknown } from '../../config/expression.ts';
import { afterInstallation } from '../../engine/stage.ts';
import { ProvisionErrors } from '../../errors.ts';
import {
  needsOf,
  type ReplicaNeeds,
  renderStart,
  servingFlags,
  wordsLike,
} from '../../kubernetes/controller-manager/replica-command.ts';
import { readBase, type UnitRequest } from '../../kubernetes/units/unit-command.ts';
import { dropInPath } from '../../operations/units/unit-flags-state.ts';
import type { Peer, ReplicaGround } from './replica-ground.ts';
import { replicaProof } from './replica-proof.ts';
import { refusalsOf } from './replica-refusals.ts';

const program = 'kube-controller-manager';

/** The controller-manager of a host that is rebuilt; `replica` in the scope of a task. */
export const replicaVariables = z.object({
  is_installed: z.boolean().describe('whether provision installs it'),
  unit: z.string().describe('the name of its unit, also before that is there'),
  writes_unit: z.boolean().describe('whether its unit is ours, with the flags of another one'),
  command: z.string().describe('what its unit starts'),
  folders: z.array(z.string()).describe('folders that its flags name'),
  copies: z
    .array(
      z.object({
        host: z.string(),
        files: z.array(z.object({ path: z.string(), source: z.string(), sha256: z.string(), mode: z.string() })),
      }),
    )
    .describe('what it needs of another control-plane host'),
  kubeconfigs: z.array(z.string()).describe('kubeconfigs that it is given'),
  certificate: z.string().describe('the file of its key and certificate'),
  files: z.array(z.string()).describe('files that its process has to be newer than'),
  health: z.object({ exec: z.array(z.string()) }).describe('a command that succeeds when it could take the lead'),
});

export type Replica = z.output<typeof replicaVariables>;

/** The unit that the operator brings, as systemd would show it. */
function unitOfFiles({ own, files }: ReplicaGround): UnitRequest | undefined {
  const { unit } = own.settings.controller_manager;
  const path = `/etc/systemd/system/${unit}`;
  const fragment = files.find((file) => file.path === path);
  if (fragment === undefined) return undefined;
  const dropIns = files.filter((file) => file.path.startsWith(`${path}.d/`) && file.path.endsWith('.conf'));
  const texts = [fragment, ...dropIns.toSorted((a, b) => (a.path < b.path ? -1 : 1))];
  return {
    unitText: texts.map((file) => `# ${file.path}\n${file.content}`).join('\n'),
    environmentTexts: new Map(files.map((file) => [file.path, file.content])),
    path: dropInPath(unit),
    specifiers: { n: unit, N: unit.replace(/\.service$/, '') },
  };
}

/** The words behind the binary: of the operator's unit, of another controller-manager, or of the unit that is there. */
function wordsOf(
  ground: ReplicaGround,
  isInstalled: boolean,
): { words: readonly string[]; isLikePeer: boolean } | undefined {
  const { host, own, peers } = ground;
  const { unit } = own.settings.controller_manager;
  const wordsIn = (request: UnitRequest): readonly string[] =>
    wordsLike({ argv: readBase(request).words.map(({ value }) => value), addresses: [] }, '');
  const brought = unitOfFiles(ground);
  const there = host.facts.managers.get(unit);
  if (isInstalled && brought !== undefined) return { words: wordsIn(brought), isLikePeer: false };
  const [peer] = peers;
  if (isInstalled && peer) return { words: wordsLike(peer, own.connection.address), isLikePeer: true };
  return there && { words: wordsIn({ ...there.texts, path: dropInPath(unit) }), isLikePeer: false };
}

const isMissing = ({ host, own }: ReplicaGround): boolean =>
  host.facts.units.get(own.settings.controller_manager.unit)?.isMissing === true;

/** Throws ProvisionErrors with all that keeps it from being brought back. */
export function replicaOf(ground: ReplicaGround): Replica {
  const { host, own, files, peers } = ground;
  const { artifacts, controller_manager, identity, install } = own.settings;
  const hasArtifact = artifacts.kube_controller_manager !== undefined;
  const isInstalled = isMissing(ground) || (host.facts.software.has(program) && hasArtifact);
  const found = wordsOf(ground, isInstalled);
  const needs = needsOf(found?.words ?? [], controller_manager.flags);
  const refusals = refusalsOf(ground, { isInstalled, isKnown: found !== undefined, needs });
  if (refusals.length > 0) throw new ProvisionErrors(refusals);
  const isBrought = (path: string): boolean => files.some((file) => file.path === path);
  const copied = isInstalled ? copiesOf(needs, peers[0], isBrought) : [];
  const [kubeconfig = ''] = needs.kubeconfigs;
  const binary = `${install.bin_dir}/${program}`;
  const certificate = `${install.ssl_dir}/${program}-client.pem`;
  return {
    is_installed: isInstalled,
    unit: controller_manager.unit,
    writes_unit: found?.isLikePeer ?? false,
    command: renderStart(binary, found?.words ?? []),
    folders: [...needs.folders],
    copies: copied.length === 0 || peers[0] === undefined ? [] : [{ host: peers[0].name, files: [...copied] }],
    kubeconfigs: identity.method === 'ca' ? needs.kubeconfigs.filter((path) => !isBrought(path)) : [],
    certificate,
    files: [
      dropInPath(controller_manager.unit),
      ...(isInstalled ? new Set([binary, ...needs.kubeconfigs, ...needs.files.values(), certificate]) : []),
    ],
    health: {
      exec: replicaProof({
        kubeconfig,
        url: controller_manager.health_url,
        unit: controller_manager.unit,
        lock: needs.lock,
      }),
    },
  };
}

/** Files of another one that nobody brings; several flags may name the same file. */
function copiesOf({ files }: ReplicaNeeds, peer: Peer | undefined, isBrought: (path: string) => boolean) {
  const wanted = [...files].filter(([flag, path]) => !isBrought(path) && !servingFlags.includes(flag));
  const copies = wanted.flatMap(([flag, path]) => {
    const file = peer?.files.get(flag);
    return file ? [[path, { path, source: file.path, sha256: file.sha256, mode: file.mode }] as const] : [];
  });
  return [...new Map(copies).values()];
}

/** Variables of the host that is rebuilt; its unit is known once it is there. */
export function replicaScope(ground: ReplicaGround): Readonly<Record<string, unknown>> {
  const { controller_manager } = ground.own.settings;
  const later = new Unknown(afterInstallation);
  return {
    replica: replicaOf(ground),
    ...(isMissing(ground) && { controller_manager: { ...controller_manager, unit: later } }),
  };
}
