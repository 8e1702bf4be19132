import { Option } from 'commander';

/** Parses names separated by commas. */
export const words = (text: string): string[] =>
  text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');

export const outputFormat = (): Option =>
  new Option('--output <format>', 'text, or json: an event a line').choices(['text', 'json']).default('text');
