import { expect, test } from 'vitest';
import { replicaGround } from '../../../../src/cli/scope/replica-ground.ts';
import { replicaOf } from '../../../../src/cli/scope/replica-scope.ts';
import type { Inventory } from '../../../../src/config/host.ts';
import { settingsSchema } from '../../../../src/config/settings.ts';
import type { Host } from '../../../../src/engine/host.ts';
import { ProvisionErrors } from '../../../../src/errors.ts';
import { parseFacts } from '../../../../src/operations/facts/facts.ts';
import { base64 } from '../../../operations/case.ts';

const unit = 'kube-controller-manager.service';
const [one, two] = ['a'.repeat(64), 'b'.repeat(64)];
const flags = '--kubeconfig=/conf/cm --root-ca-file=/ssl/ca.pem --service-account-private-key-file=/ssl/sa.pem';
const unitText = `# /etc/systemd/system/${unit}\n[Service]\nExecStart=/bin/kube-controller-manager ${flags}\n`;

const runs = (key: string, address: string) => `address 2: eth0    inet ${address}/24 scope global eth0
unit MainPID=7
unit Id=${unit}
unit LoadState=loaded
unit ActiveState=active
argv 7 /bin/kube-controller-manager\0${flags.replaceAll(' ', '\0')}\0
manager ${unit} hostname x
manager ${unit} unit ${base64(unitText)}
manager ${unit} file ${one} 644 /ssl/ca.pem
manager ${unit} file ${key} 600 /ssl/sa.pem
`;
const blank = `unit MainPID=0\nunit Id=${unit}\nunit LoadState=not-found\nunit ActiveState=inactive\n`;
const hostOf = (name: string, facts: string) => ({ name, facts: parseFacts(facts) }) as unknown as Host;

const artifact = { path: 'cm', sha256: one, version: '1.34.4' };
const settings = {
  cluster: { kubeconfig: 'k', pod_cidr: '10.5.0.0/16', service_cidr: '10.6.0.0/16' },
  artifacts: { cni_plugins: { path: 'p', sha256: one }, kube_controller_manager: artifact },
  identity: { method: 'ca', ca: { certificate: 'c', key: 'k' } },
};

interface Case {
  readonly peers?: readonly Host[];
  readonly change?: object;
  readonly files?: readonly { path: string; content: string }[];
  readonly own?: string;
}

/** Its variables, or the codes of what is wrong. */
function replica({ peers = [hostOf('cp1', runs(one, '10.0.0.11'))], change = {}, files = [], own = blank }: Case) {
  const all = settingsSchema.parse({ ...settings, ...change });
  const names = ['cp1', 'cp2', 'cp3'];
  const hosts = names.map((name) => ({ name, settings: all, connection: { address: '10.0.0.12' } }));
  const inventory = { hosts, groups: new Map([['control_plane', names]]) } as unknown as Inventory;
  const host = hostOf('cp2', own);
  const brought = files.map((file) => ({ ...file, mode: '0600', secret: true }));
  const ownFiles = new Map([['cp2', { files: brought, hooks: { before: [], after: [] } }]]);
  try {
    return replicaOf(replicaGround(host, [host, ...peers], inventory, ownFiles));
  } catch (error) {
    if (error instanceof ProvisionErrors) return error.errors.map(({ code }) => code);
    throw error;
  }
}

test('it is started like another one, and gets the keys of that', () => {
  expect(replica({})).toMatchObject({
    is_installed: true,
    writes_unit: true,
    command: `/opt/k8s/bin/kube-controller-manager \\\n  ${flags.replaceAll(' ', ' \\\n  ')}`,
    kubeconfigs: ['/conf/cm'],
    copies: [
      {
        host: 'cp1',
        files: [
          { path: '/ssl/ca.pem', source: '/ssl/ca.pem', sha256: one, mode: '644' },
          { path: '/ssl/sa.pem', source: '/ssl/sa.pem', sha256: one, mode: '600' },
        ],
      },
    ],
  });
});

test("the operator's unit and files win over those of another one", () => {
  const content = '[Service]\nEnvironmentFile=/conf/cm.env\nExecStart=/bin/kube-controller-manager $OPTS\n';
  const files = [
    { path: `/etc/systemd/system/${unit}`, content },
    { path: '/conf/cm.env', content: 'OPTS="--kubeconfig=/conf/mine --root-ca-file=/mine/ca.pem"\n' },
    { path: '/conf/mine', content: 'kind: Config' },
  ];
  expect(replica({ files })).toMatchObject({
    writes_unit: false,
    kubeconfigs: [],
    copies: [{ host: 'cp1', files: [{ path: '/mine/ca.pem', source: '/ssl/ca.pem' }] }],
  });
  const all = [...files, { path: '/mine/ca.pem', content: 'ca' }];
  expect(replica({ files: all, peers: [], change: { identity: {} } })).toMatchObject({ copies: [], kubeconfigs: [] });
});

test('what cannot go well is refused', () => {
  const { kube_controller_manager: _, ...without } = settings.artifacts;
  expect(replica({ change: { artifacts: without } })).toEqual(['CONTROLLER_MANAGER_MISSING']);
  expect(replica({ peers: [] })).toEqual(['CONTROLLER_MANAGER_UNKNOWN']);
  expect(replica({ peers: [hostOf('cp1', blank)] })).toEqual(['CONTROLLER_MANAGER_UNKNOWN']);
  expect(replica({ change: { identity: {} } })).toEqual(['REPLICA_CREDENTIAL_MISSING']);
  const peers = [hostOf('cp1', runs(one, '10.0.0.11')), hostOf('cp3', runs(two, '10.0.0.13'))];
  expect(replica({ peers })).toEqual(['PEERS_DISAGREE']);
  const off = { controller_manager: { flags: { 'leader-elect': false } } };
  expect(replica({ change: off })).toEqual(['LEADER_ELECTION_OFF']);
  const serving = { controller_manager: { flags: { 'tls-private-key-file': '/ssl/own.pem' } } };
  expect(replica({ change: serving })).toEqual(['REPLICA_FILE_MISSING']);
});

test('one that is back needs the other one no more', () => {
  const own = `software kube-controller-manager\n${runs(one, '10.0.0.12')}`;
  expect(replica({ own, peers: [] })).toMatchObject({ is_installed: true, writes_unit: false, copies: [] });
});

test('one that an operator has set up is left as it is', () => {
  expect(replica({ own: runs(one, '10.0.0.12'), peers: [], change: { identity: {} } })).toMatchObject({
    is_installed: false,
    copies: [],
  });
});
