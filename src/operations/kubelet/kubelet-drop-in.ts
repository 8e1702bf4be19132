import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { leavesOf } from '../../kubernetes/kubelet/config-fields.ts';
import { fileIn, folderOf, isReadAfter, ownFolder } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import {
  type Fields,
  fieldsOf,
  impliedFields,
  mergeFields,
  renderDropInFile,
  renderFields,
  sameFields,
} from '../../kubernetes/kubelet/kubelet-merge.ts';
import { type ShellScript, sh } from '../../shell.ts';
import { digest, fileChanges, putFile, type WantedFile } from '../files/managed-file.ts';
import type { Written } from '../operation.ts';
import { filesIn } from './config-file.ts';
import type { ConfigFiles, SeenConfig } from './config-file-script.ts';
import { refuseOverridden } from './config-overrides.ts';

/** What a file of ours is to be, in the folder that the kubelet reads, or has read. */
export interface DropInPlan {
  readonly seen: SeenConfig;
  /** Null where it has to go. */
  readonly content: string | null;
  readonly fields: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** What the kubelet goes by in the fields concerned; what stands in the file where that stays the same. */
  readonly shown: { readonly before: string; readonly after: string };
}

export interface DropInWish {
  readonly unit: string;
  /** The command line the kubelet will have. */
  readonly argv: readonly string[];
  /** None where the fields are set in the file of `--config`, or where there are none. */
  readonly config: Fields;
  /** The file of `--config`, now and without what we set there. */
  readonly file: { readonly before: string | null; readonly after: string | null };
}

/** One plan for each file of ours that is there or has to be: a folder that the kubelet reads no more keeps none. */
export function planDropIns(files: ConfigFiles, wish: DropInWish): readonly DropInPlan[] {
  const folder = folderOf(wish.argv);
  const path = folder !== undefined && Object.keys(wish.config).length > 0 ? fileIn(folder) : undefined;
  const ours = files.files.filter(({ path: one }) => one === path || one.endsWith(fileIn('')));
  if (folder !== undefined && path !== undefined) refuse(files, wish, folder, path);
  return ours
    .filter((seen) => seen.path === path || seen.file.kind !== 'absent')
    .map((seen) => (seen.path === path ? planWanted(files, wish, seen) : planGone(files, wish, seen)));
}

function planWanted(files: ConfigFiles, wish: DropInWish, seen: SeenConfig): DropInPlan {
  const others = before(files, seen.path);
  const file = fieldsOf(wish.file.after);
  const base = others.reduce(mergeFields, file);
  const implied = impliedFields(wish.config, file, base, seen.path === fileIn(ownFolder));
  return planOf(wish, seen, others, renderDropInFile(wish.config, implied));
}

const planGone = (files: ConfigFiles, wish: DropInWish, seen: SeenConfig): DropInPlan =>
  planOf(wish, seen, before(files, seen.path), null);

const before = (files: ConfigFiles, path: string): readonly Fields[] =>
  filesIn(files, path.slice(0, path.lastIndexOf('/')))
    .filter((one) => isReadAfter(path, one.path))
    .sort((one, other) => (isReadAfter(one.path, other.path) ? 1 : -1))
    .map(({ file }) => fieldsOf(file.content));

function planOf(wish: DropInWish, seen: SeenConfig, others: readonly Fields[], content: string | null): DropInPlan {
  const [had, has] = [fieldsOf(seen.file.content), fieldsOf(content)];
  const goesBy = (file: string | null, ours: Fields): string => {
    const all = [...others, ours].reduce(mergeFields, fieldsOf(file));
    return renderFields(mergeFields(sameFields(all, had), sameFields(all, has)));
  };
  const effective = { before: goesBy(wish.file.before, had), after: goesBy(wish.file.after, has) };
  const texts = { before: renderFields(had), after: renderFields(has) };
  return {
    seen,
    content,
    fields: { before: namesOf(had), after: namesOf(has) },
    shown: effective.before === effective.after ? texts : effective,
  };
}

const namesOf = (fields: Fields): readonly string[] => leavesOf(fields, undefined).map(({ path }) => path.join('.'));

function refuse(files: ConfigFiles, { unit, config }: DropInWish, folder: string, path: string): void {
  if (!files.files.some((one) => one.path === path))
    throw new ProvisionError({
      code: 'CONFIG_DIR_UNREAD',
      kind: 'operation',
      what: `${folder}, the --config-dir of ${unit}, could not be looked at`,
      why: `${unit} names it by a variable, or relative to a folder`,
      fix: 'Write the whole path in kubelet.flags: { config-dir: … }',
    });
  if (files.links.includes(folder))
    throw new ProvisionError({
      code: 'CONFIG_DIR_UNREAD',
      kind: 'operation',
      what: `${folder}, the --config-dir of ${unit}, is a symbolic link`,
      where: folder,
      why: 'A kubelet does not follow it: what is in the folder has no effect',
      fix: `Name the folder itself in kubelet.flags: { config-dir: … }`,
    });
  if (config['mergeDefaultEvictionSettings'] !== undefined)
    throw new ProvisionError({
      code: 'CONFIG_FIELD_MASKED',
      kind: 'operation',
      what: '"mergeDefaultEvictionSettings" counts in the file of --config alone, and kubelet.config is set by a drop-in',
      where: path,
      why: 'A kubelet adds its default thresholds to those of that file before it reads drop-ins; they are merged in any case',
      fix: 'Write the thresholds themselves in kubelet.config: { evictionHard: … }',
    });
  const later = filesIn(files, folder).filter((one) => isReadAfter(one.path, path));
  refuseOverridden(later, config, 'kubelet');
}

const wantedFile = ({ seen }: DropInPlan, content: string): WantedFile => ({
  path: seen.path,
  content,
  mode: '0600',
  owner: 'root',
  group: 'root',
});

export function dropInChanges(plan: DropInPlan): readonly Change[] {
  const { seen, content, fields, shown } = plan;
  const change = content === null ? undefined : fileChanges(seen.file, wantedFile(plan, content))[0];
  if (content !== null && change === undefined) return [];
  if (content !== null && seen.file.content === content && change)
    return [{ subject: seen.path, action: change.action }];
  const gone = fields.before.filter((name) => !fields.after.includes(name));
  const parts = [
    ...(fields.after.length > 0 ? [`set ${fields.after.join(', ')}`] : []),
    ...(gone.length > 0 ? [`give back ${gone.join(', ')}`] : []),
  ];
  return [{ subject: seen.path, action: parts.join('; ') || 'remove', ...shown }];
}

export const applyDropIn = (plan: DropInPlan): ShellScript =>
  plan.content === null ? sh`remove ${plan.seen.path}` : putFile(wantedFile(plan, plan.content));

export const dropInWrites = ({ seen, content }: DropInPlan): Written => ({
  path: seen.path,
  sha256: content === null ? null : digest(content),
});
