import { randomBytes } from 'node:crypto';
import { quote } from '../../src/shell.ts';

/** A secret that is found again wherever it turns up. */
export interface MarkedSecret {
  readonly value: string;
  /** What every form of it has: its core as it is, and as base64 writes it at each of three places. */
  readonly traces: readonly string[];
}

/** The core is plain; what stands around it wants to be quoted. */
export function markSecret(around: (core: string) => string): MarkedSecret {
  const core = `Mark${randomBytes(9).toString('hex')}`;
  const encoded = [0, 1, 2].map((offset) =>
    Buffer.from(' '.repeat(offset) + core)
      .toString('base64')
      .slice(4, -4),
  );
  return { value: around(core), traces: [core, ...encoded] };
}

/** A script that says which files below folders, and which lines of the journal, hold one of the texts. */
export const searchHost = (folders: readonly string[], traces: readonly string[]): string => `
umask 077
cat >/var/tmp/traces <<'END'
${traces.join('\n')}
END
grep -rlaF -f /var/tmp/traces ${folders.map(quote).join(' ')} 2>/dev/null
journalctl --no-pager -o export | grep -aF -f /var/tmp/traces | cut -c 1-200
ps -eo args e | grep -F -f /var/tmp/traces | grep -v 'grep -F'
rm -f /var/tmp/traces
exit 0`;
