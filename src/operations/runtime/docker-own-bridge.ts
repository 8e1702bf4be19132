import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { bridgeFlagsIn, chooseBridge, compileOwnBridge, type OwnBridge } from '../../kubernetes/units/docker-bridge.ts';
import { joinScripts, sh } from '../../shell.ts';
import { decodeBase64, ipv4Network, readLines } from '../fields.ts';
import {
  digest,
  fileChanges,
  parseFile,
  publicFile,
  putFile,
  type SeenFile,
  seeWholeFile,
} from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import { unitName } from '../units/unit-flags.ts';
import { seeUnitFiles, writeDropIn } from '../units/unit-flags-script.ts';
import { parseUnitFiles } from '../units/unit-flags-state.ts';

const schema = z.strictObject({
  unit: unitName.default('docker.service').describe("Docker's systemd unit, which itself is never touched"),
  kubelet: unitName.describe('the kubelet that drives it; stopped with it, and left to a later task'),
  avoid: z.array(ipv4Network).default([]).describe('ranges that its bridge is not to be in'),
});

type Desired = z.output<typeof schema>;

/** Behind a `flannel.conf`, as those drop-ins are called that tell Docker of its bridge. */
const dropInPath = (unit: string): string => `/etc/systemd/system/${unit}.d/zz-provision.conf`;

interface Actual {
  /** Our drop-in. */
  readonly file: SeenFile;
  /** Null where there is no such unit. */
  readonly unit: ReturnType<typeof parseUnitFiles>;
  /** The command line of the process; empty where none runs. */
  readonly running: readonly string[];
  /** Addresses of docker0. */
  readonly bridge: readonly string[];
  /** Networks that the host has routes to, those by docker0 left out. */
  readonly networks: readonly string[];
}

/** Undefined where nobody tells it of its bridge, or where that can no longer be read because our drop-in has made it needless. */
function compile(actual: Actual, { unit, avoid }: Desired): OwnBridge | undefined {
  if (actual.unit === null) return undefined;
  try {
    return compileOwnBridge({ ...actual.unit, path: dropInPath(unit) }, chooseBridge([...avoid, ...actual.networks]));
  } catch (error) {
    const isGone = error instanceof ProvisionError && error.code === 'ENVIRONMENT_FILE_MISSING';
    if (isGone && actual.file.kind === 'file') return undefined;
    throw error;
  }
}

function fileChange(actual: Actual, desired: Desired): readonly Change[] {
  const compiled = compile(actual, desired);
  const path = dropInPath(desired.unit);
  if (compiled === undefined || compiled.content === null) return [];
  if (fileChanges(actual.file, publicFile(path, compiled.content)).length === 0) return [];
  const notes = [
    ...compiled.flattened.map((name) => `; $${name} is written out`),
    ...compiled.unread.map((file) => `; ${file} is read no more`),
  ];
  const lines = (words: readonly string[]) => words.map((word) => `${word}\n`).join('');
  const action = `a bridge of its own by ${path}${notes.join('')}`;
  return [{ subject: desired.unit, action, before: lines(compiled.base), after: lines(compiled.effective) }];
}

/** The process goes by what it was told of its bridge, or it is down and the bridge is still as it was told. */
function bridgeChange(actual: Actual, desired: Desired): readonly Change[] {
  const wanted = bridgeFlagsIn(compile(actual, desired)?.effective ?? actual.running);
  const told = bridgeFlagsIn(actual.running).filter((flag) => !wanted.includes(flag));
  const isDue = told.length > 0 || (actual.running.length === 0 && fileChange(actual, desired).length > 0);
  if (!isDue) return [];
  const before = [actual.bridge.join(', '), told.join(' ')].filter(Boolean).join(', by ');
  return [
    {
      subject: 'docker0',
      action: `stop ${desired.kubelet} and ${desired.unit} and remove it${before ? ` (${before})` : ''}: Docker makes it anew`,
    },
  ];
}

/** Docker on a bridge of its own, whose range no flannel gives it: what ran on it has been drained before. */
export const dockerOwnBridge = defineOperation({
  name: 'docker_own_bridge',
  summary: 'Docker on a bridge of its own, without the flags that flannel gave it',
  schema,
  timeoutSeconds: 180,
  probe: ({ unit }) =>
    joinScripts([
      seeUnitFiles,
      seeWholeFile(dropInPath(unit)),
      sh`once ${`files-${unit}`} see_unit_files ${unit}
echo "running $(running_words ${unit} | encode)"
ip -4 -o addr show dev docker0 2>/dev/null | while read -r _ _ _ address _; do echo "bridge $address"; done
ip -4 route show 2>/dev/null | grep -v -e ' dev docker0 ' -e '^default ' | sed 's/^/network /'`,
    ]),
  parse(output, { unit }): Actual {
    const [first = '', ...rest] = output.split('\n');
    const lines = readLines(rest.join('\n'));
    const valuesOf = (key: string) => lines.filter(([name]) => name === key).map(([, value]) => value);
    return {
      file: parseFile(first),
      unit: parseUnitFiles(lines, unit),
      running: decodeBase64(valuesOf('running')[0] ?? '')
        .split('\0')
        .filter(Boolean),
      bridge: valuesOf('bridge'),
      networks: valuesOf('network').map((route) => route.split(' ').find((word) => /^\d/.test(word)) ?? ''),
    };
  },
  diff: (actual, desired) => [...fileChange(actual, desired), ...bridgeChange(actual, desired)],
  /** Its socket would start it again while the bridge is still there. */
  apply(desired, actual) {
    const { unit, kubelet } = desired;
    const content = compile(actual, desired)?.content ?? null;
    const path = dropInPath(unit);
    const socket = unit.replace(/\.service$/, '.socket');
    return joinScripts([
      writeDropIn,
      ...(content === null || fileChange(actual, desired).length === 0
        ? []
        : [putFile(publicFile(path, content)), sh`check_drop_in ${unit} ${path}`]),
      ...(bridgeChange(actual, desired).length === 0
        ? []
        : [
            sh`systemctl stop ${kubelet}
! systemctl is-active --quiet ${socket} || systemctl stop ${socket}
systemctl stop ${unit}
[ ! -e /sys/class/net/docker0 ] || ip link del dev docker0`,
          ]),
    ]);
  },
  /** Docker goes on as it is until a later task finds it older than its files; it gives the bridge the address it is told. */
  undo: (_, { unit }) => sh`restore ${dropInPath(unit)}
systemctl daemon-reload`,
  writes(desired, actual) {
    const content = compile(actual, desired)?.content;
    return content ? [{ path: dropInPath(desired.unit), sha256: digest(content) }] : [];
  },
  stops: (desired, actual) => (bridgeChange(actual, desired).length > 0 ? [desired.unit, desired.kubelet] : []),
});
