import type { HostKeyChange } from '../events.ts';

const how: Readonly<Record<HostKeyChange['accepted'], string>> = {
  fingerprint: 'accepted by its fingerprint',
  option: 'accepted unseen',
  answer: 'accepted at the prompt',
};

/** The key of a machine in another one's place: what was known, and what is. */
export const formatHostKey = ({ host, name, before, after, accepted }: HostKeyChange): string[] => [
  `${host} (${name}) has ${before.length > 0 ? 'another' : 'a'} host key, ${how[accepted]}`,
  ...before.map((key) => `  before  ${key}`),
  `  now     ${after}`,
];
