import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import { setFields, takeBack } from '../../kubernetes/kubelet/config-fields.ts';
import { readRecord, renderRecord } from '../../kubernetes/kubelet/config-record.ts';
import { fileIn, folderOf } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import { NotEditable, readYaml } from '../../kubernetes/kubelet/yaml-text.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { digest, putFile, replaceSeen } from '../files/managed-file.ts';
import type { Written } from '../operation.ts';
import { type ConfigFiles, recordPath, type SeenConfig } from './config-file-script.ts';
import { refuseOverridden } from './config-overrides.ts';

export interface ConfigWish {
  /** The setting of the inventory that it comes from. */
  readonly setting: 'kubelet' | 'kube_proxy';
  readonly kind: string;
  readonly unit: string;
  /** The command line the process will have. */
  readonly argv: readonly string[];
  readonly config: Readonly<Record<string, unknown>>;
}

/** What a file is to be and what was ours in it, before and after. */
export interface ConfigPlan {
  readonly unit: string;
  readonly seen: SeenConfig;
  readonly before: string;
  readonly after: string;
  readonly fields: { readonly before: ReturnType<typeof readRecord>; readonly after: ReturnType<typeof readRecord> };
  readonly record: { readonly before: string | null; readonly after: string | null };
}

/** The file of a command line's `--config`; undefined where it has none, throws where that file cannot be read. */
export function findConfig({ files }: ConfigFiles, wish: ConfigWish): SeenConfig | undefined {
  const path = effectiveFlag(wish.argv, 'config') ?? '';
  if (path === '') return undefined;
  const seen = files.find((one) => one.path === path);
  if (seen?.file.kind === 'file' && seen.file.content !== null) return seen;
  const found =
    seen === undefined ? 'could not be looked at' : seen.file.kind === 'absent' ? 'is not there' : undefined;
  throw new ProvisionError({
    code: 'CONFIG_FILE_UNREADABLE',
    kind: 'operation',
    what: `${path}, the --config of ${wish.unit}, ${found ?? 'is not a text file of at most 64 KiB'}`,
    where: path,
    fix: `see what is there; if ${wish.unit} names it by a variable or relative to a folder, write the whole path in ${wish.setting}.flags: { config: … }`,
  });
}

/** Base plus wish: the file without what we set before, and then with what is wanted now; undefined where there is nothing of ours. */
export function planConfig(files: ConfigFiles, wish: ConfigWish): ConfigPlan | undefined {
  const isWanted = Object.keys(wish.config).length > 0;
  if (!isWanted && files.record.kind === 'absent') return undefined;
  const seen = findConfig(files, wish);
  if (seen === undefined && isWanted) throw noConfigFile(wish);
  if (seen === undefined) return undefined;
  const before = seen.file.content ?? '';
  const kept = readRecord(files.record.content, seen.target);
  refuseOther(before, seen, wish);
  const folder = folderOf(wish.argv);
  if (folder !== undefined) refuseOverridden(filesIn(files, folder), wish.config, wish.setting);
  try {
    const { text, fields } = setFields(takeBack(before, kept), wish.config);
    const record = fields.length === 0 ? null : renderRecord({ file: seen.target, fields });
    return {
      unit: wish.unit,
      seen,
      before,
      after: text,
      fields: { before: kept, after: fields },
      record: { before: files.record.content, after: record },
    };
  } catch (error) {
    if (error instanceof NotEditable) throw notEditable(seen, wish, error.message);
    throw error;
  }
}

/** What is in a folder, but for our own file. */
export const filesIn = ({ files }: ConfigFiles, folder: string): readonly SeenConfig[] => {
  const ours = fileIn(folder);
  return files.filter(({ path }) => path.startsWith(ours.slice(0, ours.lastIndexOf('/') + 1)) && path !== ours);
};

export function configChanges(plan: ConfigPlan | undefined): readonly Change[] {
  if (plan === undefined) return [];
  const { seen, before, after, record } = plan;
  const say = (fields: ConfigPlan['fields']['after']) => fields.map(({ path }) => path.join('.'));
  const [had, has] = [say(plan.fields.before), say(plan.fields.after)];
  const parts = [
    ...(has.length > 0 ? [`set ${has.join(', ')}`] : []),
    ...(had.some((name) => !has.includes(name))
      ? [`give back ${had.filter((name) => !has.includes(name)).join(', ')}`]
      : []),
  ];
  if (before !== after) return [{ subject: seen.path, action: parts.join('; ') || 'write', before, after }];
  if (record.before === record.after) return [];
  return [{ subject: recordPath(plan.unit), action: record.after === null ? 'remove' : 'write' }];
}

/** The record comes first and holds old and new fields until the file is written: whenever it ends, nothing of ours is taken for theirs. */
export function applyConfig({ unit, seen, before, after, fields, record }: ConfigPlan): ShellScript {
  const path = recordPath(unit);
  const write = (content: string) => putFile({ path, content, mode: '0600', owner: 'root', group: 'root' });
  const { mode, owners, groups } = seen.file;
  const file = { path: seen.target, content: after, mode, owner: owners[1] ?? 'root', group: groups[1] ?? 'root' };
  const both = renderRecord({ file: seen.target, fields: [...fields.before, ...fields.after] });
  return joinScripts([
    ...(before === after ? [] : [write(both), replaceSeen(seen.file, file)]),
    record.after === null ? sh`remove ${path}` : write(record.after),
  ]);
}

export const undoConfig = (files: ConfigFiles, unit: string): ShellScript =>
  joinScripts([...files.files.map(({ target }) => sh`restore ${target}`), sh`restore ${recordPath(unit)}`]);

export const configWrites = (plan: ConfigPlan | undefined): readonly Written[] =>
  plan === undefined ? [] : [{ path: plan.seen.path, sha256: digest(plan.after) }];

const noConfigFile = ({ setting, unit, config }: ConfigWish): ProvisionError =>
  new ProvisionError({
    code: 'CONFIG_FILE_NONE',
    kind: 'operation',
    what: `${unit} has no --config, so there is no file for ${setting}.config`,
    why: `to be set: ${Object.keys(config).join(', ')}`,
    fix: `Set the same by ${setting}.flags, or write a file and name it in ${setting}.flags: { config: /path }`,
  });

function refuseOther(text: string, seen: SeenConfig, wish: ConfigWish): void {
  const read = readYaml(text);
  const kind = 'why' in read ? undefined : (read.value as { kind?: unknown } | null)?.kind;
  if (kind === wish.kind) return;
  throw new ProvisionError({
    code: 'CONFIG_FILE_INVALID',
    kind: 'operation',
    what: `${seen.path} is not a ${wish.kind}`,
    where: seen.target,
    why: 'why' in read ? read.why : `its kind is ${String(kind)}`,
    fix: `Correct the file until ${wish.unit} starts with it`,
  });
}

const notEditable = (seen: SeenConfig, wish: ConfigWish, why: string): ProvisionError =>
  new ProvisionError({
    code: 'CONFIG_FILE_NOT_EDITABLE',
    kind: 'operation',
    what: `${seen.path} is laid out in a way that it cannot be changed in one place`,
    where: seen.target,
    why,
    fix: `Set by hand what ${wish.setting}.config says, then run again: ${JSON.stringify(wish.config)}`,
  });
