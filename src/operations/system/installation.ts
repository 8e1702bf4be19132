import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, sh } from '../../shell.ts';
import { softwareFolder } from '../facts/facts.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';
import { unitName } from '../units/unit-flags.ts';
import { noteFolders } from './own-programs.ts';

const schema = z.strictObject({
  program: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'the name of a program, such as kubelet')
    .describe('the program whose unit provision writes on this host'),
  unit: unitName.describe('that unit'),
});

interface Actual {
  readonly isOurs: boolean;
  /** The unit that is there, by its file; undefined where there is none. */
  readonly unit: string | undefined;
  /** A process of that program that runs, as its number and its command line. */
  readonly process: string | undefined;
}

const notBlank = (what: string, unit: string): ProvisionError =>
  new ProvisionError({
    code: 'HOST_NOT_BLANK',
    kind: 'operation',
    what,
    why: `${unit} is to be installed there, and what an operator has set up is never touched`,
    fix: 'Name the unit that is there in the inventory, or leave its artifact out for this host; or remove it from the host by hand.',
  });

/** A record that provision is the one that installs a program here: made on a host that has none, and what every later run goes by. */
export const installation = defineOperation({
  name: 'installation',
  summary: 'a record that provision installs a program here; refused where somebody else did',
  schema,
  probe: ({ program, unit }) => sh`[ ! -f ${`${softwareFolder}/${program}`} ] || echo ours
systemctl show ${unit} -p FragmentPath | sed -n 's/^FragmentPath=\(.\)/unit \1/p'
for process in /proc/[0-9]*; do
  if [ "$(cat "$process/comm" 2>/dev/null)" = "$(printf %.15s ${program})" ]; then
    echo "process \${process#/proc/} $(tr '\0' ' ' <"$process/cmdline")"
    break
  fi
done`,
  parse(output): Actual {
    const lines = new Map(readLines(output));
    return { isOurs: lines.has('ours'), unit: lines.get('unit'), process: lines.get('process') };
  },
  diff({ isOurs, unit, process }, desired) {
    if (isOurs) return [];
    if (unit !== undefined) throw notBlank(`the host has a ${desired.unit} of its own: ${unit}`, desired.unit);
    if (process !== undefined)
      throw notBlank(`a ${desired.program} runs on the host: process ${process}`, desired.unit);
    return [{ subject: desired.program, action: 'from now on provision installs it here' }];
  },
  apply: ({ program, unit }) =>
    joinScripts([
      noteFolders(program),
      sh`printf '%s\n' ${unit} | put ${`${softwareFolder}/${program}`} 0644 root root`,
    ]),
  undo: (_actual, { program }) => sh`restore ${`${softwareFolder}/${program}`}`,
});
