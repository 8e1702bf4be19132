import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import {
  type EffectiveCni,
  readContainerdDump,
  readContainerdFile,
} from '../../kubernetes/containerd/containerd-config.ts';
import { invalidContainerdConfig } from '../../kubernetes/containerd/containerd-toml.ts';
import { editCniDirectories } from '../../kubernetes/containerd/edit-containerd-config.ts';
import { parseVersion } from '../../kubernetes/flags/versions.ts';
import { joinScripts, sh } from '../../shell.ts';
import { absolutePath, decodeBase64, readField } from '../fields.ts';
import { digest, parseFile, replaceSeen, type SeenFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import { sharedLook } from '../shared-look.ts';
import { checkContainerd, seeContainerd } from './containerd-script.ts';

const schema = z.strictObject({
  path: absolutePath.default('/etc/containerd/config.toml').describe("containerd's configuration file"),
  unit: z.string().default('containerd.service').describe('its systemd unit, which names the binary'),
  bin_dir: absolutePath.default('/opt/cni/bin').describe('where it finds CNI plugins'),
  conf_dir: absolutePath.default('/etc/cni/net.d').describe('where it finds network configurations'),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly file: SeenFile;
  /** The file itself where the path is a link. */
  readonly target: string;
  readonly version: string | undefined;
  /** The file that the unit's command line names, if it does. */
  readonly named: string;
  /** The lines that matter of what containerd makes of the file, or of none; undefined where it could not be asked. */
  readonly dump: string | undefined;
  /** Why it takes the file for none of its own. */
  readonly refusal: string | undefined;
}

/** What `config dump` shows; refuses first what the file itself gives away. */
function effectiveCni(actual: Actual, desired: Desired): EffectiveCni | undefined {
  const { file, target, version, named, dump, refusal } = actual;
  if (file.kind !== 'absent' && file.content === null)
    throw new ProvisionError({
      code: 'CONTAINERD_CONFIG_UNREADABLE',
      kind: 'operation',
      what: `${desired.path} is not a text file of at most 64 KiB`,
      where: target,
      fix: 'look at what is there instead of a configuration',
    });
  if (named.startsWith('/') && named !== desired.path && named !== target)
    throw new ProvisionError({
      code: 'CONTAINERD_CONFIG_ELSEWHERE',
      kind: 'operation',
      what: `${desired.unit} starts containerd with --config ${named}, not with ${desired.path}`,
      where: desired.unit,
      fix: `Write in the inventory: runtime: { config: ${named} }`,
    });
  readContainerdFile(file.content ?? undefined, version, desired.path);
  if (refusal !== undefined) throw invalidContainerdConfig(desired.path, refusal);
  return dump === undefined ? undefined : readContainerdDump(dump, desired.path);
}

function edited(actual: Actual, desired: Desired): string | undefined {
  const effective = effectiveCni(actual, desired);
  const wanted = { binDir: desired.bin_dir, confDir: desired.conf_dir };
  const text = actual.file.content ?? undefined;
  return editCniDirectories(text, wanted, { version: actual.version, effective }, desired.path);
}

/** containerd's CNI directories, every other byte of its file kept; the service task that watches the file restarts it. */
export const containerdConfig = defineOperation({
  name: 'containerd_config',
  summary: "containerd's CNI directories; every other byte of its file stays",
  schema,
  probe: ({ path, unit }) => sharedLook(joinScripts([seeContainerd, sh`see_containerd ${path} ${unit}`])),
  parse(output): Actual {
    const [first = '', ...rest] = output.split('\n');
    const fields = rest.join('\n');
    const text = (key: string): string | undefined => decodeBase64(readField(fields, key)) || undefined;
    return {
      file: parseFile(first),
      target: readField(fields, 'target'),
      version: parseVersion(readField(fields, 'version')),
      named: readField(fields, 'config'),
      dump: text('effective'),
      refusal: text('refusal'),
    };
  },
  diff(actual, desired) {
    const before = actual.file.content ?? undefined;
    const after = edited(actual, desired);
    if (after === before || after === undefined) return [];
    const action = `set the CNI directories to ${desired.bin_dir} and ${desired.conf_dir}`;
    return [{ subject: desired.path, action, before: before ?? '', after }];
  },
  apply(desired, actual) {
    const { file, target } = actual;
    const content = edited(actual, desired) ?? '';
    const { path, unit, bin_dir, conf_dir } = desired;
    const check = sh`printf %s ${content} | check_containerd ${path} ${unit} ${bin_dir} ${conf_dir}`;
    const write = replaceSeen(file, {
      path: target,
      content,
      mode: file.kind === 'absent' ? '0644' : file.mode,
      owner: file.kind === 'absent' ? 'root' : (file.owners[1] ?? 'root'),
      group: file.kind === 'absent' ? 'root' : (file.groups[1] ?? 'root'),
    });
    return joinScripts([checkContainerd, check, write]);
  },
  undo: ({ target }) => sh`restore ${target}`,
  writes(desired, actual) {
    const text = edited(actual, desired);
    return text === undefined ? [] : [{ path: desired.path, sha256: digest(text) }];
  },
});
