/** `1 host`, `4 hosts`. */
export const count = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`;

const mostNames = 5;

/** The first few of many names. */
export const someOf = (names: readonly string[]): string =>
  names.slice(0, mostNames).join(', ') + (names.length > mostNames ? ` and ${names.length - mostNames} more` : '');

export const formatMegabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

export const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** Text as it may go to a terminal: what hosts say can hold escape sequences. */
export const printable = (text: string): string =>
  text.replace(/\u001b\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '');
