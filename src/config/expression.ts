/** A value that a later stage will make known, `until` says when: "the controller-manager was restarted". */
export class Unknown {
  readonly until: string;

  constructor(until: string) {
    this.until = until;
  }
}

export type Scope = Readonly<Record<string, unknown>>;

const anyExpression = /\{\{([^{}]*)\}\}/g;
const onlyExpression = /^\s*\{\{([^{}]*)\}\}\s*$/;
const variablePath = /^[A-Za-z_]\w*(?:\.[\w-]+)*$/;

export const hasExpression = (value: unknown): boolean => typeof value === 'string' && /\{\{|\{%/.test(value);

/** True for a string that is one expression and nothing else. */
export const isOneExpression = (text: string): boolean => onlyExpression.test(text);

/** The variables a string refers to, as paths; undefined when something between its braces is not the name of a variable. */
export function variablesIn(text: string): readonly (readonly string[])[] | undefined {
  const names = [...text.matchAll(anyExpression)].map((match) => (match[1] ?? '').trim());
  const areNames = names.every((name) => variablePath.test(name));
  const rest = text.replaceAll(anyExpression, '');
  return areNames && !/\{\{|\}\}|\{%/.test(rest) ? names.map((name) => name.split('.')) : undefined;
}

/** The value at a path: undefined where nothing is, the Unknown where one is on the way or inside. */
export function lookUp(scope: Scope, path: readonly string[]): unknown {
  let value: unknown = scope;
  for (const key of path) {
    if (value instanceof Unknown) return value;
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  }
  return findUnknown(value) ?? value;
}

/** The first Unknown in a value, however deep. */
function findUnknown(value: unknown): Unknown | undefined {
  if (value instanceof Unknown) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const inner of Object.values(value)) {
    const found = findUnknown(inner);
    if (found) return found;
  }
  return undefined;
}

/** A string with its variables put in: the raw value where it is one expression and nothing else. Calls `refuse` for what is no text. */
export function interpolate(
  text: string,
  scope: Scope,
  refuse: (name: string, why: string, fix: string) => never,
): unknown {
  const only = onlyExpression.exec(text)?.[1]?.trim();
  if (only !== undefined) return lookUp(scope, only.split('.'));
  let unknown: Unknown | undefined;
  const filled = text.replaceAll(anyExpression, (_, inside: string) => {
    const name = inside.trim();
    const value = lookUp(scope, name.split('.'));
    if (value instanceof Unknown) unknown ??= value;
    else if (value === undefined || value === null)
      refuse(name, 'is not set', 'Set it in the inventory, or give the task a `when` for hosts that have it.');
    else if (typeof value === 'object')
      refuse(name, 'is not a text or number', 'Name a part of it, or let it stand alone.');
    return String(value);
  });
  return unknown ?? filled;
}
