import { z } from 'zod';
import { checkKubeletConfig } from '../kubernetes/kubelet/kubelet-config.ts';
import { didYouMean, nearest } from './suggest.ts';

/** Fields of KubeletConfiguration, nested as there; unknown names and values of another type are said at their place. */
export const kubeletConfigSchema = () =>
  z
    .record(z.string(), z.unknown())
    .superRefine((config, context) => {
      for (const { path, what, known = [], form } of checkKubeletConfig(config)) {
        const [name = '', around] = [path.at(-1), path.slice(0, -1)];
        const message = what + didYouMean(name, known, around);
        const params = { fix: `${fixOf(form, nearest(name, known))}; fields are those of KubeletConfiguration.` };
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

function fixOf(form: string | undefined, nearestName: string | undefined): string {
  if (form !== undefined) return `Write ${form}`;
  return nearestName === undefined ? 'Take it out' : `Write ${nearestName}, or take it out`;
}
