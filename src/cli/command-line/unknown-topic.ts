import { didYouMean, nearest } from '../../config/suggest.ts';
import { ProvisionError } from '../../errors.ts';

/** What help there is, by the names that it is asked with. */
export interface Topics {
  /** Their descriptions by their names. */
  readonly commands: ReadonlyMap<string, string>;
  /** What they do, by their names. */
  readonly operations: ReadonlyMap<string, string>;
  /** Files of docs/. */
  readonly pages: readonly string[];
}

/** Names what has the words that were asked for in its name, or in what is said of it; all there is where nothing has them, nor is like it. */
export function unknownTopic(topic: string, { commands, operations, pages }: Topics): ProvisionError {
  const words = topic.toLowerCase().split(/[\s_-]+/);
  const has = (text: string): boolean => words.every((word) => text.toLowerCase().includes(word));
  const among = (described: ReadonlyMap<string, string>): readonly string[] =>
    [...described].filter(([name, description]) => has(`${name} ${description}`)).map(([name]) => name);
  const found = {
    Commands: among(commands),
    Operations: among(operations),
    Pages: pages.filter(has).map((page) => `docs/${page}`),
  };
  const lines = Object.entries(found)
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind}: ${names.join(', ')}`);
  const known = [...commands.keys(), ...operations.keys()];
  const meant = nearest(topic, known);
  const all = `Commands: ${[...commands.keys()].join(', ')}. Operations: ${[...operations.keys()].join(', ')}.`;
  return new ProvisionError({
    code: 'UNKNOWN_TOPIC',
    kind: 'usage',
    what: `there is no command or operation "${topic}"${didYouMean(topic, known)}`,
    ...(lines.length > 0 && { why: ['What has to do with it:', ...lines].join('\n') }),
    fix:
      lines.length > 0
        ? 'provision help NAME explains one of these commands or operations.'
        : meant === undefined
          ? all
          : `provision help ${meant} explains that one.`,
  });
}
