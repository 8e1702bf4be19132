import { containsCidr, networkOf } from './cidr.ts';

/** One rule of the text that iptables-save prints. */
export interface SavedRule {
  readonly table: string;
  readonly chain: string;
  /** Counts from 1 within its chain. */
  readonly position: number;
  /** What follows `-A CHAIN `, as printed. */
  readonly text: string;
}

export interface FlannelRule extends SavedRule {
  /** `plain`: in POSTROUTING and FORWARD themselves, as up to 0.19; `chains`: in chains of its own, from 0.20 on. */
  readonly style: 'plain' | 'chains';
  /** The pod range it was made for; a jump and the rule for marked packets name none. */
  readonly network?: string;
  /** The node's part of it, where the rule names that. */
  readonly subnet?: string;
}

/** The chains of flannel from 0.20 on, by the chain that leads there. */
export const flannelChains: Readonly<Record<string, string>> = {
  POSTROUTING: 'FLANNEL-POSTRTG',
  FORWARD: 'FLANNEL-FWD',
};

export function readSavedRules(save: string): readonly SavedRule[] {
  const positions = new Map<string, number>();
  const rules: SavedRule[] = [];
  let table = '';
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1).trim();
    const [, chain = '', text = ''] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain === '') continue;
    const position = (positions.get(`${table} ${chain}`) ?? 0) + 1;
    positions.set(`${table} ${chain}`, position);
    rules.push({ table, chain, position, text: text.trimEnd() });
  }
  return rules;
}

/** The words of a rule; iptables-save puts those with spaces in double quotes. */
export const splitRule = (text: string): readonly string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'),
  );

type Shape = Pick<FlannelRule, 'network' | 'subnet'>;

const cidr = String.raw`(\d+(?:\.\d+){3}/\d+)`;
const own = new RegExp(`^-s ${cidr} -d ${cidr} -j RETURN$`);
const outward = new RegExp(`^-s ${cidr} ! -d 224\\.0\\.0\\.0/4 -j MASQUERADE$`);
const arriving = new RegExp(`^! -s ${cidr} -d ${cidr} -j RETURN$`);
const inward = new RegExp(`^! -s ${cidr} -d ${cidr} -j MASQUERADE$`);
const forwarded = new RegExp(`^-[sd] ${cidr} -j ACCEPT$`);
const marked = '-m mark --mark 0x4000/0x4000 -j RETURN';

/** A rule without what differs from one version to the next. */
const bare = (text: string): string =>
  text
    .replace(/ ?-m comment --comment ("[^"]*"|\S+)/, '')
    .replace(/ --random-fully$/, '')
    .trim();

const isInside = (outer: string, inner: string): boolean => {
  const [one, other] = [networkOf(outer), networkOf(inner)];
  return one !== undefined && other !== undefined && containsCidr(one, other);
};

const both = (network: string, part: string): Shape => (network === part ? { network } : { network, subnet: part });

/** What the rule is for, if it has the shape of one that flannel writes in that table. */
function shapeOf(table: string, text: string): Shape | undefined {
  if (table === 'filter') {
    const [, network] = forwarded.exec(text) ?? [];
    return network === undefined ? undefined : { network };
  }
  if (table !== 'nat') return undefined;
  const [, from = '', to = ''] = own.exec(text) ?? [];
  if (from !== '') return isInside(from, to) ? both(from, to) : isInside(to, from) ? both(to, from) : undefined;
  const [, source] = outward.exec(text) ?? [];
  if (source !== undefined) return { network: source };
  const [, network = '', part = ''] = arriving.exec(text) ?? [];
  if (network !== '') return isInside(network, part) ? both(network, part) : undefined;
  const [, all, same] = inward.exec(text) ?? [];
  return all !== undefined && all === same ? { network: all } : undefined;
}

const isCommented = ({ text }: SavedRule): boolean => /--comment "?flanneld (masq|forward)"?/.test(text);

/**
 * The rules that flannel of some version wrote, in what iptables-save of either back end prints. A rule in a chain of
 * others that carries no comment of flannel's counts only where the masquerading rule for the same network stands too:
 * alone it could be anybody's.
 */
export function findFlannelRules(save: string): readonly FlannelRule[] {
  const saved = readSavedRules(save);
  const networks = new Set(
    saved
      .filter(({ table, chain }) => table === 'nat' && chain === 'POSTROUTING')
      .flatMap(({ text }) => outward.exec(bare(text))?.[1] ?? []),
  );
  return saved.flatMap((rule): readonly FlannelRule[] => {
    const text = bare(rule.text);
    const jump = flannelChains[rule.chain];
    if (jump !== undefined && text === `-j ${jump}`) return [{ ...rule, style: 'chains' }];
    const shape = shapeOf(rule.table, text);
    if (Object.values(flannelChains).includes(rule.chain))
      return shape || text === marked ? [{ ...rule, style: 'chains', ...shape }] : [];
    if (jump === undefined || shape?.network === undefined) return [];
    return isCommented(rule) || networks.has(shape.network) ? [{ ...rule, style: 'plain', ...shape }] : [];
  });
}
