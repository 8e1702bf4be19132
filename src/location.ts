/** A place in a text file; line and column count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text of that line, for the caret. */
  readonly text?: string;
  /** How many characters the caret underlines. */
  readonly length?: number;
}

export const formatLocation = (location: Location | string): string =>
  typeof location === 'string' ? location : `${location.file}:${location.line}:${location.column}`;
