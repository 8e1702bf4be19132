import { z } from 'zod';
import type { Change } from '../../events.ts';
import { defaultRootDir, whatSays } from '../../kubernetes/kubelet/kubelet-comparison.ts';
import {
  type Manager,
  managers,
  policyAfter,
  policyChanges,
  stateFile,
} from '../../kubernetes/kubelet/manager-state.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { decodeBase64, readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { kubeletConfig } from './kubelet-config.ts';
import { compareKubelet, parseRunning, type RunningKubelet, seeRunning } from './kubelet-sources.ts';

const schema = kubeletConfig.schema.extend({
  by_files: z.boolean().default(false).describe("whether the kubelet's files are already as they are to be"),
});

type Desired = z.output<typeof schema>;

interface Actual extends RunningKubelet {
  /** The policy that a file was written with, by its path. */
  readonly policies: ReadonlyMap<string, string>;
}

const seeStates = ShellScript.trusted(`
# see_states FOLDER…: the policy of every state file of a kubelet's managers below these.
see_states() {
  for folder in $(printf '%s\\n' "$@" | sed 's|/*$||' | sort -u); do
    for path in "$folder"/*_manager_state; do
      [ ! -f "$path" ] || echo "policy $(printf %s "$path" | encode) $(sed -n 's/.*"policyName":"\\([^"]*\\)".*/\\1/p' "$path")"
    done
  done
}
`);

interface Stale {
  readonly path: string;
  readonly because: string;
}

/** The files that the kubelet to come would not start with. */
function staleFiles(actual: Actual, desired: Desired): readonly Stale[] {
  const { before, after } = compareKubelet(actual, desired, desired.by_files);
  const folder = whatSays(after, 'rootDir')?.value ?? defaultRootDir;
  const changes = policyChanges(before, after);
  return managers.flatMap((manager: Manager): Stale[] => {
    const path = `${folder}/${stateFile(manager)}`;
    const [was, is] = [actual.policies.get(path), policyAfter(manager, after)];
    if (!was || is === undefined) return [];
    if (was !== is.value) return [{ path, because: `it is of the policy ${was}, and ${is.value} is to come` }];
    const change = changes.find((one) => one.manager === manager && !one.isPolicy);
    return change === undefined ? [] : [{ path, because: `${change.before} → ${change.after}` }];
  });
}

const removeFiles = (files: readonly Stale[]): ShellScript => sh`rm -f -- ${files.map(({ path }) => path)}`;

/** Comes before the kubelet's files are written: until then the one that runs shows what it was started with. */
export const managerState = defineOperation({
  name: 'manager_state',
  summary: "no state of the kubelet's CPU and memory managers with which the kubelet to come would not start",
  schema,
  timeoutSeconds: 120,
  probe: ({ unit, flags }) =>
    joinScripts([
      seeRunning(unit, flags),
      seeStates,
      sh`see_states ${[defaultRootDir, ...('root-dir' in flags ? [String(flags['root-dir'])] : [])]} $(flag_files ${unit} root-dir)`,
    ]),
  parse: (output, desired): Actual => ({
    ...parseRunning(output, desired),
    policies: new Map(
      readLines(output)
        .filter(([key]) => key === 'policy')
        .map(([, value]) => {
          const [path = '', policy = ''] = value.split(' ');
          return [decodeBase64(path), policy];
        }),
    ),
  }),
  diff: (actual, desired): readonly Change[] =>
    staleFiles(actual, desired).map(({ path, because }) => ({
      subject: path,
      action: `stop ${desired.unit} and remove it: ${because}`,
    })),
  stops: (desired, actual) => (staleFiles(actual, desired).length > 0 ? [desired.unit] : []),
  /** In this order: a kubelet that runs writes its file anew. */
  apply: (desired, actual) =>
    joinScripts([sh`systemctl stop ${desired.unit}`, removeFiles(staleFiles(actual, desired))]),
  /** What the new kubelet wrote is of no use to the old one either. */
  undo: (actual, desired) => removeFiles(staleFiles(actual, desired)),
  /** It may write them once more until it is stopped: of another policy they are seen then. */
  afterUndo: (_, { unit }) => schema.parse({ unit, by_files: true }),
});
