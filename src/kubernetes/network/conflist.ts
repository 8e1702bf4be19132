export interface CniConfig {
  readonly name: string | undefined;
  /** The plugins it names, in order. */
  readonly types: readonly string[];
  /** False for a text that is no JSON: name and types are then what its letters suggest. */
  readonly isReadable: boolean;
}

/** Name and plugins of a .conf or .conflist, as far as the text lets one see them. */
export function readCniConfig(text: string): CniConfig {
  const parsed = tryParse(text);
  if (typeof parsed !== 'object' || parsed === null) {
    const types = [...text.matchAll(/"type"\s*:\s*"([^"]+)"/g)].map((match) => match[1] ?? '');
    return { name: /"name"\s*:\s*"([^"]+)"/.exec(text)?.[1], types, isReadable: false };
  }
  const name: unknown = Reflect.get(parsed, 'name');
  return {
    name: typeof name === 'string' ? name : undefined,
    types: pluginsOf(parsed).flatMap(typeOf),
    isReadable: true,
  };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const pluginsOf = (config: object): unknown[] => {
  const plugins: unknown = Reflect.get(config, 'plugins');
  return Array.isArray(plugins) ? plugins : [config];
};

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

const typeOf = (plugin: unknown): string[] => {
  const type = field(plugin, 'type');
  return typeof type === 'string' ? [type] : [];
};
