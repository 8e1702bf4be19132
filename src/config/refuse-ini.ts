import { ProvisionError, ProvisionErrors } from '../errors.ts';

/** Throws where a file is an inventory in Ansible's older format: what YAML says of it would not help. */
export function refuseIni(file: string, text: string): void {
  const lines = text.split(/\r?\n/);
  const index = lines.findIndex((line) => !/^\s*([#;].*)?$/.test(line));
  const first = lines[index] ?? '';
  if (!/^\[[\w.-]+(:(vars|children))?\]\s*([#;].*)?$/.test(first)) return;
  throw new ProvisionErrors([
    new ProvisionError({
      code: 'CONFIG_INVALID',
      kind: 'config',
      what: 'An inventory in INI format is not read',
      where: { file, line: index + 1, column: 1, text: first, length: first.trimEnd().length },
      fix: `Write it in YAML, as in inventory.example.yaml; \`ansible-inventory -i ${file} --list --yaml\` prints this one so.`,
    }),
  ]);
}
