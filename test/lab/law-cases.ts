import type { HostOperationName } from '../../src/operations/registry.ts';

export interface LawCase {
  readonly name: string;
  readonly wish: unknown;
  /** A script that makes the host differ from the wish. */
  readonly arrange?: string;
  readonly clean?: string;
  /** The part of the probe that undo promises to bring back. */
  readonly lasting?: (actual: never) => unknown;
}

/** The SHA-256 of the archive that `makeArchive` leaves in the cache of the host. */
export const archiveSha256 = 'f'.repeat(64);

const base = '/var/tmp/laws';
const unit = `[Service]
ExecStart=/bin/sleep 1000000
[Install]
WantedBy=multi-user.target
`;
const makeUnit = `printf '%s' '${unit}' >/etc/systemd/system/laws.service; echo one >/etc/laws.conf; systemctl daemon-reload`;
const dropUnit =
  'systemctl disable --now laws.service; rm -f /etc/systemd/system/laws.service /etc/laws.conf /var/lib/provision/stamps/laws.service; systemctl daemon-reload';

/** For every operation at least one wish that the host does not meet at first. */
export const lawCases: Readonly<Record<HostOperationName, readonly LawCase[]>> = {
  file: [
    {
      name: 'new, with directories',
      wish: { path: `${base}/a/b/c.txt`, content: "it's\n$HOME\n" },
      arrange: `rm -rf ${base}`,
    },
    {
      name: 'other content, mode and owner',
      wish: { path: `${base}/x`, content: 'new\n', mode: '0600', owner: 'daemon', group: 'daemon' },
      arrange: `mkdir -p ${base}; echo old >${base}/x; chmod 640 ${base}/x; chown nobody ${base}/x`,
    },
    { name: 'secret', wish: { path: `${base}/s`, content: 'hidden', mode: '0400', secret: true } },
    {
      name: 'over a link',
      wish: { path: `${base}/l`, content: 'new\n' },
      arrange: `mkdir -p ${base}; ln -sfn /etc/hostname ${base}/l`,
    },
    {
      name: 'absent',
      wish: { path: `${base}/gone`, state: 'absent' },
      arrange: `mkdir -p ${base}; echo old >${base}/gone`,
    },
  ],
  directory: [
    { name: 'new', wish: { path: `${base}/d/e`, mode: '0750' }, arrange: `rm -rf ${base}` },
    { name: 'other mode', wish: { path: `${base}/f`, mode: '0700', owner: 'daemon' }, arrange: `mkdir -p ${base}/f` },
  ],
  sysctl: [
    {
      name: 'forwarding',
      wish: {
        values: { 'net.ipv4.ip_forward': 1, 'net.ipv4.ip_local_port_range': '20000 60000' },
        file: '/etc/sysctl.d/90-laws.conf',
      },
      arrange: 'echo 0 >/proc/sys/net/ipv4/ip_forward',
    },
  ],
  kernel_module: [
    {
      name: 'built in',
      wish: { name: 'br_netfilter' },
      arrange: 'rm -f /etc/modules-load.d/provision-br_netfilter.conf',
    },
  ],
  archive: [
    {
      name: 'beside others, over an older one',
      wish: {
        artifact: { path: 'plugins.tgz', sha256: archiveSha256 },
        directory: `${base}/bin`,
        required: ['bridge', 'foreign'],
      },
      arrange: `mkdir -p ${base}/bin; echo foreign >${base}/bin/foreign; chmod 755 ${base}/bin/foreign; echo older >${base}/bin/bridge`,
    },
    {
      name: 'into nothing',
      wish: { artifact: { path: 'plugins.tgz', sha256: archiveSha256 }, directory: `${base}/new/bin` },
      arrange: `rm -rf ${base}`,
    },
  ],
  service: [
    {
      name: 'started and enabled',
      wish: { unit: 'laws.service', enabled: true, restart_after: ['/etc/laws.conf', '/etc/laws.absent'] },
      arrange: makeUnit,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => [
        properties.get('ActiveState'),
        properties.get('UnitFileState'),
      ],
    },
    {
      name: 'restarted after a change',
      wish: {
        unit: 'laws.service',
        restart_after: ['/etc/laws.conf'],
        health: { exec: ['test', '-e', '/etc/laws.conf'] },
      },
      arrange: `${makeUnit}; systemctl start laws.service; sleep 1; echo two >/etc/laws.conf`,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => properties.get('ActiveState'),
    },
    {
      name: 'stopped',
      wish: { unit: 'laws.service', state: 'stopped' },
      arrange: `${makeUnit}; systemctl start laws.service`,
      clean: dropUnit,
      lasting: ({ properties }: { properties: ReadonlyMap<string, string> }) => properties.get('ActiveState'),
    },
  ],
};

/** Makes the archive of the cases in the host's cache; prints its SHA-256. */
export const makeArchive = `set -eu; d=$(mktemp -d); cd "$d"; mkdir bin
for name in bridge host-local loopback; do echo "#!/bin/sh
# $name" >bin/$name; chmod 755 bin/$name; done
tar -cf a.tar ./bin; gzip -c a.tar >a.tgz
sum=$(sha256sum <a.tgz); sum=\${sum%% *}; mkdir -p /var/lib/provision/cache; mv a.tgz /var/lib/provision/cache/$sum
rm -rf "$d"; printf %s "$sum"`;
