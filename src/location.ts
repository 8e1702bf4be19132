/** A place in a text file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text of that line, for the caret. */
  readonly text?: string;
  /** How many characters of that line are meant. */
  readonly length?: number;
}

export const formatLocation = (location: Location | string): string =>
  typeof location === 'string' ? location : `${location.file}:${location.line}:${location.column}`;

/** The line with its number and a caret below the column, indented as in an error; empty where the text is not known. */
export function caret(location: Location): string {
  if (location.text === undefined) return '';
  const number = String(location.line);
  const before = location.text.slice(0, location.column - 1).replace(/[^\t]/g, ' ');
  return `    ${number} | ${location.text}\n    ${' '.repeat(number.length)} | ${before}^`;
}
