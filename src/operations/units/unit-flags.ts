import { dirname } from 'node:path/posix';
import { z } from 'zod';
import type { Change } from '../../events.ts';
import { folderOf, ownFolder } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { absolutePath } from '../fields.ts';
import { digest, fileChanges, publicFile, putFile, seeWholeFile } from '../files/managed-file.ts';
import { defineOperation, type Written } from '../operation.ts';
import { seeUnit, seeUnitOnce, writeDropIn } from './unit-flags-script.ts';
import {
  commandLineNow,
  compileWish,
  dropInPath,
  type FlagWish,
  hasFolder,
  parseUnit,
  refuseRuntime,
  type UnitState,
} from './unit-flags-state.ts';

export const flagsSchema = () =>
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({});

export const unitName = z
  .string()
  .regex(/^[A-Za-z0-9:_.@-]+\.service$/, 'a service with its ending, such as kubelet.service');

export const dropUnknownFlags = () =>
  z.boolean().default(false).describe('leave out flags of the unit that its binary does not know');

const schema = z.strictObject({
  unit: unitName.describe('name of the systemd unit, which itself is never touched'),
  flags: flagsSchema().describe('flags of its command line, without the leading --'),
  more_flags: flagsSchema().describe('further flags, those of the inventory; none may contradict `flags`'),
  runtime: z
    .enum(['containerd', 'docker'])
    .optional()
    .describe('for a kubelet: the runtime it has to drive; another one is refused'),
  config: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('for a kubelet: the fields of `kubelet_config`, which it may need --config-dir for'),
  drop_unknown_flags: dropUnknownFlags(),
  awaits: z
    .strictObject({
      unit: unitName.describe('the unit that writes it, which this one is ordered after'),
      file: absolutePath.describe('the file, with lines NAME=VALUE'),
      variables: z
        .record(z.string(), z.string().regex(/^[A-Z_][A-Z0-9_]*$/, 'the name of a variable'))
        .describe('flags by the variables that have their values'),
    })
    .optional()
    .describe('flags whose values another unit writes into a file; this one does not start without'),
});

/** What our drop-in changes. */
export function flagChanges(actual: UnitState, wish: FlagWish): readonly Change[] {
  const { path, content, effective, flattened, dropped } = compileWish(actual, wish);
  const isRight =
    content === null ? actual.file.kind === 'absent' : fileChanges(actual.file, publicFile(path, content)).length === 0;
  if (isRight) return [];
  const notes = [
    ...flattened.map((variable) => `; $${variable} is written out`),
    ...(dropped.length === 0
      ? []
      : [
          `; left out, as the binary does not know them: ${[...new Set(dropped)].map((name) => `--${name}`).join(', ')}`,
        ]),
  ];
  const lines = (words: readonly string[]) => words.map((word) => `${word}\n`).join('');
  return [
    {
      subject: wish.unit,
      action: `${content === null ? `remove ${path}` : `set flags by ${path}`}${notes.join('')}`,
      before: lines(commandLineNow(actual)),
      after: lines(effective),
    },
  ];
}

export function applyFlags(actual: UnitState, wish: FlagWish): ShellScript {
  const { path, content, effective } = compileWish(actual, wish);
  const isLeft = hasFolder(actual) && folderOf(effective) !== ownFolder;
  return joinScripts([
    writeDropIn,
    content === null
      ? sh`remove ${path} && { rmdir ${dirname(path)} 2>/dev/null || :; }`
      : putFile(publicFile(path, content)),
    sh`check_drop_in ${wish.unit} ${path}`,
    ...(isLeft ? [sh`{ rmdir ${ownFolder} && rmdir ${dirname(ownFolder)}; } 2>/dev/null || :`] : []),
  ]);
}

export const undoFlags = (unit: string): ShellScript => sh`restore ${dropInPath(unit)}
systemctl daemon-reload`;

export function flagWrites(actual: UnitState, wish: FlagWish): readonly Written[] {
  const { path, content } = compileWish(actual, wish);
  return [{ path, sha256: content === null ? null : digest(content) }];
}

/** Flags on a service's command line, by a drop-in of ours that is there only if it is needed; nothing is restarted. */
export const unitFlags = defineOperation({
  name: 'unit_flags',
  summary: "flags on a service's command line, by a drop-in that is there only if needed",
  schema,
  timeoutSeconds: 90,
  probe: ({ unit }) => joinScripts([seeUnit, seeWholeFile(dropInPath(unit)), seeUnitOnce(unit)]),
  parse: (output, { unit }) => parseUnit(output, unit),
  diff(actual, desired) {
    refuseRuntime(actual, desired);
    return flagChanges(actual, desired);
  },
  apply: (desired, actual) => applyFlags(actual, desired),
  undo: (actual, { unit }) =>
    joinScripts([...(hasFolder(actual) ? [sh`make_directory ${ownFolder}`] : []), undoFlags(unit)]),
  writes: (desired, actual) => flagWrites(actual, desired),
});
