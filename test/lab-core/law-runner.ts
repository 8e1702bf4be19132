import type { Execution } from '../../src/lab/execute.ts';
import type { HostOperation } from '../../src/operations/operation.ts';
import { prelude } from '../../src/operations/prelude.ts';
import type { ShellScript } from '../../src/shell.ts';
import { testAuthority } from '../identity/test-authority.ts';
import { copiedText } from './law-cases.ts';

const nothing = { files: new Map<string, string | null>() };

/** One operation with one wish on one host, each step a script of its own as in a run. */
export function rehearse(
  operation: HostOperation,
  wish: unknown,
  exec: (script: string) => Promise<Execution>,
  run: string,
) {
  const desired = operation.schema.parse(wish);
  const undo = typeof operation.undo === 'function' ? operation.undo : undefined;
  const runScript = async (options: string, script: ShellScript) => {
    const result = await exec(`LC_ALL=C; export LC_ALL; umask 077
PROVISION_RUN=${run}; PROVISION_UNDO=/var/lib/provision/undo/${run}
${options}
${prelude.source}
t() {
:
${script.source}
}
t </dev/null
`);
    if (result.code !== 0) throw new Error(`exit ${result.code}: ${result.stderr}${result.stdout}`);
    return result.stdout;
  };
  const probe = async () => operation.parse(await runScript('set -u', operation.probe(desired)), desired);
  return {
    probe,
    diff: async () => operation.diff(await probe(), desired, nothing),
    apply: async () => {
      const actual = await probe();
      const output = await runScript('set -eu; mkdir -p "$PROVISION_UNDO"', operation.apply(desired, actual, nothing));
      const request = operation.signing?.request(output, desired, actual);
      if (operation.copying) {
        const contents = operation.copying
          .source(desired, actual)
          .files.map(() => Buffer.from(copiedText).toString('base64'));
        await runScript('set -eu', operation.copying.finish(desired, actual, contents));
      }
      if (!operation.signing || !request) return;
      const certificate = await testAuthority().sign(request);
      await runScript('set -eu', operation.signing.finish(desired, certificate));
    },
    undo:
      undo === undefined
        ? undefined
        : async (before: unknown) => {
            await runScript('set -eu', undo(before, desired));
          },
  };
}
