import type { HostSummary, RunEvent } from '../events.ts';
import type { Paint } from './paint.ts';
import { count, someOf } from './words.ts';

type RunFinished = RunEvent & { readonly type: 'run-finished' };

/** Above this many hosts those with nothing to tell share one line. */
const mostSilentHosts = 20;

/** The closing table, a line for each host. */
export function formatTable(hosts: readonly HostSummary[], paint: Paint): string[] {
  if (hosts.length === 0) return [];
  const told = hosts.length > mostSilentHosts ? hosts.filter((host) => host.changed + host.failed > 0) : hosts;
  const rest = hosts.length - told.length;
  const columns = ['changed', 'ok', 'failed', 'seconds', 'commands', 'uploads'] as const;
  const width = Math.max('host'.length, ...told.map((host) => host.host.length));
  const row = (host: HostSummary): string => {
    const cells = columns.map((column) => {
      const text = (column === 'seconds' ? host.seconds.toFixed(1) : String(host[column])).padStart(column.length);
      if (host[column] === 0 || (column !== 'changed' && column !== 'failed')) return text;
      return column === 'failed' ? paint.red(text) : paint.yellow(text);
    });
    return [host.host.padEnd(width), ...cells].join('  ');
  };
  return [
    ...(told.length > 0 ? [paint.dim(['host'.padEnd(width), ...columns].join('  ')), ...told.map(row)] : []),
    ...(rest > 0 ? [paint.dim(`${count(rest, 'host')} with nothing to change`)] : []),
  ];
}

/** How a run ended, in one line. */
export function formatLastLine({ status, seconds, hosts }: RunFinished, paint: Paint): string {
  const took = `${seconds.toFixed(1)} s`;
  const changedHosts = hosts.filter((host) => host.changed > 0).length;
  const changedTasks = hosts.reduce((sum, host) => sum + host.changed, 0);
  if (status === 'ok') {
    const costs = [...commandsOf(hosts), took].join(', ');
    return `${paint.green('ok')}: nothing to change on ${count(hosts.length, 'host')} (${costs})`;
  }
  const changed = `${count(changedTasks, 'task')} on ${changedHosts} of ${count(hosts.length, 'host')}`;
  if (status === 'changed') return `${paint.yellow('changed')}: ${changed} (${took})`;
  const failed = hosts.filter((host) => host.failed > 0).map((host) => host.host);
  const back = hosts.reduce((sum, host) => sum + (host.takenBack ?? 0), 0);
  const backHosts = hosts.filter((host) => (host.takenBack ?? 0) > 0).length;
  const nothing = back > 0 ? 'nothing stays changed' : 'nothing was changed';
  return [
    status === 'stopped' ? `${paint.yellow('stopped')}: ` : `${paint.red('failed')}: `,
    failed.length > 0 ? `${failed.length} of ${count(hosts.length, 'host')} (${someOf(failed)}); ` : '',
    changedTasks > 0 ? `changed ${changed}` : nothing,
    back > 0 ? `, ${count(back, 'task')} on ${count(backHosts, 'host')} taken back` : '',
    ` (${took})`,
  ].join('');
}

/** `2 commands each`; nothing without hosts. */
export function commandsOf(hosts: readonly { readonly commands: number }[]): string[] {
  if (hosts.length === 0) return [];
  const commands = hosts.map((host) => host.commands);
  const least = Math.min(...commands);
  const most = Math.max(...commands);
  const range = least === most ? count(most, 'command') : `${least} to ${count(most, 'command')}`;
  return [hosts.length === 1 ? range : `${range} each`];
}
