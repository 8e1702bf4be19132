/** A key of a TOML file, its full path, and where its value stands (UTF-16 offsets). */
export interface TomlEntry {
  readonly path: readonly string[];
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  readonly isInTable: boolean;
}

export interface TomlTable {
  readonly path: readonly string[];
  /** The offset just after the header's line. */
  readonly bodyStart: number;
  readonly indent: string;
}

export interface TomlLayout {
  readonly entries: readonly TomlEntry[];
  readonly tables: readonly TomlTable[];
}

/** Where the keys and tables of a TOML text stand; the text has to be one that a parser accepted. */
export function scanToml(text: string): TomlLayout {
  const entries: TomlEntry[] = [];
  const tables: TomlTable[] = [];
  let table: readonly string[] = [];
  let at = 0;

  const skipBlank = (): void => {
    at += /^(?:\s+|#[^\n]*)*/.exec(text.slice(at))?.[0].length ?? 0;
  };
  const readKey = (): string[] => {
    const parts: string[] = [];
    for (;;) {
      const [whole = '', part = '', dot] =
        /^[ \t]*("(?:\\.|[^"\\])*"|'[^']*'|[A-Za-z0-9_-]+)[ \t]*(\.)?/.exec(text.slice(at)) ?? [];
      at += whole.length;
      parts.push(unquoteKey(part));
      if (dot === undefined) return parts;
    }
  };
  const readEntry = (prefix: readonly string[], isInTable: boolean): void => {
    const start = at;
    const path = [...prefix, ...readKey()];
    at += /^[ \t]*=[ \t]*/.exec(text.slice(at))?.[0].length ?? text.length;
    const valueStart = at;
    readValue(path);
    entries.push({ path, start, valueStart, valueEnd: at, isInTable });
  };
  const readValue = (path: readonly string[]): void => {
    const opening = text.charAt(at);
    if (opening === '[' || opening === '{') {
      at += 1;
      for (;;) {
        skipBlank();
        const char = text.charAt(at);
        if (char === ']' || char === '}' || char === '') break;
        if (char === ',') at += 1;
        else if (opening === '{') readEntry(path, false);
        else readValue([...path, '*']);
      }
      at += 1;
      return;
    }
    const literal =
      /^(?:"""(?:\\[\s\S]|(?!""")[^\\])*"""+|'''[\s\S]*?'''+|"(?:\\.|[^"\\])*"|'[^']*'|[^\s,#\]}]+(?: \d[^\s,#\]}]*)?)/.exec(
        text.slice(at),
      );
    at += literal?.[0].length ?? 1;
  };

  for (skipBlank(); at < text.length; skipBlank()) {
    if (text.charAt(at) !== '[') {
      readEntry(table, true);
      continue;
    }
    const indent = /[ \t]*$/.exec(text.slice(0, at))?.[0] ?? '';
    at += text.startsWith('[[', at) ? 2 : 1;
    table = readKey();
    at += /^[^\n]*\n?/.exec(text.slice(at))?.[0].length ?? 0;
    tables.push({ path: table, bodyStart: at, indent });
  }
  return { entries, tables };
}

function unquoteKey(part: string): string {
  if (part.startsWith("'")) return part.slice(1, -1);
  return part.startsWith('"') ? String(JSON.parse(part)) : part;
}
