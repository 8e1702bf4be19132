import { z } from 'zod';
import { checkKubeletConfig } from '../kubernetes/kubelet/kubelet-config.ts';
import { didYouMean } from './suggest.ts';

/** Fields of KubeletConfiguration, nested as there; unknown names and values of another type are said at their place. */
export const kubeletConfigSchema = () =>
  z
    .record(z.string(), z.unknown())
    .superRefine((config, context) => {
      for (const { path, what, known } of checkKubeletConfig(config)) {
        const message = what + didYouMean(path.at(-1) ?? '', known ?? [], path.slice(0, -1));
        if (known === undefined) context.addIssue({ code: 'custom', message, path: [...path], input: config });
        else
          context.addIssue({
            code: 'invalid_key',
            origin: 'record',
            issues: [{ code: 'custom', message, path: [], input: config }],
            path: [...path],
            input: config,
          });
      }
    })
    .default({});
