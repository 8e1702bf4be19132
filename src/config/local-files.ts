import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import type { Host, Inventory } from './host.ts';

/** What is wrong with the local files that an inventory names: artifacts by content, the kubeconfig by presence. */
export async function checkLocalFiles(inventory: Inventory): Promise<readonly ProvisionError[]> {
  const { kubeconfig } = inventory.settings.cluster;
  const noKubeconfig = existsSync(kubeconfig)
    ? []
    : [
        new ProvisionError({
          code: 'KUBECONFIG_MISSING',
          kind: 'config',
          what: `There is no file ${kubeconfig}`,
          where: inventory.locate(['cluster', 'kubeconfig']),
          fix: "Name an administrator's kubeconfig of the cluster; a relative path counts from the inventory.",
        }),
      ];
  const artifacts = new Map<string, Wanted>();
  for (const host of inventory.hosts)
    for (const wanted of artifactsOf(host)) artifacts.set(`${wanted.sha256} ${wanted.path}`, wanted);
  const found = await Promise.all([...artifacts.values()].map(checkArtifact));
  return [
    ...noKubeconfig,
    ...found.flat(),
    ...inventory.hosts.flatMap(ownFilesMissing),
    ...etcdFilesMissing(inventory),
  ];
}

/** Private keys to log in to these hosts with that are not there; no agent helps, since the file says which of its keys is meant. */
export function keysMissing(hosts: readonly Host[]): readonly ProvisionError[] {
  const found = hosts
    .filter(({ connection }) => connection.type === 'ssh')
    .flatMap(({ connection, locate }) => missing(connection.privateKeyFile, locate(['ansible_ssh_private_key_file'])));
  // hosts share what is said once for all of them
  return [...new Map(found.map((one) => [JSON.stringify([one.what, one.where]), one])).values()];
}

/** What etcd is asked with. */
const etcdFilesMissing = ({ settings: { network }, locate }: Inventory): readonly ProvisionError[] =>
  (['ca', 'certificate', 'key'] as const).flatMap((name) =>
    missing(network.etcd?.[name], locate(['network', 'etcd', name])),
  );

/** Files and scripts of the operator that go to the host as they are. */
const ownFilesMissing = ({ settings: { install }, locate }: Host): readonly ProvisionError[] =>
  [
    ...install.files.map(({ source }, index) => ({ path: source, at: ['install', 'files', index, 'source'] })),
    ...Object.entries(install.hooks).map(([when, path]) => ({ path, at: ['install', 'hooks', when] })),
  ].flatMap(({ path, at }) => missing(path, locate(at)));

const missing = (path: string | undefined, where: Location): readonly ProvisionError[] =>
  path === undefined || existsSync(path)
    ? []
    : [
        new ProvisionError({
          code: 'FILE_MISSING',
          kind: 'config',
          what: `There is no file ${path}`,
          where,
          fix: 'Put the file there or correct the path; a relative path counts from the inventory.',
        }),
      ];

interface Wanted {
  readonly path: string;
  readonly sha256: string;
  readonly pathPlace: Location;
  readonly sha256Place: Location;
}

const artifactsOf = (host: Host): readonly Wanted[] =>
  Object.entries(host.settings.artifacts).flatMap(([name, value]) => {
    const artifacts = Array.isArray(value)
      ? value.map((one, index) => ({ one, at: [name, index] }))
      : [{ one: value, at: [name] }];
    return artifacts.flatMap(({ one, at }) =>
      one === undefined
        ? []
        : [
            {
              path: one.path,
              sha256: one.sha256,
              pathPlace: host.locate(['artifacts', ...at, 'path']),
              sha256Place: host.locate(['artifacts', ...at, 'sha256']),
            },
          ],
    );
  });

async function checkArtifact({ path, sha256, pathPlace, sha256Place }: Wanted): Promise<readonly ProvisionError[]> {
  const status = await stat(path).catch(() => undefined);
  if (!status?.isFile())
    return [
      new ProvisionError({
        code: 'ARTIFACT_MISSING',
        kind: 'config',
        what: `There is no file ${path}`,
        where: pathPlace,
        fix: 'Put the file there or correct the path; a relative path counts from the inventory.',
      }),
    ];
  const actual = await digest(path);
  return actual === sha256 ? [] : [artifactCorrupt(path, sha256Place, sha256, actual)];
}

/** A file has another SHA-256 than the one that is written at that place. */
export const artifactCorrupt = (path: string, where: Location, expected: string, found: string): ProvisionError =>
  new ProvisionError({
    code: 'ARTIFACT_CORRUPT',
    kind: 'config',
    what: `${path} is not the file the inventory means`,
    where,
    why: `expected ${expected}\nfound    ${found}`,
    fix: 'Get the file again, or correct sha256 if this is the file you want.',
  });

async function digest(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
