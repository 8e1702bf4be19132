import { ProvisionError, ProvisionErrors } from '../../errors.ts';
import { quote } from '../../shell.ts';

/** Options of `roll` that stand for a setting of the inventory's section `roll`. */
export interface RollSettings {
  readonly drain?: boolean | undefined;
  readonly batches?: readonly string[] | undefined;
  readonly canary?: readonly string[] | undefined;
  readonly maxUnavailable?: string | undefined;
  readonly soak?: string | undefined;
  readonly deleteBarePods?: boolean | undefined;
  readonly deleteEmptyDir?: boolean | undefined;
  readonly patchNodes?: boolean | undefined;
}

/** An option as it was typed, and the text of `--set` that it stands for. */
export interface TypedSetting {
  readonly option: string;
  readonly set: string;
  /** What to do about a wrong value. */
  readonly fix: string;
}

const quoted = (names: readonly string[]): string => `[${names.map((name) => JSON.stringify(name)).join(', ')}]`;

/** The options given, as settings of this run. */
export function typedSettings(options: RollSettings): readonly TypedSetting[] {
  const { drain, batches, canary, maxUnavailable, soak } = options;
  const one = (option: string, name: string, value: unknown, fix: string, typed?: string): TypedSetting[] =>
    value === undefined
      ? []
      : [{ option: typed === undefined ? option : `${option} ${quote(typed)}`, set: `roll.${name}=${value}`, fix }];
  const none = 'Leave it out.';
  return [
    ...one(drain === false ? '--no-drain' : '--drain', 'drain', drain, none),
    ...one(
      '--batches',
      'batches',
      batches && `[${batches.join(', ')}]`,
      'Give numbers of nodes from 1 on, or percentages, as in --batches 1,3,25%.',
      batches?.join(','),
    ),
    ...one(
      '--canary',
      'canary',
      canary && quoted(canary),
      'Name nodes, or groups or globs of them, as in --canary node1; control-plane hosts always come last.',
      canary?.join(','),
    ),
    ...one(
      '--max-unavailable',
      'max_unavailable',
      maxUnavailable,
      'Give a number of Nodes from 1 on, or a percentage, as in --max-unavailable 2.',
      maxUnavailable,
    ),
    ...one('--soak', 'soak_seconds', soak, 'Give whole seconds from 0 on, as in --soak 30.', soak),
    ...one('--delete-bare-pods', 'delete_bare_pods', options.deleteBarePods, none),
    ...one('--delete-empty-dir', 'delete_empty_dir', options.deleteEmptyDir, none),
    ...one('--patch-nodes', 'patch_nodes', options.patchNodes, none),
  ];
}

/** The same mistakes, those in texts of `--set` that stand for options told of the options; `sets` are `--set`s before them. */
export function nameOptions(error: unknown, sets: number, typed: readonly TypedSetting[]): unknown {
  if (!(error instanceof ProvisionErrors)) return error;
  return new ProvisionErrors(
    error.errors.map((one) => {
      const { where } = one;
      const given = typeof where === 'object' && where.file === '--set' ? typed[where.line - 1 - sets] : undefined;
      if (given === undefined) return one;
      const { option, fix } = given;
      return new ProvisionError({ code: 'USAGE', kind: 'usage', what: one.what, where: option, fix, cause: one });
    }),
  );
}
