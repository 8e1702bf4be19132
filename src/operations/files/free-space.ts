import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { joinScripts, ShellScript, sh } from '../../shell.ts';
import { absolutePath, readLines } from '../fields.ts';
import { defineOperation } from '../operation.ts';

const schema = z.strictObject({
  needs: z
    .array(
      z.strictObject({
        path: absolutePath.describe('what is put there; as far as it is there already, it needs nothing more'),
        bytes: z.number().int().min(0).describe('how much it takes'),
      }),
    )
    .describe('what is to be stored on the host'),
});

/** Where a need would be stored: free bytes of its file system, and how much of it is there. */
interface Place {
  readonly mount: string;
  readonly freeBytes: number;
  readonly thereBytes: number;
}

const see = ShellScript.trusted(`
# see_place PATH: the file system of the nearest thing that is there, its free bytes, and the size of the file.
see_place() {
  size=0
  [ ! -f "$1" ] || size=$(wc -c <"$1")
  while [ ! -e "$1" ] && [ -n "$1" ]; do set -- "\${1%/*}"; done
  df -Pk "\${1:-/}" | awk -v size="$size" 'NR == 2 { print "place", $4 * 1024, size, $6 }'
}
`);

const inMegabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6)} MB`;

const roomMissing = (mount: string, free: number, needed: number): ProvisionError =>
  new ProvisionError({
    code: 'ROOM_MISSING',
    kind: 'operation',
    what: `what the inventory brings needs some ${inMegabytes(needed)} on ${mount}, and ${inMegabytes(free)} are free there`,
    fix: `Make room on ${mount}, or give what fills it a file system of its own.`,
  });

/** Every file system of the host has room for what is to be stored there. Changes nothing. */
export const freeSpace = defineOperation({
  name: 'free_space',
  summary: 'nothing: it refuses a host whose file systems have no room for what a new node consists of',
  schema,
  probe: ({ needs }) => joinScripts([see, ...needs.map(({ path }) => sh`see_place ${path}`)]),
  parse: (output): readonly Place[] =>
    readLines(output).flatMap(([key, value]) => {
      const [free = '', there = '', ...mount] = value.split(' ');
      return key === 'place' ? [{ mount: mount.join(' '), freeBytes: Number(free), thereBytes: Number(there) }] : [];
    }),
  diff(places, { needs }) {
    for (const { mount, freeBytes } of places) {
      const needed = neededOn(mount, places, needs);
      if (needed > freeBytes) throw roomMissing(mount, freeBytes, needed);
    }
    return [];
  },
  apply: () => sh`:`,
  undo: () => sh`:`,
});

const neededOn = (mount: string, places: readonly Place[], needs: z.output<typeof schema>['needs']): number =>
  needs.reduce((sum, { bytes }, index) => {
    const place = places[index];
    return place?.mount === mount ? sum + Math.max(0, bytes - place.thereBytes) : sum;
  }, 0);
