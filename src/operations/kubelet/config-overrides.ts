import { ProvisionError } from '../../errors.ts';
import { leavesOf } from '../../kubernetes/kubelet/config-fields.ts';
import { findSaid } from '../../kubernetes/kubelet/yaml-text.ts';
import type { SeenConfig } from './config-file-script.ts';

/** Throws for the first of the files read later that has its say about a field of the wish. */
export function refuseOverridden(
  later: readonly SeenConfig[],
  config: Readonly<Record<string, unknown>>,
  setting: string,
): void {
  for (const { path, file } of later)
    for (const leaf of leavesOf(config, undefined)) {
      const said = findSaid(file.content ?? '', leaf.path);
      if (said === undefined) continue;
      throw new ProvisionError({
        code: 'CONFIG_FIELD_MASKED',
        kind: 'operation',
        what: `${path}:${said.line} sets "${said.path.join('.')}" and is read after what ${setting}.config sets`,
        where: `${path}:${said.line}`,
        why: 'Of the files of --config and --config-dir the last one that says something of a field counts',
        fix: `Take it out of ${path}, or "${leaf.path.join('.')}" out of ${setting}.config`,
      });
    }
}
