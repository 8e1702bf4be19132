import { describe, expect, it } from 'vitest';
import { readContainerdDump } from '../../../../src/kubernetes/containerd/containerd-config.ts';
import {
  type CniDirectories,
  editCniDirectories,
} from '../../../../src/kubernetes/containerd/edit-containerd-config.ts';
import { type Answer, digest, files, noFile, readConfig, record, recordings, wishes } from './versions.ts';

/** The edited text, or the code of the error. */
function edit(text: string | undefined, { binDir, confDir }: CniDirectories, containerd: string, before: Answer) {
  try {
    const effective = 'lines' in before ? readContainerdDump(before.lines) : undefined;
    return editCniDirectories(text, { binDir, confDir }, { version: containerd, effective });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return { code: error.code };
    throw error;
  }
}

// CONTAINERDS='1.6.20=/path/containerd …' asks these programs anew, for instance after the editor writes other bytes.
const programs = process.env['CONTAINERDS'];
if (programs) record(programs, edit);

const all = recordings();

it('knows of every file and every release what containerd made of it', () => {
  const releases = [...new Set(all.map(({ containerd }) => containerd))];
  expect(releases).toEqual(['1.6.20', '1.7.24', '2.0.14', '2.1.9', '2.2.9', '2.3.7', '2.4.2']);
  expect(all).toHaveLength(releases.length * files.length * Object.keys(wishes).length);
});

describe.each(all)('containerd $containerd, $file, $wish directories', ({ containerd, file, wish, before, after }) => {
  const text = readConfig(file);
  const wanted = wishes[wish] as CniDirectories;
  const edited = edit(text, wanted, containerd, before);

  if (typeof edited === 'object') {
    it(`is refused: ${edited.code}`, () => {
      expect(after).toBeNull();
      const isDisabled = file.startsWith('docker') && file !== 'docker-enabled.toml';
      expect(edited.code).toBe(isDisabled ? 'CRI_DISABLED' : 'CONTAINERD_CONFIG_INVALID');
      const isTooNew = /^version = [34]/m.test(text ?? '') && containerd.startsWith('1.');
      expect(isDisabled || isTooNew).toBe(true);
    });
    return;
  }
  if ('refusal' in before) {
    it('is refused by containerd itself', () => {
      expect(before.refusal).toMatch(/config version/);
      expect(Number(/^version = (\d)/m.exec(text ?? '')?.[1])).toBeGreaterThan(2);
    });
    return;
  }

  const effective = readContainerdDump(edited === text ? before.lines : after && 'lines' in after ? after.lines : '');
  it('containerd goes by the directories', () => {
    if (edited !== text)
      expect(after?.digest, 'another edit than the one that containerd saw').toBe(digest(edited ?? ''));
    expect(effective.confDir).toBe(wanted.confDir);
    expect(effective.binDirs).toContain(wanted.binDir);
  });
  it('is not edited twice', () =>
    expect(editCniDirectories(edited, wanted, { version: containerd, effective })).toBe(edited));
  it('keeps every other line', () => {
    const kept = (edited ?? '').split('\n');
    const lost = (text ?? '').split('\n').filter((line) => !kept.includes(line));
    expect(lost.filter((line) => !/^\s*(bin_dirs?|conf_dir) = /.test(line))).toEqual([]);
    const start = file === noFile ? `version = ${containerd.startsWith('1.') ? 2 : 3}\n` : '';
    expect((edited ?? start).startsWith(start)).toBe(true);
  });
});
