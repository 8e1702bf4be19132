import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { text as readAll } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { HostOperation } from '../../src/operations/operation.ts';
import { containerdConfig } from '../../src/operations/runtime/containerd-config.ts';
import { rehearse } from '../lab-core/law-runner.ts';
import { canMakeHosts, hasProgram, makeHost, type Shell } from './private-host.ts';

/** Goes by the last of its file and the files of conf.d that says something, and notes each of its starts. */
const fake = `#!/bin/sh
echo "$*" >>/var/lib/scratch/starts
say() { printf 'version = 2\\n\\n[plugins]\\n  [plugins."io.containerd.grpc.v1.cri".cni]\\n    bin_dir = "%s"\\n    conf_dir = "/etc/cni/net.d"\\n\\n[x]\\n' "$1"; }
case $* in
  --version) echo 'containerd example.invalid/containerd 1.7.24 abc' ;;
  'config default') say /usr/lib/cni ;;
  *) if grep -q /refused "$2"; then echo 'time="x" level=warning msg="old"' >&2; echo "containerd: $2: no such folder" >&2; exit 1; fi
    say "$(cat "$2" "\${2%/*}"/conf.d/*.toml 2>/dev/null | sed -n 's/^ *bin_dir = "\\(.*\\)"$/\\1/p' | tail -n 1)" ;;
esac
`;
const section = (binDir: string) => `[plugins."io.containerd.grpc.v1.cri".cni]\n  bin_dir = "${binDir}"\n`;

async function onHost(shell: Shell, wish: object = {}) {
  const host = await makeHost({ shell });
  onTestFinished(() => host.close());
  const here = (path: string) => host.path(`${host.scratch}/${path}`);
  mkdirSync(here('bin'));
  mkdirSync(here('etc/conf.d'), { recursive: true });
  writeFileSync(here('bin/containerd'), fake, { mode: 0o755 });
  const exec = async (script: string) => {
    const child = host.spawn(`PATH=${host.scratch}/bin:$PATH exec sh -s`);
    if (child.stdout === null || child.stderr === null) throw new Error('no output');
    const output = Promise.all([readAll(child.stdout), readAll(child.stderr)]);
    child.stdin?.end(script);
    const [code] = (await once(child, 'close')) as [number];
    const [stdout, stderr] = await output;
    return { code, stdout, stderr };
  };
  const operation = containerdConfig as unknown as HostOperation;
  const path = `${host.scratch}/etc/config.toml`;
  return {
    ...rehearse(operation, { path, unit: 'none.service', ...wish }, exec, 'test'),
    here,
    read: (name: string) => (existsSync(here(name)) ? readFileSync(here(name), 'utf8') : undefined),
    write: (name: string, content: string, mode = 0o644) => writeFileSync(here(name), content, { mode }),
    names: () => readdirSync(here('etc')).sort(),
    /** What it was started for since the last time. */
    starts: () => {
      const all = existsSync(here('starts')) ? readFileSync(here('starts'), 'utf8') : '';
      writeFileSync(here('starts'), '');
      return all.split('\n').filter((line) => line !== '' && line !== '--version').length;
    },
  };
}

const shells = (['dash', 'bash', 'busybox'] as const).filter(hasProgram);

describe.runIf(canMakeHosts).each(shells)('containerd_config under %s', (shell) => {
  test('starts containerd once for each state of its files, and not at all where nothing changed', async () => {
    const host = await onHost(shell);
    host.write('etc/config.toml', `version = 2\nimports = [\n  "conf.d/*.toml", # ours\n]\n${section('/usr/lib/cni')}`);
    expect(await host.diff()).toHaveLength(1);
    expect(await host.diff()).toHaveLength(1);
    expect(host.starts()).toBe(1);
    await host.apply();
    expect(await host.diff()).toEqual([]);
    expect(host.starts(), 'the new text, once').toBe(1);
    host.write('etc/conf.d/more.toml', '# nothing\n');
    expect(await host.diff()).toEqual([]);
    expect(await host.diff()).toEqual([]);
    expect(host.starts()).toBe(1);
    host.write('etc/conf.d/more.toml', section('/theirs'));
    await expect(host.diff()).rejects.toMatchObject({ code: 'CONTAINERD_IMPORT_OVERRIDES' });
    expect(host.starts()).toBe(1);
  });

  test('writes a file where there was none, because the built-in place is another', async () => {
    const host = await onHost(shell);
    expect(await host.diff()).toHaveLength(1);
    await host.apply();
    expect(host.read('etc/config.toml')).toBe(`version = 2\n\n${section('/opt/cni/bin')}`);
    expect(await host.diff()).toEqual([]);
  });

  test.each([
    ['CONTAINERD_CONFIG_REFUSED', '/refused', ''],
    ['CONTAINERD_IMPORT_OVERRIDES', '/opt/k8s/cni', section('/theirs')],
  ])('%s: leaves the file as it was', async (code, binDir, imported) => {
    const host = await onHost(shell, { bin_dir: binDir });
    const text = 'version = 2\nimports = ["conf.d/*.toml"]\n';
    host.write('etc/config.toml', text);
    host.write('etc/conf.d/more.toml', imported);
    await expect(host.apply()).rejects.toThrow(code);
    expect(host.read('etc/config.toml')).toBe(text);
    expect(host.names()).toEqual(['conf.d', 'config.toml']);
  });

  test.each([
    ['--log-level warn --config /etc/other.toml', '/etc/other.toml'],
    ['-c=/etc/other.toml', '/etc/other.toml'],
    ['--log-level warn', undefined],
  ])('looks at the command line: %s', async (options, named) => {
    const host = await onHost(shell);
    const program = '/var/lib/scratch/bin/containerd';
    const shown = `ExecStart={ path=${program} ; argv[]=${program} ${options} ; ignore_errors=no ; start_time=[n/a] ; pid=0 }`;
    host.write('bin/systemctl', `#!/bin/sh\necho '${shown}'\n`, 0o755);
    if (named === undefined) expect(await host.diff()).toHaveLength(1);
    else
      await expect(host.diff()).rejects.toMatchObject({
        code: 'CONTAINERD_CONFIG_ELSEWHERE',
        fix: expect.stringContaining(named),
      });
  });

  test('finds what a link imports where the link is', async () => {
    const host = await onHost(shell);
    host.write('real.toml', `version = 2\nimports = ["conf.d/*.toml"]\n${section('/usr/lib/cni')}`);
    symlinkSync('../real.toml', host.here('etc/config.toml'));
    host.write('etc/conf.d/more.toml', section('/opt/cni/bin'));
    expect(await host.diff()).toEqual([]);
    host.write('etc/conf.d/more.toml', '# nothing\n');
    await host.apply();
    expect(host.read('real.toml')).toContain('/opt/cni/bin');
    expect(host.names()).toEqual(['conf.d', 'config.toml']);
  });

  test('asks the containerd that its unit starts, not what starts that', async () => {
    const host = await onHost(shell);
    const [wrapper, program] = ['/usr/bin/taskset', '/var/lib/scratch/etc/containerd'];
    const shown = `ExecStart={ path=${wrapper} ; argv[]=${wrapper} -c 0 ${program} ; ignore_errors=no ; pid=0 }`;
    host.write('bin/systemctl', `#!/bin/sh\necho '${shown}'\n`, 0o755);
    host.write('bin/containerd', '#!/bin/sh\nexit 1\n', 0o755);
    host.write('etc/containerd', fake, 0o755);
    expect(await host.diff()).toHaveLength(1);
    expect(host.starts()).toBe(1);
  });

  test('says in its words why containerd does not read its file', async () => {
    const host = await onHost(shell);
    host.write('etc/config.toml', `version = 2\n${section('/refused')}`);
    await expect(host.diff()).rejects.toMatchObject({
      code: 'CONTAINERD_CONFIG_INVALID',
      why: expect.stringMatching(/^containerd: .*config\.toml: no such folder$/),
    });
  });
});
