import { isDeepStrictEqual } from 'node:util';
import type { Option } from 'commander';
import { quote } from '../../shell.ts';
import { words } from './options.ts';

/** What the journal has of the options of a run, as it is typed: those of its command alone, and only where they say something else than without them. */
export const typedOptions = (known: readonly Option[], options: Readonly<Record<string, unknown>>): readonly string[] =>
  known.flatMap((option) => {
    const value = options[option.attributeName()];
    if (value === undefined || value === null || isDeepStrictEqual(value, option.defaultValue)) return [];
    const flag = option.long ?? option.flags;
    if (typeof value === 'boolean') return value === option.negate ? [] : [flag];
    const texts = Array.isArray(value) && option.parseArg !== words ? value : [value];
    return texts.map((text) => `${flag} ${quote(String(text))}`);
  });
