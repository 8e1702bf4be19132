import { scanToml } from './toml-scanner.ts';

/** A key of a table and what it is to be. */
export interface TomlSetting {
  readonly key: string;
  readonly value: string | readonly string[];
}

/** `[plugins."io.containerd.grpc.v1.cri".cni]` */
export const renderHeader = (table: readonly string[]): string =>
  `[${table.map((part) => (/^[\w-]+$/.test(part) ? part : JSON.stringify(part))).join('.')}]`;

/** The text with this key of a table set, wherever the table stands in it, and every other byte kept. */
export function setTomlValue(text: string, table: readonly string[], { key, value }: TomlSetting): string {
  const { entries, tables: headers } = scanToml(text);
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const rendered =
    typeof value === 'string' ? JSON.stringify(value) : `[${value.map((one) => JSON.stringify(one)).join(', ')}]`;
  const splice = (start: number, end: number, insert: string): string =>
    text.slice(0, start) + insert + text.slice(end);

  const entry = entries.find(({ path }) => isSamePath(path, [...table, key]));
  if (entry) return splice(entry.valueStart, entry.valueEnd, rendered);

  const inline = entries.find(({ path }) => isSamePath(path, table));
  if (inline) {
    const isEmpty = /^\{\s*\}$/.test(text.slice(inline.valueStart, inline.valueEnd));
    return splice(inline.valueStart + 1, inline.valueStart + 1, ` ${key} = ${rendered}${isEmpty ? ' ' : ','}`);
  }
  const header = headers.find(({ path }) => isSamePath(path, table));
  if (header) {
    const needsEol = header.bodyStart > 0 && text.charAt(header.bodyStart - 1) !== '\n';
    return splice(
      header.bodyStart,
      header.bodyStart,
      `${needsEol ? eol : ''}${header.indent}  ${key} = ${rendered}${eol}`,
    );
  }
  const dotted = entries.find(({ path, isInTable }) => isInTable && isSamePath(path.slice(0, table.length), table));
  if (dotted) {
    const written = text.slice(dotted.start, dotted.valueStart).replace(/\s*=\s*$/, '');
    const prefix = written.slice(0, written.lastIndexOf('.') + 1);
    return splice(dotted.start, dotted.start, `${prefix}${key} = ${rendered}${eol}`);
  }
  const gap = text === '' || text.endsWith('\n') ? '' : eol;
  return `${text}${gap}${eol}${renderHeader(table)}${eol}  ${key} = ${rendered}${eol}`;
}

const isSamePath = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((part, index) => part === other[index]);
