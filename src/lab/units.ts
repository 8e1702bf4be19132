import type { HostFile } from './host-files.ts';

/** A Kubernetes program run by systemd in the style of its time: flags in an EnvironmentFile. */
export interface Service {
  readonly program: string;
  readonly description: string;
  readonly flags: readonly string[];
  readonly after?: readonly string[];
  /** Further lines of the EnvironmentFile. */
  readonly environment?: readonly string[];
  /** Further lines of its [Service] section. */
  readonly settings?: readonly string[];
}

const variableOf = (program: string): string => `${program.toUpperCase().replaceAll('-', '_')}_OPTS`;

export function renderUnit({ program, description, after = [], settings = [] }: Service): string {
  const wants = after.length > 0 ? `Wants=${after.join(' ')}\n` : '';
  return `[Unit]
Description=${description}
After=${['network-online.target', ...after].join(' ')}
${wants}
[Service]
EnvironmentFile=/opt/k8s/conf/${program}.env
ExecStart=/opt/k8s/bin/${program} $${variableOf(program)}
Restart=on-failure
RestartSec=2
LimitNOFILE=65536
${settings.map((line) => `${line}\n`).join('')}
[Install]
WantedBy=multi-user.target
`;
}

export const renderEnvironment = ({ program, flags, environment = [] }: Service): string =>
  [...environment, `${variableOf(program)}="${flags.join(' \\\n')}"`, ''].join('\n');

export const serviceFiles = (service: Service): HostFile[] => [
  { path: `etc/systemd/system/${service.program}.service`, content: renderUnit(service) },
  { path: `opt/k8s/conf/${service.program}.env`, content: renderEnvironment(service) },
];

/** Unit name → unit file, for units of `services` and for further unit files. */
export const unitsOf = (
  services: readonly Service[],
  further: Readonly<Record<string, string>> = {},
): Map<string, string> =>
  new Map([
    ...services.map(({ program }) => [`${program}.service`, `/etc/systemd/system/${program}.service`] as const),
    ...Object.entries(further),
  ]);
