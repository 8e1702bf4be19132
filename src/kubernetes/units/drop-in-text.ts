/** The text of our drop-in: systemd wants the list emptied before it is set anew. */
export const renderDropIn = (lines: readonly string[]): string =>
  [
    '# Written by provision from its inventory; changes made here are lost at the next run.',
    '# The unit and its other drop-ins stay as they are: remove this file to be back at them.',
    '[Service]',
    'ExecStart=',
    `ExecStart=${lines.join(' \\\n  ')}`,
    '',
  ].join('\n');
