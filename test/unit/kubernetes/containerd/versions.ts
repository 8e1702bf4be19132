import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CniDirectories } from '../../../../src/kubernetes/containerd/edit-containerd-config.ts';

/** The lines of a dump that say something of CNI, or what containerd wrote instead of a dump. */
export type Answer = { readonly lines: string } | { readonly refusal: string };

export interface Recording {
  readonly containerd: string;
  readonly file: string;
  readonly wish: string;
  readonly before: Answer;
  /** Of the edited text, by its digest; null where nothing was edited. */
  readonly after: ({ readonly digest: string } & Answer) | null;
}

/** Each answer once, and for each release and file which one it was: as it is, and after the edit for each wish that needs one. */
interface Recorded {
  readonly answers: readonly string[];
  readonly releases: Readonly<Record<string, Readonly<Record<string, Asked>>>>;
}
type Asked = { readonly before: number } & Readonly<Record<string, number | readonly [digest: string, answer: number]>>;

export type Edit = (text: string | undefined, wanted: CniDirectories, containerd: string, before: Answer) => unknown;

export const wishes: Readonly<Record<string, CniDirectories>> = {
  own: { binDir: '/opt/k8s/cni', confDir: '/etc/k8s/net.d' },
  usual: { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d' },
};

const folder = new URL('.', import.meta.url);
export const noFile = 'no file';
export const files = [noFile, ...readdirSync(folder).filter((name) => name.endsWith('.toml'))];
export const readConfig = (name: string): string | undefined =>
  name === noFile ? undefined : readFileSync(new URL(name, folder), 'utf8');

export const digest = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);

const refused = 'refused: ';
const written = (answer: Answer): string => ('lines' in answer ? answer.lines : `${refused}${answer.refusal}`);
const read = (text = ''): Answer =>
  text.startsWith(refused) ? { refusal: text.slice(refused.length) } : { lines: text };

export function recordings(): readonly Recording[] {
  const { answers, releases } = JSON.parse(readFileSync(new URL('recorded.json', folder), 'utf8')) as Recorded;
  return Object.entries(releases).flatMap(([containerd, asked]) =>
    Object.entries(asked).flatMap(([file, { before, ...edits }]) =>
      Object.keys(wishes).map((wish): Recording => {
        const edit = edits[wish];
        const after = Array.isArray(edit) ? { digest: edit[0], ...read(answers[edit[1]]) } : null;
        return { containerd, file, wish, before: read(answers[before]), after };
      }),
    ),
  );
}

/** Asks real programs, `VERSION=PROGRAM …`, and keeps their answers. */
export function record(programs: string, edit: Edit): void {
  const scratch = mkdtempSync(join(tmpdir(), 'containerd-'));
  const config = join(scratch, 'config.toml');
  const answers: string[] = [];
  const keep = (answer: Answer): number => {
    const text = written(answer);
    if (!answers.includes(text)) answers.push(text);
    return answers.indexOf(text);
  };
  const releases = programs.split(' ').map((program) => {
    const [containerd = '', path = ''] = program.split('=');
    const ask = (text: string | undefined): Answer => {
      if (text !== undefined) writeFileSync(config, text);
      const args = text === undefined ? ['config', 'default'] : ['--config', config, 'config', 'dump'];
      const { status, stdout, stderr } = spawnSync(path, args, { encoding: 'utf8' });
      if (status !== 0) return { refusal: stderr.trim().split('\n').at(-1)?.replaceAll(config, 'config.toml') ?? '' };
      const sections = /^(version|disabled_plugins) .*$|^ *\[plugins\.\S*cri\S*\.cni\]\n(.+\n)*/gm;
      const lines = [...stdout.matchAll(sections)].flatMap(([section]) => section.trimEnd().split('\n'));
      return {
        lines: lines.filter((line) => /^ *(\[|(version|disabled_plugins|bin_dirs?|conf_dir) )/.test(line)).join('\n'),
      };
    };
    const asked = files.map((file) => {
      const text = readConfig(file);
      const before = ask(text);
      const index = keep(before);
      const edits = Object.entries(wishes).flatMap(([wish, wanted]) => {
        const edited = edit(text, wanted, containerd, before);
        return typeof edited === 'string' && edited !== text ? [[wish, [digest(edited), keep(ask(edited))]]] : [];
      });
      return [file, { before: index, ...Object.fromEntries(edits) }];
    });
    return [containerd, Object.fromEntries(asked)];
  });
  rmSync(scratch, { recursive: true });
  const recorded = { answers, releases: Object.fromEntries(releases) };
  // one line for each file, as the formatter leaves them
  const text = JSON.stringify(recorded, null, 2).replace(/\{\s+"before"[^}]*\}/g, (one) =>
    one.replace(/\s+/g, ' ').replaceAll('[ ', '[').replaceAll(' ]', ']'),
  );
  writeFileSync(new URL('recorded.json', folder), `${text}\n`);
}
