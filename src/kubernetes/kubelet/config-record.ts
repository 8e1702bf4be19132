import type { SetField } from './config-fields.ts';

/** Which fields of a file are ours; kept on the host. */
export interface ConfigRecord {
  readonly file: string;
  readonly fields: readonly SetField[];
}

export const renderRecord = (record: ConfigRecord): string => `${JSON.stringify(record, null, 1)}\n`;

/** The fields of that file; none for what is no record of it. */
export function readRecord(text: string | null, file: string): readonly SetField[] {
  try {
    const record = JSON.parse(text ?? '{}') as Partial<ConfigRecord>;
    return record.file === file ? (record.fields ?? []) : [];
  } catch {
    return [];
  }
}
