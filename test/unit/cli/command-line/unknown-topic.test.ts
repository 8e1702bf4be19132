import { expect, test } from 'vitest';
import { unknownTopic } from '../../../../src/cli/command-line/unknown-topic.ts';

const topics = {
  commands: new Map([
    ['up', 'bring the hosts of an inventory to what it says'],
    ['migrate', 'bring pods from docker0, and flannel with etcd, to the pod network'],
    ['network change', 'give all hosts together another agent'],
  ]),
  operations: new Map([
    ['file', 'a whole file'],
    ['flannel_agent', 'device and routes'],
    ['etcd_keys', 'no keys of flannel in etcd'],
  ]),
  pages: ['flannel-etcd.md', 'network-change.md'],
};

test('commands, operations and pages that have to do with a word are named', () => {
  expect(unknownTopic('flannel', topics)).toMatchObject({
    code: 'UNKNOWN_TOPIC',
    exitCode: 2,
    what: 'there is no command or operation "flannel"',
    why: 'What has to do with it:\nCommands: migrate\nOperations: flannel_agent, etcd_keys\nPages: docs/flannel-etcd.md',
    fix: 'provision help NAME explains one of these commands or operations.',
  });
});

test('several words all have to be there', () => {
  expect(unknownTopic('Flannel-etcd', topics).why).toBe(
    'What has to do with it:\nCommands: migrate\nOperations: etcd_keys\nPages: docs/flannel-etcd.md',
  );
});

test('a misspelt name is guessed', () => {
  const { what, why, fix } = unknownTopic('migarte', topics);
  expect({ what, why, fix }).toEqual({
    what: 'there is no command or operation "migarte" (did you mean "migrate"?)',
    why: undefined,
    fix: 'provision help migrate explains that one.',
  });
});

test('all are listed where nothing is found and nothing is like it', () => {
  const { what, why, fix } = unknownTopic('weather', topics);
  expect({ what, why, fix }).toEqual({
    what: 'there is no command or operation "weather"',
    why: undefined,
    fix: 'Commands: up, migrate, network change. Operations: file, flannel_agent, etcd_keys.',
  });
});
