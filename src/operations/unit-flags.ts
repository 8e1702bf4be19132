import { z } from 'zod';
import { joinScripts, sh } from '../shell.ts';
import { digest, fileChanges, publicFile, putFile, seeWholeFile } from './managed-file.ts';
import { defineOperation } from './operation.ts';
import { seeUnit, writeDropIn } from './unit-flags-script.ts';
import { commandLineNow, compileWish, dropInPath, parseUnit } from './unit-flags-state.ts';

const flags = () =>
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])).default({});

const schema = z.strictObject({
  unit: z
    .string()
    .regex(/^[A-Za-z0-9:_.@-]+\.service$/, 'a service with its ending, such as kubelet.service')
    .describe('name of the systemd unit, which itself is never touched'),
  flags: flags().describe('flags of its command line, without the leading --'),
  more_flags: flags().describe('further flags, those of the inventory; none may contradict `flags`'),
  drop_unknown_flags: z.boolean().default(false).describe('leave out flags of the unit that its binary does not know'),
});

/** Flags on a service's command line, by a drop-in of ours that is there only if it is needed; nothing is restarted. */
export const unitFlags = defineOperation({
  name: 'unit_flags',
  schema,
  timeoutSeconds: 90,
  probe: ({ unit }) => joinScripts([seeUnit, seeWholeFile(dropInPath(unit)), sh`see_unit ${unit}`]),
  parse: (output, { unit }) => parseUnit(output, unit),
  diff(actual, desired) {
    const { path, content, effective, flattened, dropped } = compileWish(actual, desired);
    const isRight =
      content === null
        ? actual.file.kind === 'absent'
        : fileChanges(actual.file, publicFile(path, content)).length === 0;
    if (isRight) return [];
    const notes = [
      ...flattened.map((variable) => `; $${variable} is written out`),
      ...dropped.map((name) => `; --${name} is left out, the binary does not know it`),
    ];
    const lines = (words: readonly string[]) => words.map((word) => `${word}\n`).join('');
    return [
      {
        subject: desired.unit,
        action: `${content === null ? `remove ${path}` : `set flags by ${path}`}${notes.join('')}`,
        before: lines(commandLineNow(actual)),
        after: lines(effective),
      },
    ];
  },
  apply(desired, actual) {
    const { path, content } = compileWish(actual, desired);
    return joinScripts([
      writeDropIn,
      content === null ? sh`remove ${path}` : putFile(publicFile(path, content)),
      sh`check_drop_in ${desired.unit} ${path}`,
    ]);
  },
  undo: (_actual, { unit }) => sh`restore ${dropInPath(unit)}
systemctl daemon-reload`,
  writes(desired, actual) {
    const { path, content } = compileWish(actual, desired);
    return [{ path, sha256: content === null ? null : digest(content) }];
  },
});
