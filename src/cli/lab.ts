import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProvisionError } from '../errors.ts';
import { labDown } from '../lab/down.ts';
import { openLab } from '../lab/lab.ts';
import { labStatus } from '../lab/status.ts';
import { labUp } from '../lab/up.ts';

const usage = `lab up [--nodes N] [--bare] | down | status | ssh NAME [-- CMD] | stop NAME | start NAME | cut NAME | reboot NAME |
wipe NAME [--as-node] [--accept-new-key]`;

export const labFolder = (): string => join(process.cwd(), '.provision/lab');
export const labCacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'provision-lab');

/** The command `lab`; resolves to its exit code. */
export async function runLab(args: string[]): Promise<number> {
  const dashes = args.indexOf('--');
  const command = dashes < 0 ? [] : args.slice(dashes + 1);
  const { values, positionals } = parseArgs({
    args: dashes < 0 ? args : args.slice(0, dashes),
    allowPositionals: true,
    options: {
      nodes: { type: 'string', default: '2' },
      bare: { type: 'boolean', default: false },
      'as-node': { type: 'boolean', default: false },
      'accept-new-key': { type: 'boolean', default: false },
    },
  });
  const [verb = '', name = ''] = positionals;
  const folder = labFolder();
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  switch (verb) {
    case 'up': {
      const lab = await labUp({
        folder,
        cacheFolder: labCacheFolder(),
        nodes: Number(values.nodes),
        bare: values.bare,
        say,
      });
      say(`The lab is up: ${lab.inventoryPath}`);
      return 0;
    }
    case 'down':
      say((await labDown(folder)) ? 'The lab is gone' : 'There is no lab here');
      return 0;
    case 'status':
      for (const host of await labStatus(folder)) {
        const node = host.node && (host.node.isReady ? 'Ready' : `NotReady: ${host.node.message}`);
        say(`${host.name.padEnd(8)}${host.address.padEnd(15)}${host.isOn ? 'on ' : 'off'}  ${node ?? ''}`.trimEnd());
      }
      return 0;
    case 'ssh':
      return attach('ssh', [...openLab(folder).sshArguments(name), ...command]);
    case 'stop':
    case 'start':
    case 'cut':
    case 'reboot':
      await openLab(folder)[verb](name);
      return 0;
    case 'wipe':
      await openLab(folder).wipe(name, { asNode: values['as-node'], acceptNewKey: values['accept-new-key'] });
      return 0;
    default:
      throw new ProvisionError({ code: 'USAGE', kind: 'usage', what: `lab has no command "${verb}"`, fix: usage });
  }
}

/** Runs a program on this terminal. */
const attach = (program: string, args: readonly string[]): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 255));
  });
