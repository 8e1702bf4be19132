import { ProvisionError, ProvisionErrors } from '../errors.ts';
import type { Location } from '../location.ts';
import type { Locate } from './check.ts';
import type { Layer } from './groups.ts';
import { showLine } from './secret-lines.ts';
import { parseSource } from './source.ts';
import { didYouMean } from './suggest.ts';
import { refuseJinja, sayJinja } from './variables.ts';

/** Sections of an inventory that one run may see otherwise. */
const sections = ['kubelet', 'controller_manager', 'kube_proxy', 'runtime', 'roll'];

/** A setting of one run that wins over all that the inventory says, as `--set` gives it. */
export interface OneOff {
  /** As it was given: `kubelet.flags.max-pods=200`. */
  readonly text: string;
  readonly path: readonly string[];
  /** Null takes the key out. */
  readonly value: unknown;
  /** The same as the innermost variables of every host; its path says which `--set` it is, from 0. */
  readonly layer: Layer;
  /** Where a part of the path or of the value stands in the text, by its whole path. */
  readonly locate: Locate;
}

interface Step {
  readonly name: string;
  readonly start: number;
  readonly length: number;
}

/** Reads `KEY=VALUE`s. Throws ProvisionErrors with all their mistakes; whether settings are right is checked with the inventory. */
export function parseOneOffs(texts: readonly string[]): readonly OneOff[] {
  const mistakes: ProvisionError[] = [];
  const oneOffs = texts.flatMap((text, index) => {
    try {
      return [parseOneOff(text, index)];
    } catch (error) {
      if (!(error instanceof ProvisionErrors)) throw error;
      mistakes.push(...error.errors);
      return [];
    }
  });
  if (mistakes.length > 0) throw new ProvisionErrors(mistakes);
  return oneOffs;
}

function parseOneOff(text: string, index: number): OneOff {
  const at = (start: number, length: number): Location => {
    const shown = showLine(text.split('\n'), 0).text;
    return { file: '--set', line: index + 1, column: start + 1, text: shown, length: Math.max(1, length) };
  };
  const end = text.indexOf('=');
  const steps = splitPath(end < 0 ? text : text.slice(0, end));
  const path = steps.map((step) => step.name);
  refuse(text, end, steps, at);
  const blank = '\n'.repeat(index);
  // the value alone at the place where it stands
  const source = parseSource('--set', blank + ' '.repeat(end + 1) + text.slice(end + 1), {
    shown: blank + text,
    sayExpression: sayJinja,
  });
  const jinja = refuseJinja(source);
  if (jinja.length > 0) throw new ProvisionErrors(jinja);
  const [section = '', ...rest] = path;
  const values = { [section]: rest.reduceRight<unknown>((value, name) => ({ [name]: value }), source.value) };
  return {
    text,
    path,
    value: source.value,
    layer: { path: [index], values, takesOut: true },
    locate(inner, part = 'value') {
      const step = steps[Math.min(inner.length, steps.length) - 1];
      const isWithinValue = inner.length > steps.length || (inner.length === steps.length && part === 'value');
      return isWithinValue ? source.locate(inner.slice(steps.length), part) : at(step?.start ?? 0, step?.length ?? 1);
    },
  };
}

/** A dot ends a name, unless a backslash stands before it. */
function splitPath(path: string): readonly Step[] {
  let start = 0;
  return path.split(/(?<!\\)\./).map((written) => {
    const step = { name: written.replaceAll('\\.', '.'), start, length: written.length };
    start += written.length + 1;
    return step;
  });
}

/** Throws SET_INVALID. */
function refuse(text: string, end: number, steps: readonly Step[], at: (start: number, length: number) => Location) {
  const say = (what: string, fix: string, { start, length } = { start: 0, length: text.length }): never => {
    const details = { code: 'SET_INVALID', kind: 'usage', what, fix, where: at(start, length) } as const;
    throw new ProvisionErrors([new ProvisionError(details)]);
  };
  const [first] = steps;
  const empty = steps.find((step) => step.name === '');
  const example = 'Write it as in kubelet.flags.max-pods=200; a dot within a name is written \\.';
  if (end < 0) say('There is no "=" in it', example);
  if (text.includes('\n'))
    say('It goes over several lines', 'Write the value in one line, { } and [ ] around maps and lists.');
  if (empty) say('A name is missing in the path', example, empty);
  if (first && !sections.includes(first.name))
    say(
      `No setting of "${first.name}" can be given for one run${didYouMean(first.name, sections)}`,
      `Settings below ${sections.join(', ')} can be; write others into the inventory.`,
      first,
    );
  if (first && steps.length === 1) say(`It does not say which setting of ${first.name}`, example, first);
  if (text.slice(end + 1).trim() === '')
    say('There is no value', `Write '${text.slice(0, end)}=""' for an empty text, and =null to take the key out.`, {
      start: end,
      length: 1,
    });
}
