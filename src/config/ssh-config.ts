import { ProvisionError } from '../errors.ts';
import type { Location } from '../location.ts';
import { matchesPatterns } from './ssh-config-patterns.ts';
import type { SshDirective } from './ssh-config-text.ts';

/** What ssh_config files say about a host; paths still have their tokens. */
export interface SshSettings {
  readonly hostName?: string;
  readonly port?: number;
  readonly user?: string;
  /** Empty for none at all, not even the usual ones. */
  readonly identityFiles?: readonly string[];
  readonly identitiesOnly: boolean;
  readonly identityAgent?: string;
  readonly userKnownHostsFiles?: readonly string[];
  readonly globalKnownHostsFiles?: readonly string[];
  readonly hostKeyAlias?: string;
  readonly proxyJump?: string;
}

export interface SshQuestion {
  /** The name a user would give to `ssh`. */
  readonly alias: string;
  /** As the inventory has it; goes before that of the files. */
  readonly user?: string;
  /** Where nothing names a user. */
  readonly defaultUser: string;
  readonly localUser: string;
  /** A way to the host that the inventory names, so that one in the files does not count. */
  readonly hasOwnWay: boolean;
}

type Values = Map<string, SshDirective>;

/** The first value of each keyword counts, as with `ssh`. Throws SSH_CONFIG_UNSUPPORTED for what would lead elsewhere. */
export function lookUpSshHost(directives: readonly SshDirective[], question: SshQuestion): SshSettings {
  const values: Values = new Map();
  const identities: string[] = [];
  const asksForFinal = readPass(directives, question, values, identities, false);
  if (asksForFinal) readPass(directives, question, values, identities, true);
  refuseUnsupported(values, question);
  const one = (keyword: string): string | undefined => {
    const value = values.get(keyword)?.values[0];
    return value === undefined || value.toLowerCase() === 'none' ? undefined : value;
  };
  const all = (keyword: string) => values.get(keyword)?.values.filter(isNotNone);
  const set = <Key extends string, Value>(key: Key, value: Value | undefined) =>
    (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
  return {
    ...set('hostName', one('hostname')),
    ...set('port', readPort(values.get('port'))),
    ...set('user', one('user')),
    ...set('identityFiles', identities.length === 0 ? undefined : identities.filter(isNotNone)),
    identitiesOnly: isYes(values.get('identitiesonly')),
    ...set('identityAgent', values.get('identityagent')?.values[0]),
    ...set('userKnownHostsFiles', all('userknownhostsfile')),
    ...set('globalKnownHostsFiles', all('globalknownhostsfile')),
    ...set('hostKeyAlias', one('hostkeyalias')),
    ...set('proxyJump', one('proxyjump')),
  };
}

const isNotNone = (value: string): boolean => value.toLowerCase() !== 'none';

const isYes = (directive: SshDirective | undefined): boolean => directive?.values[0]?.toLowerCase() === 'yes';

function readPort(directive: SshDirective | undefined): number | undefined {
  if (!directive) return undefined;
  const port = Number(directive.values[0]);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new ProvisionError({
    code: 'CONFIG_INVALID',
    kind: 'config',
    what: `Not a port: ${directive.values[0]}`,
    where: directive.place,
    fix: 'Write a number from 1 to 65535.',
  });
}

/** Goes through all lines once; true if one of them waits for the final pass. */
function readPass(
  directives: readonly SshDirective[],
  question: SshQuestion,
  values: Values,
  identities: string[],
  isFinal: boolean,
): boolean {
  const open = new Set<SshDirective>();
  let asksForFinal = false;
  for (const directive of directives) {
    const { keyword } = directive;
    if (!directive.within.every((section) => open.has(section))) continue;
    const host = values.get('hostname')?.values[0]?.replaceAll('%h', question.alias) ?? question.alias;
    if (keyword === 'host') {
      if (matchesPatterns(directive.values, isFinal ? host : question.alias)) open.add(directive);
    } else if (keyword === 'match') {
      if (directive.values.some((word) => word.toLowerCase() === 'final')) asksForFinal = true;
      if (matchHolds(directive, { ...question, host, isFinal, values })) open.add(directive);
    } else if (keyword === 'identityfile') {
      const [file] = directive.values;
      if (file !== undefined && !identities.includes(file)) identities.push(file);
    } else if (!isSettled(keyword, values)) values.set(keyword, directive);
  }
  return asksForFinal;
}

/** Of ProxyJump and ProxyCommand the one that stands first counts. */
const isSettled = (keyword: string, values: Values): boolean =>
  values.has(keyword) ||
  (keyword === 'proxycommand' && values.has('proxyjump')) ||
  (keyword === 'proxyjump' && values.has('proxycommand'));

interface MatchSubject extends SshQuestion {
  readonly host: string;
  readonly isFinal: boolean;
  readonly values: Values;
}

/** Every criterion of a `Match` holds. */
function matchHolds({ values: words, place }: SshDirective, subject: MatchSubject): boolean {
  const subjects: Record<string, string> = {
    host: subject.host,
    originalhost: subject.alias,
    user: subject.user ?? subject.values.get('user')?.values[0] ?? subject.defaultUser,
    localuser: subject.localUser,
  };
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const isNegated = word.startsWith('!');
    const criterion = word.replace(/^!/, '').toLowerCase();
    if (criterion === 'all') continue;
    if (criterion === 'final' || criterion === 'canonical') {
      if ((criterion === 'final' && subject.isFinal) === isNegated) return false;
      continue;
    }
    const against = subjects[criterion];
    const patterns = rest.shift();
    if (against === undefined || patterns === undefined) throw unsupported(`Match ${word}`, place, matchFix);
    if (matchesPatterns(patterns.split(','), against) === isNegated) return false;
  }
  return true;
}

const matchFix = 'Match by host, originalhost, user or localuser, or name another file with ssh_config_file.';

/** Settings that would lead somewhere else, or trust less, if they were passed over in silence. */
function refuseUnsupported(values: Values, { hasOwnWay }: SshQuestion): void {
  const [proxy, canonicalize, revoked] = ['proxycommand', 'canonicalizehostname', 'revokedhostkeys'].map((keyword) =>
    values.get(keyword),
  );
  const isSet = (directive: SshDirective | undefined): directive is SshDirective =>
    directive !== undefined && !['none', 'no'].includes(directive.values.join(' ').toLowerCase());
  if (isSet(proxy) && !hasOwnWay)
    throw unsupported(
      'ProxyCommand',
      proxy.place,
      'Name the jump host with ProxyJump there, or with ssh_proxy_jump in the inventory.',
    );
  if (isSet(canonicalize))
    throw unsupported('CanonicalizeHostname', canonicalize.place, 'Write the full name as HostName.');
  if (isSet(revoked))
    throw unsupported('RevokedHostKeys', revoked.place, 'Write the keys into known_hosts, marked with @revoked.');
}

const unsupported = (what: string, where: Location, fix: string): ProvisionError =>
  new ProvisionError({
    code: 'SSH_CONFIG_UNSUPPORTED',
    kind: 'config',
    what: `${what} of ssh_config is not understood, and decides how a host of the inventory is reached`,
    where,
    fix,
  });
