import { z } from 'zod';
import { sh } from '../../shell.ts';
import { digest } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  name: z.enum(['before', 'after']).describe('when it runs: before anything is installed, or once the Node is Ready'),
  script: z.string().describe('the text of the script, with a first line that names its interpreter, or for sh'),
  node: z.string().describe('the Node that the host is to be, as $PROVISION_NODE of the script'),
});

type Desired = z.output<typeof schema>;

const recordOf = ({ name, script }: Desired): string => `/var/lib/provision/hooks/${name}-${digest(script)}`;

/** A script of the operator has run here, once; what it wrote is kept in the journal of the run. */
export const hook = defineOperation({
  name: 'hook',
  summary: 'a script of the operator has run, once',
  schema,
  timeoutSeconds: 600,
  probe: (desired) => sh`[ ! -f ${recordOf(desired)} ] || echo done`,
  parse: (output): boolean => output.trim() === 'done',
  diff: (isDone, { name }) => (isDone ? [] : [{ subject: `hooks.${name}`, action: 'run this script of yours' }]),
  apply: (desired) => sh`folder=$(mktemp -d /run/provision-hook.XXXXXX)
trap 'rm -rf "$folder"' EXIT
printf %s ${desired.script} >"$folder/script"
chmod 700 "$folder/script"
command="sh $folder/script"
[ "$(head -c 2 "$folder/script")" != '#!' ] || command=$folder/script
code=0
PROVISION_NODE=${desired.node} $command >"$folder/output" 2>&1 </dev/null || code=$?
if [ "$code" != 0 ]; then
  tail -n 40 "$folder/output" >&2
  fail HOOK_FAILED ${`the script hooks.${desired.name} ended with exit status `}"$code" 'Mend the script, or what its last lines name; it runs again from its beginning'
fi
tail -n 40 "$folder/output" | sed 's/^/provision-output: /'
printf '%s\n' "$PROVISION_RUN" | put ${recordOf(desired)} 0644 root root`,
  undo: { irreversible: 'what a script of yours has done is not known' },
});
