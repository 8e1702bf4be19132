import { z } from 'zod';
import { sh } from '../../shell.ts';
import { readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const folders = ['/run/provision', '/var/lib/provision'];

/** Nothing of provision is on a host: no record of runs, no artifact that was sent. The last thing that is done there. */
export const noRecord = defineOperation({
  name: 'no_record',
  schema: z.strictObject({}),
  probe: () => sh`for folder in ${folders}; do [ ! -e "$folder" ] || echo "folder $folder"; done`,
  parse: (output): readonly string[] => readLines(output).map(([, path]) => path),
  diff: (found) => found.map((subject) => ({ subject, action: 'remove' })),
  apply: () => sh`rm -rf ${folders}`,
  undo: { irreversible: 'what runs did to the host can be taken back no more: it was' },
});
