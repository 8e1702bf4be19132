import { createHash } from 'node:crypto';
import type { Change } from '../../events.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { decodeBase64 } from '../fields.ts';

/** A file as an operation wants it. */
export interface WantedFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  /** Its content appears in no change. */
  readonly secret?: boolean | undefined;
}

/** A path as `look` of the prelude saw it; the content only where it differs and may be shown. */
export interface SeenFile {
  readonly kind: 'file' | 'directory' | 'link' | 'other' | 'absent';
  readonly mode: string;
  readonly owners: readonly string[];
  readonly groups: readonly string[];
  readonly sha256: string | null;
  readonly content: string | null;
}

export const digest = (content: string): string => createHash('sha256').update(content).digest('hex');

/** A file of ours that everybody may read. */
export const publicFile = (path: string, content: string): WantedFile => ({
  path,
  content,
  mode: '0644',
  owner: 'root',
  group: 'root',
});

/** Prints one line for `parseFile`. */
export const seeFile = (path: string, content: string, secret = false): ShellScript =>
  sh`look ${path} ${digest(content)} ${secret ? 'no' : 'yes'}`;

/** Prints one line for `parseFile`, with the content whatever it is. */
export const seeWholeFile = (path: string): ShellScript => sh`look ${path} - yes`;

export function parseFile(line: string): SeenFile {
  const [kind, mode = '-', uid = '-', user = '-', gid = '-', group = '-', hash = '-', text = '-'] = line
    .trim()
    .split(' ');
  if (kind !== 'file' && kind !== 'directory' && kind !== 'link' && kind !== 'other' && kind !== 'absent')
    throw new TypeError(`not a line of look: ${line}`);
  return {
    kind,
    mode: mode === '-' ? '' : mode.padStart(4, '0'),
    owners: [user, uid],
    groups: [group, gid],
    sha256: hash === '-' ? null : hash,
    content: text === '-' ? null : decodeBase64(text),
  };
}

const isText = (content: string): boolean => !content.includes('\0') && !content.includes('\ufffd');

/** Mode, owner and group that differ, as `0600 → 0644`. */
export function attributeChanges(seen: SeenFile, wanted: Omit<WantedFile, 'content'>): readonly string[] {
  const mode = wanted.mode.padStart(4, '0');
  return [
    ...(seen.mode === mode ? [] : [`mode ${seen.mode} → ${mode}`]),
    ...(seen.owners.includes(wanted.owner) ? [] : [`owner ${seen.owners[0]} → ${wanted.owner}`]),
    ...(seen.groups.includes(wanted.group) ? [] : [`group ${seen.groups[0]} → ${wanted.group}`]),
  ];
}

/** None when the path is exactly that file. */
export function fileChanges(seen: SeenFile, wanted: WantedFile): readonly Change[] {
  const shown = (before: string): Partial<Change> =>
    wanted.secret || !isText(before) ? {} : { before, after: wanted.content };
  if (seen.kind === 'absent') return [{ subject: wanted.path, action: 'create', ...shown('') }];
  if (seen.kind !== 'file') return [{ subject: wanted.path, action: `replace the ${seen.kind} by a file` }];
  if (seen.sha256 !== digest(wanted.content))
    return [{ subject: wanted.path, action: 'write', ...(seen.content === null ? {} : shown(seen.content)) }];
  const attributes = attributeChanges(seen, wanted);
  return attributes.length === 0 ? [] : [{ subject: wanted.path, action: attributes.join(', ') }];
}

/** Over a file of others that was seen like that and is to keep all else it has. */
export const replaceSeen = (seen: SeenFile, file: WantedFile): ShellScript =>
  joinScripts([sh`unchanged ${file.path} ${seen.sha256 ?? '-'} ${digest(file.content)}`, putFile(file)]);

export const putFile = (file: WantedFile): ShellScript =>
  sh`printf %s ${file.content} | put ${file.path} ${file.mode} ${file.owner} ${file.group}`;
