import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import { effectiveFlag } from '../../kubernetes/flags/flags.ts';
import { maskingFlag, unknownTo } from '../../kubernetes/kubelet/kubelet-config.ts';
import { fileIn, ownFolder, readsDropIns } from '../../kubernetes/kubelet/kubelet-config-dir.ts';
import { readBase, sourceOfFlag } from '../../kubernetes/units/unit-command.ts';
import { joinScripts } from '../../shell.ts';
import { seeWholeFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import { sharedLook } from '../shared-look.ts';
import { dropUnknownFlags, flagsSchema, unitName } from '../units/unit-flags.ts';
import { seeUnit, seeUnitOnce } from '../units/unit-flags-script.ts';
import { compileWish, dropInPath, parseUnit, type UnitState } from '../units/unit-flags-state.ts';
import { applyConfig, type ConfigPlan, configChanges, configWrites, planConfig, undoConfig } from './config-file.ts';
import { type ConfigFiles, parseConfigFiles, seeConfigFiles, seeConfigFolders } from './config-file-script.ts';
import { applyDropIn, type DropInPlan, dropInChanges, dropInWrites, planDropIns } from './kubelet-drop-in.ts';

const schema = z.strictObject({
  unit: unitName.describe("the kubelet's systemd unit, whose --config and --config-dir name the files"),
  flags: flagsSchema().describe('flags that it gets beside, those of the inventory'),
  config: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('fields to have, nested as in KubeletConfiguration; all others stay as they are'),
  drop_unknown_flags: dropUnknownFlags(),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly unit: UnitState;
  readonly config: ConfigFiles;
}

interface Plan {
  /** In the file of `--config`. */
  readonly edit: ConfigPlan | undefined;
  readonly dropIns: readonly DropInPlan[];
}

/** Fields go into a file of our own where the kubelet reads one, else into the operator's; what we did the other way before is taken back. */
function plan({ unit, config: files }: Actual, desired: Desired): Plan {
  const { config, drop_unknown_flags } = desired;
  const isWanted = Object.keys(config).length > 0;
  const isThere = files.files.some(({ path, file }) => path.endsWith(fileIn('')) && file.kind !== 'absent');
  if (!isWanted && files.record.kind === 'absent' && !isThere) return { edit: undefined, dropIns: [] };
  const wish = { unit: desired.unit, flags: {}, more_flags: desired.flags, drop_unknown_flags, config };
  const { effective: argv } = compileWish(unit, wish);
  refuseMasked(unit, desired, argv);
  refuseUnknown(unit, desired);
  const byDropIn = readsDropIns({ known: unit.unit?.binary?.known, version: unit.version }) ?? isThere;
  const source = { setting: 'kubelet', kind: 'KubeletConfiguration', unit: desired.unit, argv } as const;
  const edit = planConfig(files, { ...source, config: byDropIn ? {} : config });
  const now = files.files.find(({ path }) => path === effectiveFlag(argv, 'config'))?.file.content ?? null;
  const file = { before: now, after: edit?.after ?? now };
  const dropIns = planDropIns(files, { unit: desired.unit, argv, config: byDropIn ? config : {}, file });
  return { edit, dropIns: dropIns.filter((one) => dropInChanges(one).length > 0) };
}

function refuseMasked({ unit }: UnitState, desired: Desired, argv: readonly string[]): void {
  const masked = maskingFlag(desired.config, argv);
  if (masked === undefined || unit === null) return;
  const { flag, value, field } = masked;
  const isOurs = flag in desired.flags;
  const where = isOurs ? 'kubelet.flags' : sourceOfFlag(readBase({ ...unit, path: dropInPath(desired.unit) }), flag);
  throw new ProvisionError({
    code: 'CONFIG_FIELD_MASKED',
    kind: 'operation',
    what: `--${flag}=${value} wins over "${field}" of kubelet.config`,
    where,
    ...(isOurs && { setting: ['kubelet', 'flags', flag] }),
    why: 'A kubelet reads its file first and its command line after it',
    fix: isOurs
      ? `Keep one of the two: take ${flag} out of kubelet.flags, or ${field} out of kubelet.config`
      : `Take --${flag} out of ${where}, or set it by kubelet.flags: { ${flag}: … } instead of kubelet.config`,
  });
}

function refuseUnknown({ version }: UnitState, { config }: Desired): void {
  const [first] = version === undefined ? [] : unknownTo(config, version);
  if (first === undefined) return;
  const { name, since, until } = first;
  throw new ProvisionError({
    code: 'CONFIG_FIELD_UNKNOWN',
    kind: 'config',
    setting: ['kubelet', 'config', ...name.split('.')],
    what: `The kubelet on this host is ${version}, "${name}" ${until === undefined ? `came with ${since}` : `is known from ${since} to ${until}`}`,
    why: 'A kubelet ignores a field that it does not know',
    fix: `Take "${name}" out of kubelet.config for this host${until === undefined ? ', or upgrade its kubelet first' : ''}`,
  });
}

/** Fields of the kubelet's configuration, in a drop-in of ours or in its file, every other byte kept; one that is not wanted any more goes back to what it was. Nothing is restarted. */
export const kubeletConfig = defineOperation({
  name: 'kubelet_config',
  summary: "fields of the kubelet's configuration: in a drop-in, or in its file with every other byte kept",
  schema,
  timeoutSeconds: 60,
  probe: ({ unit, flags }) =>
    sharedLook(
      joinScripts([
        seeUnit,
        seeWholeFile(dropInPath(unit)),
        seeUnitOnce(unit),
        seeConfigFiles(unit, flags),
        seeConfigFolders(unit, [ownFolder, ...(flags['config-dir'] ? [String(flags['config-dir'])] : [])]),
      ]),
    ),
  parse: (output, { unit }): Actual => ({ unit: parseUnit(output, unit), config: parseConfigFiles(output) }),
  diff(actual, desired) {
    const { edit, dropIns } = plan(actual, desired);
    return [...dropIns.flatMap(dropInChanges), ...configChanges(edit)];
  },
  apply(desired, actual) {
    const { edit, dropIns } = plan(actual, desired);
    const [put, gone] = [
      dropIns.filter(({ content }) => content !== null),
      dropIns.filter((one) => one.content === null),
    ];
    return joinScripts([
      ...put.map(applyDropIn),
      ...(configChanges(edit).length === 0 || edit === undefined ? [] : [applyConfig(edit)]),
      ...gone.map(applyDropIn),
    ]);
  },
  undo: ({ config }, { unit }) => undoConfig(config, unit),
  writes(desired, actual) {
    const { edit, dropIns } = plan(actual, desired);
    return [...configWrites(edit), ...dropIns.map(dropInWrites)];
  },
});
