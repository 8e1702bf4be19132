/** One `Key=value` of a unit file; `value` has its continuation lines joined, `line` is where it starts, from 1. */
export interface Directive {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly line: number;
}

export interface UnitFile {
  readonly path: string;
  readonly directives: readonly Directive[];
}

export interface Assignment {
  readonly value: string;
  /** The path of the file that made it. */
  readonly file: string;
}

const dropInHeader = /^# (\/.*\/[^/]+\.d\/[^/]+\.conf)$/;
const fragmentHeader = /^# (\/.*\/[^/]+\.[a-z]+)$/;

/** The files `systemctl cat UNIT` prints, the fragment first, then the drop-ins in the order systemd applies them. */
export function parseSystemctlCat(text: string): UnitFile[] {
  const files: { path: string; lines: string[] }[] = [];
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    const path = (files.length === 0 ? fragmentHeader.exec(line) : undefined)?.[1] ?? dropInHeader.exec(line)?.[1];
    if (path !== undefined && !files.some((file) => file.path === path)) files.push({ path, lines: [] });
    else files.at(-1)?.lines.push(line);
  }
  return files.map(({ path, lines }) => parseUnitFile(path, lines.join('\n')));
}

/** Reads one file as systemd's config_parse does: a comment between continuation lines vanishes, a blank line ends them. */
export function parseUnitFile(path: string, text: string): UnitFile {
  const directives: Directive[] = [];
  let section = '';
  for (const { line, content } of joinContinuations(text)) {
    const header = /^\[(.*)\]$/.exec(content);
    if (header) section = header[1] ?? '';
    const equals = content.indexOf('=');
    if (header || section === '' || equals <= 0) continue;
    const [key, value] = [content.slice(0, equals).trim(), content.slice(equals + 1).trim()];
    directives.push({ section, key, value, line });
  }
  return { path, directives };
}

function joinContinuations(text: string): { line: number; content: string }[] {
  const logical: { line: number; content: string }[] = [];
  let pending: { line: number; content: string } | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (/^\s*[#;]/.test(raw) || (pending === undefined && raw.trim() === '')) continue;
    pending = { line: pending?.line ?? index + 1, content: (pending?.content ?? '') + raw };
    if (endsInBackslash(pending.content)) {
      pending.content = `${pending.content.slice(0, -1)} `;
      continue;
    }
    logical.push({ ...pending, content: pending.content.trim() });
    pending = undefined;
  }
  if (pending) logical.push({ ...pending, content: pending.content.trim() });
  return logical;
}

const endsInBackslash = (line: string): boolean => (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;

/** What stays of a list setting such as ExecStart after every file had its say: an empty assignment forgets the earlier ones. */
export function listAssignments(files: readonly UnitFile[], section: string, key: string): Assignment[] {
  let assignments: Assignment[] = [];
  for (const file of files)
    for (const directive of file.directives) {
      if (directive.section !== section || directive.key !== key) continue;
      if (directive.value === '') assignments = [];
      else assignments.push({ value: directive.value, file: file.path });
    }
  return assignments;
}
