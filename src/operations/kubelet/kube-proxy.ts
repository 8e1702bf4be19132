import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { WantedFlags } from '../../kubernetes/flags/flags.ts';
import { takeBack } from '../../kubernetes/kubelet/config-fields.ts';
import { readRecord } from '../../kubernetes/kubelet/config-record.ts';
import { agrees, type ProxyRange, readProxyRange, refuseOtherRange } from '../../kubernetes/network/proxy-range.ts';
import { joinScripts } from '../../shell.ts';
import { seeWholeFile } from '../files/managed-file.ts';
import { defineOperation } from '../operation.ts';
import {
  applyFlags,
  dropUnknownFlags,
  flagChanges,
  flagsSchema,
  flagWrites,
  undoFlags,
  unitName,
} from '../units/unit-flags.ts';
import { seeUnit, seeUnitOnce } from '../units/unit-flags-script.ts';
import {
  commandLineNow,
  compileWish,
  dropInPath,
  type FlagWish,
  parseUnit,
  type UnitState,
} from '../units/unit-flags-state.ts';
import {
  applyConfig,
  type ConfigPlan,
  configChanges,
  configWrites,
  findConfig,
  planConfig,
  undoConfig,
} from './config-file.ts';
import { type ConfigFiles, parseConfigFiles, seeConfigFiles } from './config-file-script.ts';

const schema = z.strictObject({
  unit: unitName.describe('its systemd unit; a host without it has nothing to check'),
  cluster_cidr: z.string().describe('the range of all pods'),
  manage: z.boolean().default(false).describe('set the range where it differs, instead of refusing it'),
  flags: flagsSchema().describe('further flags, if it is managed'),
  config: z.record(z.string(), z.unknown()).default({}).describe('fields of its --config file, if it is managed'),
  drop_unknown_flags: dropUnknownFlags(),
});

type Desired = z.output<typeof schema>;

interface Actual {
  readonly unit: UnitState;
  readonly config: ConfigFiles;
}

interface Plan {
  readonly flags: FlagWish;
  readonly config: ConfigPlan | undefined;
}

const source = { setting: 'kube_proxy', kind: 'KubeProxyConfiguration' } as const;

/** The range it goes by, by its files; undefined where there is no such unit, or where they cannot be read. */
function rangeNow({ unit, config: files }: Actual, desired: Desired): ProxyRange | undefined {
  if (unit.unit === null) return undefined;
  try {
    const argv = commandLineNow(unit);
    const seen = findConfig(files, { ...source, unit: desired.unit, argv, config: {} });
    return readProxyRange(argv, seen && { path: seen.path, text: seen.file.content ?? '' });
  } catch (error) {
    if (error instanceof ProvisionError) return undefined;
    throw error;
  }
}

/** Base plus wish, the range by the flag or, where there is a file, by its field; one that agrees already is left as it is. */
function plan({ unit, config: files }: Actual, desired: Desired): Plan {
  const { cluster_cidr: range } = desired;
  const wishOf = (flags: WantedFlags): FlagWish => ({
    unit: desired.unit,
    flags,
    more_flags: desired.flags,
    drop_unknown_flags: desired.drop_unknown_flags,
  });
  const { effective: argv } = compileWish(unit, wishOf({}));
  const wish = { ...source, unit: desired.unit, argv };
  const seen = findConfig(files, { ...wish, config: {} });
  const text = seen && takeBack(seen.file.content ?? '', readRecord(files.record.content, seen.target));
  const base = readProxyRange(argv, seen && { path: seen.path, text: text ?? '' });
  const isWanted = base === undefined || (base.counts && !agrees(base, range));
  if (seen === undefined)
    return {
      flags: wishOf(isWanted ? { 'cluster-cidr': range } : {}),
      config: planConfig(files, { ...wish, config: desired.config }),
    };
  const config = isWanted ? { ...desired.config, clusterCIDR: range } : desired.config;
  return { flags: wishOf({}), config: planConfig(files, { ...wish, config }) };
}

/** kube-proxy goes by the cluster's pod range: checked, or set where it is managed. Nothing is restarted. */
export const kubeProxy = defineOperation({
  name: 'kube_proxy',
  summary: 'a kube-proxy that goes by the pod range: checked, or set where it is managed',
  schema,
  timeoutSeconds: 90,
  probe: ({ unit, flags }) =>
    joinScripts([seeUnit, seeWholeFile(dropInPath(unit)), seeUnitOnce(unit), seeConfigFiles(unit, flags)]),
  parse: (output, { unit }): Actual => ({ unit: parseUnit(output, unit), config: parseConfigFiles(output) }),
  diff(actual, desired) {
    if (!desired.manage) {
      const now = rangeNow(actual, desired);
      if (now) refuseOtherRange(desired.unit, now, desired.cluster_cidr);
      return [];
    }
    const { flags, config } = plan(actual, desired);
    return [...flagChanges(actual.unit, flags), ...configChanges(config)];
  },
  warnings(actual, desired) {
    if (desired.manage || actual.unit.unit === null) return [];
    const now = rangeNow(actual, desired);
    if (now === undefined)
      return [`${desired.unit}: its command line cannot be read, so it is not known which pod range it goes by`];
    if (!now.counts || now.range !== '') return [];
    return [
      `${desired.unit} knows no pod range (${now.setting}), so it masquerades nothing that reaches Services from outside; kube_proxy.manage: true gives it ${desired.cluster_cidr}`,
    ];
  },
  apply(desired, actual) {
    const { flags, config } = plan(actual, desired);
    return joinScripts([
      ...(flagChanges(actual.unit, flags).length === 0 ? [] : [applyFlags(actual.unit, flags)]),
      ...(config === undefined || configChanges(config).length === 0 ? [] : [applyConfig(config)]),
    ]);
  },
  undo: ({ config }, { unit }) => joinScripts([undoConfig(config, unit), undoFlags(unit)]),
  writes(desired, actual) {
    if (!desired.manage) return [];
    const { flags, config } = plan(actual, desired);
    return [...flagWrites(actual.unit, flags), ...configWrites(config)];
  },
});
