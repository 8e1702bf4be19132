import { z } from 'zod';
import { checkKubeletConfig } from '../kubernetes/kubelet/kubelet-config.ts';
import { valueAt } from './check.ts';
import { withoutQuotes } from './say-fix.ts';
import { didYouMean, nearest } from './suggest.ts';

/** Fields of KubeletConfiguration, nested as there; unknown names and values of another type are said at their place. */
export const kubeletConfigSchema = () =>
  z
    .record(z.string(), z.unknown())
    .superRefine((config, context) => {
      for (const { path, what, known = [], form } of checkKubeletConfig(config)) {
        const [name = '', around] = [path.at(-1), path.slice(0, -1)];
        const message = what + didYouMean(name, known, around);
        const instead = form === undefined ? fixOfName(nearest(name, known)) : fixOfForm(config, path, form);
        const params = { fix: `${instead}; fields are those of KubeletConfiguration.` };
        if (form !== undefined) context.addIssue({ code: 'custom', message, params, path: [...path], input: config });
        else
          context.addIssue({
            code: 'invalid_key',
            origin: 'record',
            issues: [{ code: 'custom', message, params, path: [], input: config }],
            path: [...path],
            input: config,
          });
      }
    })
    .default({});

const fixOfName = (meant: string | undefined): string =>
  meant === undefined ? 'Take it out' : `Write ${meant}, or take it out`;

function fixOfForm(config: Readonly<Record<string, unknown>>, path: readonly string[], form: string): string {
  const value = valueAt(config, path);
  const fits = (other: unknown): boolean =>
    checkKubeletConfig(path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), other) as typeof config).length ===
    0;
  const bare = typeof value === 'string' ? withoutQuotes(value) : undefined;
  if (bare !== undefined && fits(bare)) return 'Take the quotes away';
  if ((typeof value === 'number' || typeof value === 'boolean') && fits(String(value))) return 'Put it in quotes';
  return `Write ${form}`;
}
