import { ProvisionError } from './errors.ts';
import type { RunEvent } from './events.ts';

/** Stands where a secret was. */
export const secretMark = '(secret)';

/** Shorter ones cannot be told from other text and stay as they are. */
export const shortestSecret = 4;

/** Puts a mark where a text holds a secret. */
export type Redact = (text: string) => string;

/** What must not be shown, and what takes it out of a text. */
export interface Redaction {
  /** From now on this value is taken out, in every form it may have. */
  hide(secret: string): void;
  readonly redact: Redact;
}

/** Holds the place of a secret until all were found, so that a mark is not searched in its turn. */
const placeholder = '\0';

export function createRedaction(): Redaction {
  let forms: readonly string[] = [];
  return {
    hide(secret) {
      forms = [...new Set([...forms, ...formsOf(secret)])].toSorted((a, b) => b.length - a.length);
    },
    redact(text) {
      const found = forms.reduce((rest, form) => rest.replaceAll(form, placeholder), text);
      return found === text ? text : found.replaceAll(placeholder, secretMark);
    },
  };
}

/** As it is, line by line, within quotes of JSON and both kinds of a shell, and in base64. */
function formsOf(secret: string): readonly string[] {
  const whole = secret.trim();
  const lines = whole.includes('\n') ? whole.split(/\r?\n/).map((line) => line.trim()) : [];
  const plain = [
    ...(whole.length < shortestSecret ? [] : [whole, secret]),
    // what frames a key is no secret, and short lines are like any other
    ...lines.filter((line) => line.length >= 8 && !line.startsWith('-----')),
  ];
  return plain.flatMap((text) => {
    const inShell = text.replaceAll("'", `'\\''`);
    const inDoubleQuotes = text.replace(/["$`\\]/g, '\\$&');
    return [
      text,
      inDoubleQuotes,
      JSON.stringify(text).slice(1, -1),
      inShell,
      inShell.replaceAll("'", `'\\''`),
      ...base64Forms(text),
    ];
  });
}

/** The characters that do not depend on what is encoded with it, for each of the three ways a text can lie in base64. */
function base64Forms(text: string): readonly string[] {
  const bytes = Buffer.from(text);
  const within = [0, 1, 2].map((offset) =>
    Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + bytes.length)) / 6)),
  );
  const whole = bytes.toString('base64');
  const wrapped = [whole, ...within.slice(0, 1)].flatMap(wrappedForms);
  return [whole, ...within.filter((form) => form.length >= 6), ...wrapped];
}

/** As `base64`, PEM and MIME break lines, and each line by itself, should others indent them. */
const wrappedForms = (encoded: string): readonly string[] =>
  [64, 76].flatMap((columns) => {
    const lines = encoded.match(new RegExp(`.{1,${columns}}`, 'g')) ?? [];
    return lines.length < 2 ? [] : [lines.join('\n'), ...lines.filter((line) => line.length >= 8)];
  });

/** Names that are ours or the inventory's, and that tell what a value is about. */
const names = new Set(['type', 'status', 'run', 'command', 'host', 'hosts', 'batches', 'stage']);

/** An event as everybody may read it. */
export const redactEvent = (event: RunEvent, redact: Redact): RunEvent => redactTexts(event, redact);

/**
 * The same value without secrets in its texts, whatever its shape. Texts before and after a change are left out as a whole: a
 * secret may have had another value before.
 */
export const redactTexts = <Value>(value: Value, redact: Redact): Value => redactValue(value, redact) as Value;

function redactValue(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value);
  if (value instanceof ProvisionError) return redactError(value, redact);
  if (Array.isArray(value)) return value.map((one) => redactValue(one, redact));
  if (typeof value !== 'object' || value === null) return value;
  const isRevealing = ['before', 'after'].some((key) => {
    const text: unknown = Reflect.get(value, key);
    return typeof text === 'string' && redact(text) !== text;
  });
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !isRevealing || (key !== 'before' && key !== 'after'))
      .map(([key, one]) => [key, names.has(key) ? one : redactValue(one, redact)]),
  );
}

function redactError(error: ProvisionError, redact: Redact): ProvisionError {
  const { code, kind, what, where, why, fix } = error;
  const place = typeof where === 'object' && where.text !== undefined ? { ...where, text: redact(where.text) } : where;
  return new ProvisionError({
    code,
    kind,
    what: redact(what),
    ...(place === undefined ? {} : { where: typeof place === 'string' ? redact(place) : place }),
    ...(why === undefined ? {} : { why: redact(why) }),
    ...(fix === undefined ? {} : { fix: redact(fix) }),
  });
}
