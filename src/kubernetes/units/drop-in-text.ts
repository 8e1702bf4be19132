/** What a unit waits for: another unit, and a file that this one writes. */
export interface Awaited {
  readonly unit: string;
  /** Sets variables of the command line; it is there when the other unit is through. */
  readonly file: string;
}

/** The text of our drop-in: systemd wants the list emptied before it is set anew. */
export const renderDropIn = (lines: readonly string[], awaited?: Awaited): string =>
  [
    '# Written by provision from its inventory; changes made here are lost at the next run.',
    '# The unit and its other drop-ins stay as they are: remove this file to be back at them.',
    ...(awaited === undefined ? ['[Service]'] : waiting(awaited)),
    'ExecStart=',
    `ExecStart=${lines.join(' \\\n  ')}`,
    '',
  ].join('\n');

/** Wanted and not required: that the other one ends is no reason to end this one. */
const waiting = ({ unit, file }: Awaited): readonly string[] => [
  '[Unit]',
  `Wants=${unit}`,
  `After=${unit}`,
  '',
  '[Service]',
  `EnvironmentFile=-${file}`,
  `ExecStartPre=/bin/sh -c 'until test -s ${file}; do sleep 1; done'`,
];
