import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ProvisionError } from '../errors.ts';
import { must } from './execute.ts';

/** Runs Go with these arguments and returns its standard output. */
export type Go = (...args: readonly string[]) => Promise<string>;

export interface GoOptions {
  /** Go's own folders are made below it, so that nothing of a build stays elsewhere. */
  readonly tree: string;
  readonly log: string;
  /** Where it runs; of no importance where a module is named in full. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The error for a machine that cannot build it, for that reason. */
  readonly impossible: (why: string) => ProvisionError;
}

export const neededGo = '1.25';

/** The Go of this machine, at low priority. */
export async function openGo({ tree, log, folder, environment, impossible }: GoOptions): Promise<Go> {
  const program = await findGo(impossible);
  const own = {
    GOPATH: join(tree, 'path'),
    GOBIN: join(tree, 'bin'),
    GOCACHE: join(tree, 'cache'),
    GOFLAGS: '-modcacherw',
    GOTOOLCHAIN: 'local',
    ...environment,
  };
  return (...args) =>
    must('nice', ['-n', '10', program, ...args], {
      environment: own,
      log,
      ...(folder !== undefined && { folder }),
    }).catch((cause) => {
      throw cause instanceof ProvisionError ? impossible(`${cause.what}\n${cause.why ?? ''}`) : cause;
    });
}

/** The path of a Go that is new enough. */
async function findGo(impossible: (why: string) => ProvisionError): Promise<string> {
  const look =
    'PATH=$PATH:/usr/local/go/bin; go=$(command -v go) && echo "$go" && GOTOOLCHAIN=local "$go" env GOVERSION';
  const { stdout } = await promisify(execFile)('sh', ['-c', look]).catch(() => ({ stdout: '' }));
  const [program = '', version = ''] = stdout.split('\n');
  const found = /^go(\d+)\.(\d+)/.exec(version);
  if (found === null) throw impossible('there is no Go on PATH nor in /usr/local/go/bin');
  const [, minor = 0] = neededGo.split('.').map(Number);
  if (Number(found[1]) === 1 && Number(found[2]) < minor) throw impossible(`${program} is ${version}`);
  return program;
}
