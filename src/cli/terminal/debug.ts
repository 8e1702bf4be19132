import type { TripReport } from '../../engine/host.ts';
import { printable } from '../../reporters/words.ts';
import { secrets } from '../login/secrets.ts';

/** What `--debug` says of a command on a host. */
export function formatTrip(trip: TripReport): readonly string[] {
  const { host, command, items, sentBytes, receivedBytes, milliseconds } = trip;
  const notable = items.filter(({ answer }) => answer?.code !== 0 || answer.stderr !== '');
  const carried = `${items.length} scripts, ${sentBytes} bytes sent, ${receivedBytes} received, ${Math.round(milliseconds)} ms`;
  return [
    `${host} command ${command}: ${carried}, ${notable.length === 0 ? 'all ended with 0' : 'of these:'}`,
    ...notable.flatMap(({ name, answer }) => [
      `  ${name}: ${answer ? `exit status ${answer.code}` : 'not run, or no answer'}`,
      ...indent(answer?.stderr ?? ''),
    ]),
    ...indent(trip.stderr),
  ];
}

const indent = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [`    ${line}`]));

/** Writes it to standard error, each line with the time. */
export function writeTrip(trip: TripReport): void {
  const time = new Date().toISOString().slice(11, 23);
  const lines = formatTrip(trip).map((line) => `debug ${time} ${printable(secrets.redact(line))}\n`);
  process.stderr.write(lines.join(''));
}
