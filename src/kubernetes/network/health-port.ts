import { ProvisionError } from '../../errors.ts';

export interface ListenersOfHost {
  readonly host: string;
  /** TCP ports of 127.0.0.1 where something listens. */
  readonly listening: ReadonlySet<number>;
  /** The command line of our flanneld; empty where it does not run. */
  readonly flanneld: readonly string[];
}

/** Refuses hosts where something else listens at the port where flanneld is to say that it is well. */
export function checkHealthPort(port: number, hosts: readonly ListenersOfHost[]): ProvisionError[] {
  const taken = hosts.filter(
    ({ listening, flanneld }) => listening.has(port) && !flanneld.includes(`-healthz-port=${port}`),
  );
  return taken.map(
    ({ host }) =>
      new ProvisionError({
        code: 'HEALTH_PORT_TAKEN',
        kind: 'operation',
        what: `${host}: TCP port ${port}, where flanneld is to say that it is well, is taken`,
        why: 'flanneld ends where it cannot listen there',
        fix: `Set network.flannel.health_port to a free port, or find out what listens with \`ss -ltnp "sport = :${port}"\`.`,
      }),
  );
}
