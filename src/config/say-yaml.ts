import type { Problem } from './yaml-problems.ts';

interface Words {
  readonly what: string;
  readonly fix: string;
}

const vaultFix =
  'Write { env: NAME } or { file: PATH } for a secret that is kept elsewhere, or encrypt it anew with age: provision secret encrypt.';

/** What is wrong and what to write instead; what a secret looks like to YAML is not repeated. */
export function sayProblem({ code, message, pos }: Problem, text: string, isSecret: boolean): Words {
  const rest = text.slice(pos[0]);
  const tag = /^[^\s,\]}]+/.exec(rest)?.[0] ?? rest;
  if (code === 'TAG_RESOLVE_FAILED' && tag === '!vault')
    return { what: 'Values encrypted with Ansible Vault are not read', fix: vaultFix };
  if (isSecret) return { what: 'This is not valid YAML', fix: 'Put the value in quotes.' };
  switch (code) {
    case 'DUPLICATE_KEY':
      return {
        what: `Duplicate key: "${/^["']?([^"':\n]+)/.exec(rest)?.[1] ?? rest}"`,
        fix: 'Write what both say under one of them.',
      };
    case 'TAG_RESOLVE_FAILED':
      return { what: `Unknown tag: ${tag}`, fix: `Write the value without a tag, or in quotes: ${quoted(tag)}.` };
    case 'unresolved-alias':
      return {
        what: `Not valid YAML: Unresolved alias: ${message}`,
        fix: `Write &${message} before the value it stands for; put text that begins with * in quotes.`,
      };
    case 'unquoted-expression':
      return { what: 'Without quotes, this is a map to YAML', fix: `Put it in quotes: ${quoted(message)}.` };
    case 'collection-key':
      return { what: 'A map or a list cannot be a key', fix: 'Write text as the key; put it in quotes.' };
    default:
      return saySyntax(code, message, rest, text.slice(0, pos[0]));
  }
}

/** In single quotes where there are double ones in it. */
const quoted = (text: string): string => (text.includes('"') ? `'${text}'` : `"${text}"`);

/** Of what the parser says only what a person can use; `before` and `rest` are the text around the place. */
function saySyntax(code: string, message: string, rest: string, before: string): Words {
  const [line = '', ...below] = rest.split(/\r?\n/);
  const invalid = (what: string, fix: string): Words => ({ what: `Not valid YAML: ${what}`, fix });
  if (code === 'TAB_AS_INDENT' || (code === 'BAD_INDENT' && /\n[^\S\n]*\t\s*$/.test(before)))
    return invalid('Tabs are not allowed as indentation', 'Write spaces.');
  if (code === 'BAD_INDENT' && message.startsWith('All '))
    return invalid(message, 'Begin this line below the others of its map or list.');
  if (code === 'BAD_INDENT') return invalid(message, `Write the ${message.at(-1)} that closes it.`);
  if (code === 'MULTIPLE_DOCS') return invalid('This is a second document', 'Take out the --- before it.');
  if (code === 'BAD_DQ_ESCAPE')
    return invalid(message, 'Put the text in single quotes, in which a backslash is a backslash.');
  if (code === 'UNEXPECTED_TOKEN' && /["']$/.test(before))
    return invalid(
      'The quotes end before the text does',
      'Put text that has double quotes in it in single quotes, and the other way round.',
    );
  if (code === 'MISSING_CHAR' && /^["']/.test(rest))
    return invalid('This quote is not closed', 'Write the same quote at the end of the text.');
  const ahead = /^\s*(?:-\s+)?["']?([\w.-]+)["']?:(?=[^\t /])/.exec(line)?.[1];
  if (isAboutKey(code) && ahead !== undefined)
    return line.includes('\u00a0')
      ? invalid(`After "${ahead}:" stands a no-break space`, 'Write a plain space after the colon.')
      : invalid(`After "${ahead}:" there is no space`, 'Write a space after the colon.');
  if (code === 'BLOCK_AS_IMPLICIT_KEY' && line.startsWith('-'))
    return invalid(message, 'Begin this line below the others of its list.');
  if (isAboutKey(code) && !/:\s/.test(line) && isDeeper(before, below))
    return invalid(
      'The next line is indented further, and this one has a value already',
      'Give both lines the same indentation.',
    );
  if (code === 'BLOCK_AS_IMPLICIT_KEY')
    return invalid('Two keys in one line', 'Put the value in quotes if the second colon is part of it.');
  if (isAboutKey(code))
    return invalid('A key without its colon', 'Write a colon and a space after the key, then its value.');
  return invalid(
    message,
    'Correct the line, or the one above it; text with one of : # { } [ ] & * ! % @ in it may need quotes.',
  );
}

const isAboutKey = (code: string): boolean =>
  ['MULTILINE_IMPLICIT_KEY', 'BLOCK_AS_IMPLICIT_KEY', 'MISSING_CHAR'].includes(code);

const depthOf = (line: string): number => line.search(/\S|$/);

/** Whether the line below is indented further than the one that ends here. */
function isDeeper(before: string, below: readonly string[]): boolean {
  const line = before.split('\n').at(-1) ?? '';
  const next = below.find((one) => one.trim() !== '');
  return next !== undefined && line.trim() !== '' && depthOf(next) > depthOf(line);
}
