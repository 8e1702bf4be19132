import { ProvisionError } from '../../errors.ts';
import { type ShellScript, sh } from '../../shell.ts';

/** The ways from a host to its peers. */
export interface Ways {
  /** Peers reached without a gateway. */
  readonly onLink: ReadonlySet<string>;
  /** The way to each peer that there is one to, in the words of `ip route get`. */
  readonly ways: ReadonlyMap<string, string>;
}

/** Asks by one process for all addresses; nothing is said of those there is no way to. */
export const seeWays = (addresses: readonly string[]): ShellScript =>
  sh`printf 'route get %s\n' ${addresses} | ip -4 -o -force -batch - 2>/dev/null |
  sed 's/^\([a-z]* \)*\([0-9][0-9.]*\) /peer \2 &/'`;

/** Reads the values of `peer`. */
export function parseWays(values: readonly string[]): Ways {
  const ways = values.map((value): readonly [string, string] => {
    const space = value.indexOf(' ');
    return [value.slice(0, space), value.slice(space + 1)];
  });
  const isOnLink = (way: string) => / dev /.test(way) && !/ via /.test(way) && !way.startsWith('local ');
  return {
    onLink: new Set(ways.filter(([, way]) => isOnLink(way)).map(([address]) => address)),
    ways: new Map(ways),
  };
}

/** What host-gw needs; throws NOT_ON_LINK with the first peer that is behind a gateway. */
export function refuseGateways(
  { onLink, ways }: Ways,
  peers: readonly { readonly name: string; readonly address: string }[],
): void {
  const away = peers.find(({ address }) => !onLink.has(address));
  if (away === undefined) return;
  throw new ProvisionError({
    code: 'NOT_ON_LINK',
    kind: 'operation',
    what: `${away.name} (${away.address}) is not on a link of this host`,
    why: ways.get(away.address) ?? 'there is no route to it',
    fix: 'host-gw needs all nodes in one layer 2 segment. Set network.backend: vxlan for nodes that are not, or give the kubelets their addresses on the segment (--node-ip).',
  });
}
