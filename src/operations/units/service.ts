import { z } from 'zod';
import { ProvisionError } from '../../errors.ts';
import type { Change } from '../../events.ts';
import { joinScripts, type ShellScript, sh } from '../../shell.ts';
import { absolutePath } from '../fields.ts';
import { defineOperation, type Upcoming } from '../operation.ts';
import { lastWords } from './last-words.ts';
import { seeCommand } from './process-command.ts';
import { runService, seeService } from './service-script.ts';
import { parseService, restartReasons, type ServiceState } from './service-state.ts';

const health = z.union([
  z
    .strictObject({
      url: z.url({ protocol: /^https?$/ }).describe('answers 2xx when the service is well'),
      ca: absolutePath.optional().describe('certificate authority of that address, on the host'),
    })
    .refine(({ url, ca }) => ca !== undefined || /^(http:|https:\/\/(127\.|localhost[:/]|\[::1\]))/.test(url), {
      error: 'an https address other than the machine itself needs ca',
    }),
  z.strictObject({ exec: z.array(z.string()).min(1).describe('a command that succeeds when the service is well') }),
]);

const schema = z.strictObject({
  unit: z
    .string()
    .regex(
      /^[A-Za-z0-9:_.\\@-]+\.(service|timer|socket|path|target)$/,
      'a unit with its ending, such as kubelet.service',
    )
    .describe('name of the systemd unit'),
  state: z.enum(['running', 'stopped']).optional().describe('whether it runs; left as it is when not given'),
  enabled: z.boolean().optional().describe('whether it starts at boot; left as it is when not given'),
  restart_after: z.array(absolutePath).default([]).describe('files that the running process must be newer than'),
  restart_after_flags: z
    .array(z.string().regex(/^[a-z][a-z0-9-]*$/, 'the name of a flag, without the leading --'))
    .default([])
    .describe('flags of its command line that name further such files, for example config, or config-dir, a folder'),
  command_line: z
    .boolean()
    .default(false)
    .describe('restart it also when it runs with another command line than its unit says by now'),
  health: health.optional().describe('how to see that it is well; else the process has to stay for 10 seconds'),
  health_timeout_seconds: z.number().int().min(1).max(150).default(60).describe('how long it may take to be well'),
  log_dir: absolutePath
    .optional()
    .describe('where it writes its logs when neither into the journal nor where its --log-dir says'),
});

type Desired = z.output<typeof schema>;

const unitFileStates = {
  on: ['enabled', 'enabled-runtime', 'static', 'indirect', 'generated', 'alias'],
  off: ['disabled'],
};

function runChange(actual: ServiceState, desired: Desired, upcoming: Upcoming): readonly Change[] {
  const { unit } = desired;
  const active = actual.properties.get('ActiveState');
  if (desired.state === undefined) return [];
  const isDown = upcoming.down?.has(unit);
  if (desired.state === 'stopped')
    return isDown || active === 'inactive' || active === 'failed' ? [] : [{ subject: unit, action: 'stop' }];
  const isUp = (!isDown && (active === 'active' || active === 'reloading')) || upcoming.started?.has(unit);
  if (!isUp) return [{ subject: unit, action: 'start' }];
  const reasons = [
    ...restartReasons(actual, upcoming, upcoming.started?.get(unit)),
    ...(upcoming.stopped?.has(unit) ? ['it is stopped before'] : []),
  ];
  return reasons.length === 0 ? [] : [{ subject: unit, action: `restart: ${reasons.join(', ')}` }];
}

function enableChange(actual: ServiceState, desired: Desired): readonly Change[] {
  const state = actual.properties.get('UnitFileState') ?? '';
  if (desired.enabled === true && !unitFileStates.on.includes(state))
    return [{ subject: desired.unit, action: 'start at boot' }];
  if (desired.enabled === false && state.startsWith('enabled'))
    return [{ subject: desired.unit, action: 'do not start at boot' }];
  return [];
}

function refuseUnusable(actual: ServiceState, { unit }: Desired, upcoming: Upcoming): void {
  const load = actual.properties.get('LoadState');
  if (load === 'masked')
    throw new ProvisionError({
      code: 'UNIT_MASKED',
      kind: 'operation',
      what: `${unit} is masked`,
      fix: `systemctl unmask ${unit}, if it is meant to run`,
    });
  const comes = [...upcoming.files].some(([path, sha256]) => sha256 !== null && path.endsWith(`/${unit}`));
  if (load === 'not-found' && !comes)
    throw new ProvisionError({
      code: 'UNIT_NOT_FOUND',
      kind: 'operation',
      what: `there is no ${unit} on this host`,
      fix: 'install it, or name the unit that does its work',
    });
}

/** Whether the unit runs because of this task. */
const isStartedBy = (desired: Desired, actual: ServiceState): boolean =>
  desired.state === 'running' && actual.properties.get('ActiveState') !== 'active';

function check(desired: Desired): ShellScript {
  if (desired.health !== undefined && 'url' in desired.health) {
    const { url, ca = '' } = desired.health;
    const seconds = desired.health_timeout_seconds;
    return sh`if command -v curl >/dev/null || command -v wget >/dev/null
then wait_healthy ${seconds} answers ${url} ${ca}
else wait_steady 10
fi`;
  }
  if (desired.health !== undefined) return sh`wait_healthy ${desired.health_timeout_seconds} ${desired.health.exec}`;
  return desired.unit.endsWith('.service') ? sh`wait_steady 10` : sh`wait_steady 0`;
}

/** A unit of systemd in the wanted state, its process not older than the files it was started with. */
export const service = defineOperation({
  name: 'service',
  summary: 'a unit that runs, not older than the files it is to run with',
  schema,
  timeoutSeconds: 300,
  probe: ({ unit, restart_after, restart_after_flags, command_line }) =>
    joinScripts([
      seeService,
      sh`see_service ${unit} ${restart_after} $(named_files ${unit} ${restart_after_flags})`,
      ...(command_line ? [seeCommand(unit)] : []),
    ]),
  parse: (output, { unit }) => parseService(output, unit),
  diff(actual, desired, upcoming) {
    if (desired.state === 'stopped' && actual.properties.get('LoadState') === 'not-found') return [];
    refuseUnusable(actual, desired, upcoming);
    return [...enableChange(actual, desired), ...runChange(actual, desired, upcoming)];
  },
  apply(desired, actual, upcoming) {
    const [run] = runChange(actual, desired, upcoming);
    const [enable] = enableChange(actual, desired);
    const verb = run?.action.split(':')[0];
    return joinScripts([
      lastWords,
      runService,
      sh`unit=${desired.unit} log_dir=${desired.log_dir ?? ''}`,
      sh`systemctl daemon-reload`,
      ...(enable ? [sh`systemctl --quiet ${desired.enabled ? 'enable' : 'disable'} "$unit"`] : []),
      ...(verb === 'stop' ? [sh`systemctl stop "$unit"`] : []),
      ...(verb === 'start' || verb === 'restart'
        ? [sh`run_service ${verb} ${actual.watched.map(({ path }) => path)}`, check(desired)]
        : []),
    ]);
  },
  starts: ({ unit }, changes) => (changes.some(({ action }) => /^(start|restart: .*)$/s.test(action)) ? [unit] : []),
  /** What ran before runs again, with its files as they are then. */
  afterUndo(actual, { enabled: _, ...desired }) {
    const wasRunning = actual.properties.get('ActiveState') === 'active';
    return desired.state !== undefined && wasRunning ? { ...desired, state: 'running' as const } : undefined;
  },
  undoStops: (actual, desired) => (isStartedBy(desired, actual) ? [desired.unit] : []),
  /** A process that ran before goes on: the files put back make its restart due by themselves. */
  undo(actual, desired) {
    const { unit } = desired;
    const active = actual.properties.get('ActiveState') === 'active';
    return joinScripts([
      ...(desired.enabled === undefined ||
      actual.properties.get('LoadState') === 'masked' ||
      enableChange(actual, desired).length === 0
        ? []
        : [sh`systemctl --quiet ${desired.enabled ? 'disable' : 'enable'} ${unit} || :`]),
      ...(isStartedBy(desired, actual)
        ? [
            sh`systemctl stop ${unit} || ! systemctl is-active --quiet ${unit}`,
            sh`restore ${`/var/lib/provision/stamps/${unit}`}`,
          ]
        : []),
      ...(desired.state === 'stopped' && active ? [sh`systemctl start ${unit}`] : []),
    ]);
  },
});
